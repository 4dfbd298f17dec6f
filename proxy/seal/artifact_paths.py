"""Tells which stored artifact a path means to MLflow. Pure.

MLflow (3.17.2, `utils/uri.py`: `validate_path_is_safe`, `_decode`) decodes an artifact's path until it stops changing,
and drops what `urllib` ignores in a URL. Two texts that it stores in one place must be one key here: with two keys for
one place, one of them would evade the seal.
"""

import posixpath
import unicodedata
from urllib.parse import unquote, urlparse, urlsplit, urlunparse

from proxy.paths import DATA_PREFIXES, decodings
from registry.places import NO_STORAGE

_DECODINGS = 16  # MLflow gives up after ten
_IGNORED = str.maketrans("", "", "\t\r\n")
_IGNORED_IN_FRONT = "".join(map(chr, range(0x21)))
_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyz0123456789/_-")
_ROUTE = "/mlflow-artifacts/"
_KINDS = ("artifacts/", "presigned/", "mpu/create/", "mpu/complete/", "mpu/abort/")
_SERVED = "/mlflow-artifacts/artifacts/"


def stored_at(path: str, workspace: str = "") -> str | None:
    """Returns the key of an artifact: its place below the server's artifact root, "" for the root itself.

    None for a `file:` URL: MLflow takes a part of that for the path, and which one depends on the slashes and on its
    version of Python. `file:////x` is the root itself.

    Case and Unicode's composed forms are ignored, as some file systems do.

    Args:
        path: As in a URL or a query, encoded any number of times or not at all.
        workspace: Canonical. MLflow puts the path of a named one below `workspaces/<name>/` unless it is there already.
    """
    for _ in range(_DECODINGS):
        decoded = _decoded(path)
        if decoded[:5].lower() == "file:":
            return None
        if decoded == path:
            break
        path = decoded
    level = path.lower() if path.isascii() else unicodedata.normalize("NFC", path).casefold()
    key = posixpath.normpath(level).strip("/")
    key = "" if key == "." else key
    if not workspace:
        return key
    prefix = f"workspaces/{workspace}"
    return key if f"{key}/".startswith(f"{prefix}/") else f"{prefix}/{key}".rstrip("/")


def reaches_other_workspaces(path: str, key: str) -> bool:
    """Tells whether a path of the default workspace names another's place below `workspaces/`, or a folder above it.

    MLflow refuses a path that begins with `workspaces/`, but not `workspaces` alone, the root, or an encoded path.

    Args:
        path: As in `named_in`, not decoded.
        key: From `stored_at` for it.
    """
    if key in {"", "workspaces"}:
        return True
    return key.startswith("workspaces/") and not path.startswith("workspaces/")


def stored_below(location: str, workspace: str = "") -> str | None:
    """Returns the key of a location that MLflow serves itself; None for any other, which no call to MLflow reaches.

    Args:
        location: `mlflow-artifacts:/1/<run>/artifacts`, with or without a host, or the address of MLflow's own route.
        workspace: The run's or logged model's, canonical.
    """
    try:
        parts = urlsplit(location)
    except ValueError:  # no URI at all
        return None
    if parts.scheme == "mlflow-artifacts":
        return stored_at(parts.path.lstrip("/"), workspace)
    if parts.scheme in {"http", "https"}:
        served = next((reading for reading in decodings(parts.path) if _SERVED in reading), None)
        return stored_at(served.partition(_SERVED)[2], workspace) if served else None
    return None


def may_be_stored_at(location: str, workspace: str = "") -> list[str]:
    """Returns the keys that a location may have if it is in the storage behind MLflow, whose root is not known here.

    `s3://bucket/root/1/<run>/artifacts` is what MLflow itself serves as `1/<run>/artifacts` when its artifacts'
    destination is `s3://bucket/root`. The root is not known, so every end of the path counts. A number alone does not:
    that would be everything of an experiment.

    Args:
        location: As in `stored_below`.
        workspace: The run's or logged model's, canonical.
    """
    try:
        parts = urlsplit(location)
    except ValueError:
        return []
    if parts.scheme in NO_STORAGE or not parts.path.startswith("/"):
        return []
    names = parts.path.strip("/").split("/")
    ends = ["/".join(names[start:]) for start in range(len(names))]
    return [key for end in ends if end and not end.isdecimal() and (key := stored_at(end, workspace))]


def keys_of(location: str, workspace: str = "") -> list[str]:
    """Returns every key that a location has or may have, the one that tells most of it first.

    See `stored_below` and `may_be_stored_at`.
    """
    served = stored_below(location, workspace)
    return [*([served] if served else []), *may_be_stored_at(location, workspace)]


def named_in(path: str) -> list[str]:
    """Returns the artifact paths that a call below `mlflow-artifacts/` may name, still encoded.

    That is one path for MLflow's routes as they are. For a route with a prefix, an encoded one, or one of a later
    MLflow, it is every path that could be meant.

    Args:
        path: As sent; one for which `paths.path_fault` says nothing.
    """
    prefix = next((prefix for prefix in DATA_PREFIXES if path.startswith(prefix)), None)
    if prefix is not None:
        return _after_kind(path[len(prefix) :])
    found = []
    for reading in decodings(path):
        folded = reading.lower()
        position = folded.find(_ROUTE)
        while position >= 0:
            found += _after_kind(folded[position + len(_ROUTE) :])
            position = folded.find(_ROUTE, position + 1)
    return found


def _after_kind(rest: str) -> list[str]:
    known = next((rest[len(kind) :] for kind in _KINDS if rest.startswith(kind)), None)
    if known is not None:
        return [known]
    tails = [rest]
    while len(tails) < 3:
        tails.append(unquote(tails[-1]).partition("/")[2])
    return tails


def _decoded(path: str) -> str:
    if _PLAIN.issuperset(path):
        return path
    decoded = unquote(path).translate(_IGNORED).lstrip(_IGNORED_IN_FRONT)
    try:
        parts = urlparse(decoded)
    except ValueError:  # MLflow cannot read it either
        return decoded
    return urlunparse(parts)
