"""Addresses of Checkpoint's pages and of MLflow's, relative and absolute."""

from urllib.parse import quote, urlencode

from django.conf import settings
from django.urls import reverse

from promote_requests.choices import RequestAction
from promote_requests.targets import Target


def absolute(path: str) -> str:
    """Returns the full public address of a path."""
    return f"{settings.CHECKPOINT_PUBLIC_URL}{path}"


def form_path(
    *,
    model_name: str,
    version: str = "",
    target: Target | None = None,
    action: RequestAction = RequestAction.SET,
    workspace: str = "",
    archive_existing_versions: bool | None = None,
) -> str:
    """Returns the path of the new-request form, filled in as far as the values are known."""
    values = {"model": model_name}
    if version:
        values["version"] = version
    if target is not None:
        values["target"] = str(target)
    if action != RequestAction.SET:
        values["action"] = str(action)
    if workspace:
        values["workspace"] = workspace
    if archive_existing_versions is not None:
        values["archive_existing_versions"] = "1" if archive_existing_versions else "0"
    return f"{reverse('promote_requests:new')}?{urlencode(values)}"


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
