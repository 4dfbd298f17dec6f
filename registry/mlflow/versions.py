"""Which version an MLflow says that it has."""

import re

from registry.transport import Transport

_VERSION = re.compile(r"(\d+)\.(\d+)[\w.+-]{0,40}")


def server_version(transport: Transport) -> str:
    """Returns the version, see `RegistryClient.server_version`."""
    status, body = transport.ask("/version")
    said = body.decode("ascii", "replace").strip()
    return said if status == 200 and _VERSION.fullmatch(said) else ""


def is_older(version: str, minor: tuple[int, int]) -> bool:
    """Says whether a version is known to come before a minor one, for example before (3, 18)."""
    found = _VERSION.fullmatch(version)
    return found is not None and (int(found[1]), int(found[2])) < minor
