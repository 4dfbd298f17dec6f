"""Trains nothing, and logs metrics the ways people do: `python training.py MLFLOW_ADDRESS MODEL_NAME`.

Each case becomes the next version of the model. A program of its own, as people's training is: MLflow keeps the run
that is active, the model that was logged last and much else in the process.
"""

import sys
from collections.abc import Callable

import mlflow
import pandas
from mlflow import MlflowClient
from mlflow.pyfunc import PythonModel


class Echo(PythonModel):
    """A model that answers what it is asked; without type hints, which MLflow would want to be of its own kind."""

    def predict(self, context, model_input):
        """Returns the question."""
        return model_input


def log_model(name: str, **options: int) -> str:
    """Logs and registers the model, and returns the id of the logged model."""
    logged = mlflow.pyfunc.log_model(
        name="model", python_model=Echo(), registered_model_name=name, pip_requirements=["mlflow"], **options
    )
    return str(logged.model_id)


def loss(epoch: int) -> float:
    """Returns a loss that falls from epoch to epoch."""
    return 1.15 * 0.957**epoch


def trained(epochs: int, **options: int) -> Callable[[str], None]:
    """Logs a value for each epoch, then the model."""

    def case(name: str) -> None:
        for epoch in range(epochs):
            mlflow.log_metric("val_loss", loss(epoch), step=epoch)
        log_model(name, **options)

    return case


def on_several_data_sets(name: str) -> None:
    """Evaluates the logged model on two data sets."""
    model_id = log_model(name)
    for dataset_name, value in (("train", 0.99), ("test", 0.7)):
        dataset = mlflow.data.from_pandas(pandas.DataFrame({"x": [value]}), name=dataset_name)
        mlflow.log_metric("f1", value, model_id=model_id, dataset=dataset)


def logged_again(name: str) -> None:
    """Logs the last epoch's value once more after the model, of which MLflow then knows as well."""
    trained(2, step=1)(name)
    mlflow.log_metric("val_loss", 0.25, step=1)


def logged_again_for_the_run(name: str) -> None:
    """The same by MLflow's client, which knows of no logged model."""
    trained(2, step=1)(name)
    MlflowClient().log_metric(mlflow.active_run().info.run_id, "val_loss", 0.25, step=1)


CASES = (
    trained(1),
    trained(2),
    trained(30),
    trained(1, step=0),
    trained(2, step=1),
    trained(30, step=29),
    on_several_data_sets,
    logged_again,
    logged_again_for_the_run,
)

if __name__ == "__main__":
    address, model = sys.argv[1:]
    mlflow.set_tracking_uri(address)
    mlflow.set_experiment(model)
    for case in CASES:
        with mlflow.start_run():
            case(model)
