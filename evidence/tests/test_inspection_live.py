"""The built-in check against a real MLflow: models of two flavours, as MLflow logs them."""

import logging
import re
import uuid
import warnings

import mlflow
import numpy as np
import pandas as pd
import pytest
from mlflow.models import infer_signature
from sklearn.linear_model import LinearRegression

from evidence.inspection.findings import Outcome
from evidence.inspection.looking import findings_of, look
from registry.mlflow import connect

pytestmark = [pytest.mark.mlflow, pytest.mark.sockets, pytest.mark.django_db]


def echo():
    """Returns a model that answers with what it is given."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # MLflow wishes for type hints

        class Echo(mlflow.pyfunc.PythonModel):
            def predict(self, context, model_input, params=None):
                return model_input

    return Echo()


@pytest.fixture
def logged(mlflow_server, settings, tmp_path):
    """Logs and registers a model at the running MLflow, and looks at it."""
    settings.CHECKPOINT_REGISTRY_URL = mlflow_server
    settings.CHECKPOINT_REGISTRY_MEMORY = "registry.memory.of_this_process"
    logging.getLogger("mlflow").setLevel(logging.ERROR)
    before = mlflow.get_tracking_uri()
    mlflow.set_tracking_uri(mlflow_server)

    def log(flavor, **model):
        name = f"inspected-{uuid.uuid4().hex[:8]}"
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            flavor.log_model(name="model", registered_model_name=name, pip_requirements=["mlflow"], **model)
        made = look(connect(), workspace="", name=name, version="1")
        return made, {finding.code: finding for finding in findings_of(made)}

    yield log
    mlflow.set_tracking_uri(before)


TABLE = pd.DataFrame({"a": [1.0, 2.5], "b": [0.5, 1.5]})


def test_a_model_of_scikit_learn_is_in_order(logged):
    fitted = LinearRegression().fit(TABLE, [1.0, 2.0])
    made, findings = logged(
        mlflow.sklearn, sk_model=fitted, input_example=TABLE, signature=infer_signature(TABLE, np.array([1.0]))
    )
    assert made.outcome == Outcome.PASSED, findings
    assert {finding.outcome for finding in findings.values()} == {Outcome.PASSED}, findings
    assert "sklearn" in findings["mlmodel"].sentence
    assert re.search(r"conda\.yaml, python_env\.yaml, requirements\.txt", findings["environment"].sentence)


def test_a_python_function_with_an_artifact_and_code_is_in_order(logged, tmp_path):
    (tmp_path / "words.txt").write_text("a")
    (tmp_path / "own.py").write_text("x = 1\n")
    made, findings = logged(
        mlflow.pyfunc,
        python_model=echo(),
        artifacts={"words": str(tmp_path / "words.txt")},
        code_paths=[str(tmp_path / "own.py")],
        input_example=TABLE,
        signature=infer_signature(TABLE, TABLE),
    )
    assert made.outcome == Outcome.PASSED, findings
    assert findings["input_example"].outcome == Outcome.PASSED
    assert "more" in findings["files"].sentence
