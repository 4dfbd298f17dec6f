"""Method and target of a call, as exactly as the WSGI server hands them over."""

import re
from urllib.parse import quote, unquote_to_bytes

from proxy.exceptions import MalformedCall, MethodRefused

WIRE_PATH = "checkpoint.wire_path"
"""The environ key of PATH_INFO as the server gave it. Django overwrites its own with another reading of it, in which a
byte that is not UTF-8 and the text of its percent-encoding look the same."""

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
"""What MLflow uses, in the only spelling that HTTP knows."""

_SAFE = "/:@!$&'()*+,;=-._~"
_NEEDS_NO_QUOTING = re.compile(r"[A-Za-z0-9/:@!$&'()*+,;=\-._~]*")
_NOT_IN_A_QUERY = re.compile(r"[\x00-\x20\x7f]")


def method(environ: dict[str, str]) -> str:
    """Returns the method as sent.

    Raises:
        MethodRefused: not one that MLflow uses; TRACE would show a caller the headers that we add.
    """
    found = environ["REQUEST_METHOD"]
    if found not in METHODS:
        raise MethodRefused(METHODS)
    return found


def path(environ: dict[str, str]) -> str:
    """Returns the percent-encoded path that is judged, sent and logged: one string for all three.

    Gunicorn gives the path as sent (RAW_URI). PEP 3333 asks only for the decoded one: that is encoded again, and
    `%2F` becomes the slash that MLflow, which routes on the decoded path, would have read anyway. What RAW_URI says
    counts only where it decodes to the path that Django routed, so that the two can never differ.
    """
    wire = environ.get(WIRE_PATH)
    plain = wire.encode("latin-1") if wire is not None else environ["PATH_INFO"].encode()
    raw = environ.get("RAW_URI", "").partition("?")[0]
    if raw.startswith("/") and raw.isascii() and unquote_to_bytes(raw) == plain:
        return raw
    return wire if wire is not None and _NEEDS_NO_QUOTING.fullmatch(wire) else quote(plain, safe=_SAFE)


def query(environ: dict[str, str]) -> str:
    """Returns the query as sent, without its question mark.

    Raises:
        MalformedCall: it holds a character that would end the request line.
    """
    found = environ.get("QUERY_STRING", "")
    if _NOT_IN_A_QUERY.search(found):
        raise MalformedCall("The query holds a character that must be percent-encoded.")
    return found
