"""Which workspaces an MLflow has."""

import json

from registry.exceptions import RegistryError
from registry.transport import Transport
from registry.workspaces import canonical_workspace

_PATH = "/api/3.0/mlflow/workspaces"
_SWITCHED_OFF = (404, 501, 503)
"""How an MLflow answers that has none: it does not know the route, or says that it is switched off (3.17: 503)."""


def listed(transport: Transport) -> list[str]:
    """Returns the workspaces, see `RegistryClient.list_workspaces`."""
    status, body = transport.ask(_PATH)
    if status in _SWITCHED_OFF:
        return []
    if status != 200:
        raise RegistryError(f"MLflow did not list its workspaces ({status}).")
    try:
        found = json.loads(body).get("workspaces", [])
        return sorted({canonical_workspace(str(each["name"])) for each in found})
    except (ValueError, AttributeError, TypeError, KeyError) as error:
        raise RegistryError("MLflow's list of workspaces cannot be read.") from error
