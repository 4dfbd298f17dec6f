"""Addresses of MLflow's own screens, relative to the origin that it is served from.

Its pages take the workspace from a query behind the hash; without one they show the workspace that was open last.
"""

from urllib.parse import quote, urlencode

from registry.types import Family, family_of, name_in_family


def mlflow_model(name: str, *, is_prompt: bool = False, workspace: str = "") -> str:
    """Returns the path of the screen of a registered model, prompt, skill or MCP server in MLflow."""
    match family_of(name):
        case Family.SKILL:
            return _screen(f"skills/{quote(name_in_family(name), safe='')}", workspace)
        case Family.SERVER:
            return _screen(f"mcp-registry/{quote(name_in_family(name), safe='')}", workspace)
    return _screen(f"{'prompts' if is_prompt else 'models'}/{quote(name, safe='')}", workspace)


def mlflow_version(name: str, version: str, *, is_prompt: bool = False, workspace: str = "") -> str:
    """Returns the path of a version's screen in MLflow; all but models have one screen for all of their versions."""
    if is_prompt or family_of(name) is not Family.MODEL:
        return mlflow_model(name, is_prompt=True, workspace=workspace)
    return _screen(f"models/{quote(name, safe='')}/versions/{quote(version, safe='')}", workspace)


def mlflow_run(experiment_id: str, run_id: str, *, workspace: str = "") -> str:
    """Returns the path of a run's screen in MLflow."""
    return _screen(f"experiments/{quote(experiment_id, safe='')}/runs/{quote(run_id, safe='')}", workspace)


def mlflow_logged_model(experiment_id: str, model_id: str, *, workspace: str = "") -> str:
    """Returns the path of a logged model's screen in MLflow."""
    return _screen(f"experiments/{quote(experiment_id, safe='')}/models/{quote(model_id, safe='')}", workspace)


def _screen(route: str, workspace: str) -> str:
    query = f"?{urlencode({'workspace': workspace})}" if workspace else ""
    return f"/#/{route}{query}"
