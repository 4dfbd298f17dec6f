"""Compresses the JSON of MLflow's API for clients that accept it."""

import gzip

from proxy.transfer.http1 import Headers
from proxy.transfer.negotiation import accepted_codings, with_vary

SMALLEST_BYTES = 1024
LARGEST_BYTES = 1024 * 1024
"""Longer responses are streamed as they are, because compressing one needs all of it in memory."""

_LEVEL = 1  # 6 makes it a tenth smaller and takes three times as long
_NOT_TO_BE_TOUCHED = frozenset(
    {
        "content-encoding",
        "content-range",
        "content-disposition",  # a file: somebody's artifact, not a response of the API
        "content-md5",
        "digest",
        "content-digest",
        "repr-digest",
    }
)


def may_compress(path: str, status: int, headers: Headers, length: int | None) -> bool:
    """Tells whether a response is JSON of the API that may be compressed.

    Artifacts are passed on byte for byte.
    """
    if status != 200 or length is None or not SMALLEST_BYTES <= length <= LARGEST_BYTES:
        return False
    if not ("/api/" in path or "/ajax-api/" in path or path.endswith("/graphql")):
        return False
    if "artifact" in path and not path.endswith("/artifacts/list"):
        return False
    is_json = False
    for name, value in headers:
        lower = name.lower()
        if lower in _NOT_TO_BE_TOUCHED or (lower == "cache-control" and "no-transform" in value.lower()):
            return False
        if lower == "content-type":
            is_json = value.lower().startswith("application/json")
    return is_json


def compressed(headers: Headers, content: bytes, accept_encoding: str) -> tuple[Headers, bytes]:
    """Returns a response for which `may_compress` is true in the form for this client; its entity tag becomes weak."""
    headers = with_vary(headers, "Accept-Encoding")
    if "gzip" not in accepted_codings(accept_encoding):
        return headers, content
    made = gzip.compress(content, _LEVEL, mtime=0)
    if len(made) >= len(content):
        return headers, content
    found = []
    for name, value in headers:
        lower = name.lower()
        if lower == "content-length":
            value = str(len(made))
        elif lower == "etag" and not value.startswith("W/"):
            value = f"W/{value}"
        if lower != "accept-ranges":
            found.append((name, value))
    return [*found, ("Content-Encoding", "gzip")], made
