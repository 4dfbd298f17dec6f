"""Reads files of versions, by the route that shows them on MLflow's own page of a version."""

from urllib.parse import urlencode

from registry.exceptions import RegistryError
from registry.transport import Transport


def read(transport: Transport, name: str, version: str, path: str, *, limit: int) -> bytes | None:
    """Returns a file, see `RegistryClient.read_file`."""
    query = urlencode({"name": name, "version": version, "path": path})
    status, content = transport.ask(f"/model-versions/get-artifact?{query}", limit=limit)
    if status in (400, 404):
        return None
    if status != 200:
        raise RegistryError(f"MLflow did not show a file of the version ({status}).")
    return content
