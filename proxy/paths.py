"""Tells which paths are refused before they are routed. Pure.

Two servers read every path: this one, to decide, and MLflow, to act. A path that they could read differently (RFC 3986
section 6.2.2) is refused instead of repaired, so that both route the same string.
"""

import re
from urllib.parse import unquote, unquote_to_bytes

DATA_PREFIXES = ("/api/2.0/mlflow-artifacts/", "/ajax-api/2.0/mlflow-artifacts/")
"""Literal beginnings of paths below which the caller chooses every name, so that no word in it has a meaning."""

_DECODINGS = 3
_WORTH_A_LOOK = re.compile(r"[^\w!$&'()*+,\-./:=@~]|//|/\.{1,2}(?:/|\Z)", re.ASCII)
_DOT_SEGMENT = re.compile(r"/\.{1,2}(?:/|\Z)")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_NOT_IN_A_PATH = re.compile(r"[^\x21-\x7e]|[?#]")


def path_fault(path: str) -> str:
    """Returns the sentence that says why a path is refused with 400; "" if it is not.

    Each check is made on the path as sent and after decoding it once, twice and three times.

    Args:
        path: As it goes upstream: percent-encoded, without the query.
    """
    if not path.startswith("/"):
        return "The path must begin with a slash."
    if not _WORTH_A_LOOK.search(path):
        return ""
    if _NOT_IN_A_PATH.search(path):
        return "The path holds a character that must be percent-encoded."
    try:
        unquote_to_bytes(path).decode("utf-8")
    except UnicodeDecodeError:
        return "The path is not UTF-8."
    is_data = path.startswith(DATA_PREFIXES)
    return next((fault for reading in decodings(path) if (fault := _plain_fault(reading, is_data=is_data))), "")


def decodings(path: str) -> list[str]:
    """Returns the path as sent and after each decoding that changes it, at most three."""
    readings = [path]
    for _ in range(_DECODINGS):
        decoded = unquote(readings[-1], errors="replace")
        if decoded == readings[-1]:
            break
        readings.append(decoded)
    return readings


def _plain_fault(path: str, *, is_data: bool) -> str:
    if _DOT_SEGMENT.search(path):
        return "The path holds a dot segment."
    if "//" in path:
        return "The path holds a doubled slash."
    if "\\" in path:
        return "The path holds a backslash."
    if _CONTROL.search(path):
        return "The path holds a control character."
    if ";" in path and not is_data:
        return "The path holds a matrix parameter."
    return ""
