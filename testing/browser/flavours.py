"""Trains and registers small models of four flavours: `python flavours.py MLFLOW_ADDRESS MODEL_NAME`.

A program of its own, as people's training is: MLflow keeps the run that is active, the model that was logged last and
much else in the process. Versions of MODEL_NAME, in the order of `VERSIONS`; of MODEL_NAME-prod three copies, of the
first version, of the one without a run, and of the first copy; of MODEL_NAME-prompt four texts.
"""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import mlflow
import mlflow.sklearn
import mlflow.xgboost
import numpy
import pandas
import xgboost
from mlflow import MlflowClient
from mlflow.models import ModelSignature, infer_signature
from mlflow.types import ColSpec, DataType, ParamSchema, ParamSpec, Schema
from mlflow.types.schema import Array, Map, Object, Property
from sklearn.linear_model import LogisticRegression

_CODE = """import mlflow
from flavours_words import WORDS


class Chosen(mlflow.pyfunc.PythonModel):
    def predict(self, context, model_input, params=None):
        return [WORDS[0] for _ in model_input]


mlflow.models.set_model(Chosen())
"""
_REPOSITORY = "https://code.example.org/risk/models.git"


def table(rows: int, *, last: str = "visits") -> pandas.DataFrame:
    """Returns customers: two numbers, a whole number, and whether they left."""
    at = numpy.arange(rows)
    return pandas.DataFrame({"age": 20.0 + at, "income": 1000.5 * (at % 7), last: at % 5, "left": at % 2})


def run_of(name: str, *, commit: str = "") -> mlflow.ActiveRun:
    """Begins a run that says where it comes from, within another one if that is open."""
    tags = {"team": f"of {name}"}
    if commit:
        tags |= {"mlflow.source.git.commit": commit, "mlflow.source.git.repoURL": _REPOSITORY}
    return mlflow.start_run(run_name=name, tags=tags, nested=True)


def measured(data: pandas.DataFrame, name: str, values: dict[str, float]) -> None:
    """Logs the data that a run trained on, data that it was tried on, and what came of it."""
    mlflow.log_input(mlflow.data.from_pandas(data, name="customers"), context="training")
    holdout = mlflow.data.from_pandas(data[:7], name=name)
    mlflow.log_input(holdout, context="testing")
    mlflow.log_metrics(values, dataset=holdout)


def sklearn_first(name: str) -> None:
    """A classifier of scikit-learn, with whatever a careful person logs."""
    data = table(40)
    inputs = data.drop(columns="left")
    with run_of("logistic", commit="0123456789abcdef0123456789abcdef01234567"):
        mlflow.log_params({"C": "1.0", "solver": "lbfgs", "features": '{"age": true, "income": true}'})
        for step, value in enumerate((0.7, 0.5, 0.45)):
            mlflow.log_metric("log_loss", value, step=step)
        mlflow.log_metric("rows", 40)
        measured(data, "holdout", {"accuracy": 0.8125, "auc": 1 / 3, "tiny_mae": 1.5e-12})
        model = LogisticRegression().fit(inputs, data["left"])
        mlflow.sklearn.log_model(
            model,
            name="model",
            registered_model_name=name,
            signature=infer_signature(inputs, model.predict(inputs)),
            serialization_format="cloudpickle",
            pip_requirements=["scikit-learn==1.9.0", "pandas>=2,<4", "cloudpickle==3.1.1"],
        )


def sklearn_next(name: str) -> None:
    """The next one: a column renamed, another package, other data, a metric less and one more."""
    data = table(48, last="orders")
    inputs = data.drop(columns="left")
    with run_of("logistic again", commit="fedcba9876543210fedcba9876543210fedcba98"):
        mlflow.log_params({"C": "0.5", "solver": "lbfgs", "features": '{"age": true, "income": false}', "l1": "0"})
        for step, value in enumerate((0.6, 0.4)):
            mlflow.log_metric("log_loss", value, step=step)
        mlflow.log_metric("rows", 48)
        measured(data, "holdout", {"accuracy": 0.8750000001, "auc": float("nan"), "recall": 0.5})
        model = LogisticRegression(C=0.5).fit(inputs, data["left"])
        mlflow.sklearn.log_model(
            model,
            name="model",
            registered_model_name=name,
            signature=infer_signature(inputs, model.predict_proba(inputs)),
            serialization_format="cloudpickle",
            pip_requirements=["scikit-learn==1.9.1", "cloudpickle==3.1.0", "numpy"],
        )


def boosted(name: str) -> None:
    """A booster of XGBoost of a run within another, with an example of its input."""
    data = table(30)
    inputs = data.drop(columns="left").astype("float32")
    with run_of("search"), run_of("boosted"):
        mlflow.log_params({"eta": "0.3", "max_depth": "2"})
        measured(data, "elsewhere", {"accuracy": 0.75, "auc": float("inf")})
        booster = xgboost.train(
            {"max_depth": 2, "objective": "binary:logistic", "nthread": 1},
            xgboost.DMatrix(inputs, data["left"]),
            num_boost_round=2,
        )
        mlflow.xgboost.log_model(
            booster,
            name="model",
            registered_model_name=name,
            input_example=inputs[:2],
            signature=infer_signature(inputs, numpy.zeros((2, 1), dtype="float32")),
            pip_requirements=["xgboost-cpu==3.2.0", "scikit-learn==1.9.1"],
            model_format="json",
        )


def code(name: str) -> None:
    """A function that is code, with a module of its own, an artifact, nested types and parameters."""
    question = Schema(
        [
            ColSpec(Array(DataType.string), "words"),
            ColSpec(Object([Property("street", DataType.string), Property("no", DataType.long, required=False)]), "at"),
            ColSpec(Map(DataType.double), "weights", required=False),
        ]
    )
    settings = ParamSchema(
        [ParamSpec("top_k", DataType.long, 3), ParamSpec("stops", DataType.string, ["a", "b"], shape=(-1,))]
    )
    with TemporaryDirectory() as folder, run_of("from code"):
        (Path(folder) / "chosen.py").write_text(_CODE)
        sys.path.append(folder)  # as in a project, where the code is beside the script
        (Path(folder) / "flavours_words.py").write_text("WORDS = ['yes', 'no']\n")
        (Path(folder) / "words é.txt").write_text("yes\nno\n", encoding="utf-8")
        mlflow.log_metric("accuracy", 0.5)
        mlflow.pyfunc.log_model(
            name="model",
            python_model=str(Path(folder) / "chosen.py"),
            code_paths=[str(Path(folder) / "flavours_words.py")],
            artifacts={"words": str(Path(folder) / "words é.txt")},
            signature=ModelSignature(question, Schema([ColSpec(DataType.string, "word")]), settings),
            registered_model_name=name,
            pip_requirements=["mlflow", "requests[socks]>=2.30; python_version >= '3.9'"],
        )


def without_a_run(name: str) -> None:
    """A logged model that no run made; one evaluated it later, and the version names none."""
    data = table(20)
    inputs = data.drop(columns="left")
    logged = mlflow.sklearn.log_model(
        LogisticRegression().fit(inputs, data["left"]),
        name="alone",
        signature=infer_signature(inputs),
        serialization_format="cloudpickle",
        pip_requirements=["scikit-learn==1.9.1"],
        params={"C": "1.0", "made": "by hand"},
    )
    with mlflow.start_run(run_name="evaluation"):
        holdout = mlflow.data.from_pandas(data, name="late holdout")
        mlflow.log_metric("accuracy", 0.9, model_id=logged.model_id, dataset=holdout)
    mlflow.register_model(f"models:/{logged.model_id}", name)


def nothing(name: str) -> None:
    """A version of an empty run: no metric, no parameter, no file."""
    with mlflow.start_run(run_name="empty") as run:
        pass
    MlflowClient().create_model_version(name, f"{run.info.artifact_uri}/model", run_id=run.info.run_id)


def of_nowhere(name: str) -> None:
    """A version that names neither run nor logged model, and a place at which nothing is."""
    MlflowClient().create_model_version(name, "s3://nowhere/at/all")


def of_a_deleted_run(name: str) -> None:
    """A version whose run was deleted since."""
    data = table(24)
    inputs = data.drop(columns="left")
    with run_of("deleted") as run:
        mlflow.log_param("C", "2.0")
        measured(data, "holdout", {"accuracy": 0.625})
        mlflow.sklearn.log_model(
            LogisticRegression(C=2).fit(inputs, data["left"]),
            name="model",
            registered_model_name=name,
            signature=infer_signature(inputs),
            serialization_format="cloudpickle",
            pip_requirements=["scikit-learn==1.9.1"],
        )
    MlflowClient().delete_run(run.info.run_id)


VERSIONS = (sklearn_first, sklearn_next, boosted, code, without_a_run, nothing, of_nowhere, of_a_deleted_run)


def copies(name: str) -> None:
    """Copies versions into another registered model, as `Promote model` does; the last is a copy of a copy."""
    client, number = MlflowClient(), {case: str(at) for at, case in enumerate(VERSIONS, start=1)}
    for source in (f"{name}/{number[sklearn_first]}", f"{name}/{number[without_a_run]}", f"{name}-prod/1"):
        client.copy_model_version(f"models:/{source}", f"{name}-prod")


def prompts(name: str) -> None:
    """Registers texts: two that differ in words and settings, and two of messages."""
    register = mlflow.genai.register_prompt
    register(f"{name}-prompt", "Say {{what}} to {{whom}} kindly.", commit_message="first")
    register(
        f"{name}-prompt",
        "Say {{what}} to {{name}} briefly.",
        commit_message="second",
        model_config={"model_name": "small", "temperature": 0.25},
        response_format={"type": "object", "properties": {"word": {"type": "string"}}},
    )
    brief = {"role": "system", "content": "Be brief."}
    for number, asked in (("third", "Say {{what}}."), ("fourth", "Say {{what}} to me.")):
        chat = [brief, {"role": "user", "content": asked}]
        register(f"{name}-prompt", chat, commit_message=number, tags={"team": f"words {number}"})


if __name__ == "__main__":
    address, model = sys.argv[1:]
    mlflow.set_tracking_uri(address)
    mlflow.set_experiment(model)
    for case in VERSIONS:
        case(model)
    copies(model)
    prompts(model)
