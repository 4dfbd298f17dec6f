"""MLflow's workspaces: names that are unique per workspace only. Pure."""

import re

from foundation.exceptions import InvalidInput

_MLFLOW_DEFAULT = "default"
_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")
_LONGEST = 256


def canonical_workspace(name: str) -> str:
    """Returns the one name of a workspace in Checkpoint: "" for MLflow's default one, its own name for any other.

    MLflow (3.17.2, `server/workspace_helpers.py`) strips the header `X-MLFLOW-WORKSPACE` and takes a call without it
    for one to `default`; a server without workspaces refuses the header. So the default workspace has no name here, and
    every door calls this before it stores, looks up or compares anything.
    """
    stripped = name.strip()
    return "" if stripped == _MLFLOW_DEFAULT else stripped


def require_workspace(name: str) -> None:
    """Lets a name pass that a workspace may have, whether MLflow has workspaces or not.

    MLflow's own are lower-case letters, digits and hyphens (3.17.2, `store/workspace/abstract_store.py`); a provider
    of somebody else's may allow capitals, underscores and full stops.

    Raises:
        InvalidInput: no workspace can be called so.
    """
    if name and not (len(name) <= _LONGEST and _NAME.fullmatch(name)):
        raise InvalidInput(
            "A workspace's name has only letters and digits, and hyphens, underscores and full stops between them.",
            field="workspace",
        )
