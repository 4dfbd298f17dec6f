"""MLflow's workspaces: names that are unique per workspace only. Pure."""

_MLFLOW_DEFAULT = "default"


def canonical_workspace(name: str) -> str:
    """Returns the one name under which a workspace is known here: "" for MLflow's default one, else as it is called.

    MLflow (3.17.2, `server/workspace_helpers.py`) strips the header `X-MLFLOW-WORKSPACE` and takes a call without it
    for one to `default`; a server without workspaces refuses the header. So the default workspace is the one that is
    not named, and every door says so before anything is stored, looked up or compared.
    """
    stripped = name.strip()
    return "" if stripped == _MLFLOW_DEFAULT else stripped
