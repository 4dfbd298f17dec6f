"""Addresses of MLflow's own screens, relative to the origin that it is served from."""

from urllib.parse import quote


def mlflow_model(name: str, *, is_prompt: bool = False) -> str:
    """Returns the path of a registered model's or prompt's screen in MLflow."""
    return f"/#/{'prompts' if is_prompt else 'models'}/{quote(name, safe='')}"


def mlflow_version(name: str, version: str, *, is_prompt: bool = False) -> str:
    """Returns the path of a version's screen in MLflow; a prompt has one screen for all of its versions."""
    if is_prompt:
        return mlflow_model(name, is_prompt=True)
    return f"{mlflow_model(name)}/versions/{quote(version, safe='')}"


def mlflow_run(experiment_id: str, run_id: str) -> str:
    """Returns the path of a run's screen in MLflow."""
    return f"/#/experiments/{quote(experiment_id, safe='')}/runs/{quote(run_id, safe='')}"


def mlflow_logged_model(experiment_id: str, model_id: str) -> str:
    """Returns the path of a logged model's screen in MLflow."""
    return f"/#/experiments/{quote(experiment_id, safe='')}/models/{quote(model_id, safe='')}"
