"""What an MLflow says of itself: its version, and where it keeps its data."""

import json
import re

from registry.transport import Transport

_VERSION = re.compile(r"(\d+)\.(\d+)[\w.+-]{0,40}")


def server_version(transport: Transport) -> str:
    """Returns the version, see `RegistryClient.server_version`."""
    status, body = transport.ask("/version")
    said = body.decode("ascii", "replace").strip()
    return said if status == 200 and _VERSION.fullmatch(said) else ""


def keeps_files(transport: Transport) -> bool:
    """Says whether MLflow says that it keeps its data in files, as it does only where it is told to."""
    status, body = transport.ask("/api/3.0/mlflow/server-info")
    try:
        return status == 200 and json.loads(body)["store_type"] == "FileStore"
    except (ValueError, TypeError, KeyError):
        return False


def is_older(version: str, minor: tuple[int, int]) -> bool:
    """Says whether a version is known to come before a minor one, for example before (3, 18)."""
    found = _VERSION.fullmatch(version)
    return found is not None and (int(found[1]), int(found[2])) < minor
