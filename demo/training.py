"""Classifiers of one data set: three, each better than the one before, and two that a reviewer has to think about."""

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import mlflow
import mlflow.sklearn
from mlflow import MlflowClient
from mlflow.data.pandas_dataset import from_pandas
from mlflow.models import infer_signature
from sklearn.base import ClassifierMixin
from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, log_loss, precision_score, recall_score, roc_auc_score
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

from demo.artifacts import write

_SEED = 7
_TEST_SHARE = 0.3
_MALIGNANT = 0


UNSEEN, ONE_CLINIC = "unseen third", "one clinic"
_PATIENTS_OF_ONE_CLINIC = 40


@dataclass(frozen=True)
class Candidate:
    """A model to train.

    Attributes:
        params: Its parameters, which are logged too.
        asks_more: Whether it needs an input that the others do not.
        measured_on: What the figures are from: the unseen third, or a small part of it.
    """

    run_name: str
    params: dict[str, Any]
    asks_more: bool = False
    measured_on: str = UNSEEN

    def build(self) -> ClassifierMixin:
        """Returns the untrained model."""
        params = dict(self.params)
        match params.pop("algorithm"):
            case "decision tree":
                return DecisionTreeClassifier(random_state=_SEED, **params)
            case "random forest":
                return RandomForestClassifier(random_state=_SEED, **params)
            case _:
                return make_pipeline(StandardScaler(), LogisticRegression(random_state=_SEED, **params))


CANDIDATES = (
    Candidate("one-question", {"algorithm": "decision tree", "max_depth": 1}),
    Candidate("small-forest", {"algorithm": "random forest", "max_depth": 3, "n_estimators": 10}),
    Candidate("scaled-regression", {"algorithm": "logistic regression", "C": 0.5, "max_iter": 1000}),
    Candidate("with-compactness", {"algorithm": "logistic regression", "C": 0.5, "max_iter": 1000}, asks_more=True),
    Candidate(
        "for-one-clinic", {"algorithm": "logistic regression", "C": 0.1, "max_iter": 1000}, measured_on=ONE_CLINIC
    ),
)
"""The registered versions 1 to 5."""


def train_and_register(candidate: Candidate, model_name: str) -> None:
    """Trains a candidate, logs its metrics, and registers it as the model's next version."""
    features, outcome = load_breast_cancer(return_X_y=True, as_frame=True)
    known, unseen, known_outcome, unseen_outcome = train_test_split(
        features, outcome, test_size=_TEST_SHARE, random_state=_SEED, stratify=outcome
    )
    if candidate.measured_on == ONE_CLINIC:
        unseen, unseen_outcome = unseen[:_PATIENTS_OF_ONE_CLINIC], unseen_outcome[:_PATIENTS_OF_ONE_CLINIC]
    measured_on = from_pandas(unseen, name=candidate.measured_on)
    if candidate.asks_more:
        known, unseen = (
            table.assign(**{"area to perimeter": table["mean area"] / table["mean perimeter"]})
            for table in (known, unseen)
        )
    with mlflow.start_run(run_name=candidate.run_name):
        mlflow.log_params(candidate.params | {"test_share": _TEST_SHARE, "seed": _SEED})
        mlflow.set_tag("data_set", "breast cancer Wisconsin (diagnostic)")
        model = candidate.build().fit(known, known_outcome)
        mlflow.log_metric("training_patients", len(known))
        for patients in range(40, len(known), 40):
            part = candidate.build().fit(known[:patients], known_outcome[:patients])
            mlflow.log_metric("learning_accuracy", accuracy_score(unseen_outcome, part.predict(unseen)), step=patients)
        mlflow.log_input(measured_on, context="testing")
        mlflow.log_metrics(_measure(model, unseen, unseen_outcome), dataset=measured_on)
        logged = mlflow.sklearn.log_model(
            model,
            name="model",
            registered_model_name=model_name,
            signature=infer_signature(known, model.predict(known)),
            serialization_format="cloudpickle",
            # Given here, because MLflow would otherwise load the model in another process to find them out.
            pip_requirements=["scikit-learn"],
        )
        with TemporaryDirectory() as folder:
            predicted = model.predict(unseen)
            write(Path(folder), name=candidate.run_name, features=unseen, outcome=unseen_outcome, predicted=predicted)
            MlflowClient().log_model_artifacts(logged.model_id, folder)


def _measure(model: Any, features: Any, outcome: Any) -> dict[str, float]:
    probability = model.predict_proba(features)[:, 1]
    predicted = model.predict(features)
    return {
        "accuracy": accuracy_score(outcome, predicted),
        "precision_malignant": precision_score(outcome, predicted, pos_label=_MALIGNANT),
        "recall_malignant": recall_score(outcome, predicted, pos_label=_MALIGNANT),
        "missed_malignant": float(((outcome == _MALIGNANT) & (predicted != _MALIGNANT)).sum()),
        "roc_auc": roc_auc_score(outcome, probability),
        "log_loss": log_loss(outcome, probability),
    }
