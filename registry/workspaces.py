"""MLflow's workspaces: names that are unique per workspace only. Pure."""

import re

from foundation.exceptions import InvalidInput

_MLFLOW_DEFAULT = "default"


def canonical_workspace(name: str) -> str:
    """Returns the one name of a workspace in Checkpoint: "" for MLflow's default one, its own name for any other.

    MLflow (3.17.2, `server/workspace_helpers.py`) strips the header `X-MLFLOW-WORKSPACE` and takes a call without it
    for one to `default`; a server without workspaces refuses the header. So the default workspace has no name here, and
    every door calls this before it stores, looks up or compares anything.
    """
    stripped = name.strip()
    return "" if stripped == _MLFLOW_DEFAULT else stripped


def require_workspace(name: str) -> None:
    """Lets a name pass that can be sent in a header.

    Raises:
        InvalidInput: no workspace can be called so.
    """
    if not re.fullmatch(r"[\x21-\x7e]{0,256}", name):
        raise InvalidInput("A workspace's name has only letters, digits and punctuation.", field="workspace")
