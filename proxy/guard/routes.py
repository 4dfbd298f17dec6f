"""What a call to MLflow is: passed on, sealed, guarded, unknown, or forbidden. Pure; `README.md` says it in words.

Two questions are asked of a path. What would it change, in any reading of it that some server could make: the words of
`known_writes` are looked for wherever they stand, in any case, however often encoded, behind any prefix. And, where
that finds nothing: is it a write that a tested MLflow has, spelt as MLflow's router spells it? If not, it is unknown.
"""

import re
from dataclasses import dataclass

from proxy.guard.known_writes import TABLE, Traffic, Write
from proxy.paths import DATA_PREFIXES, decodings, path_fault

__all__ = [
    "READING_POSTS",
    "REGISTRY_CALLS",
    "Route",
    "Traffic",
    "classify",
    "names_the_api",
    "path_fault",
]


@dataclass(frozen=True, slots=True)
class Route:
    """What a call is.

    Attributes:
        operation: What is sealed, guarded or forbidden, for example `transition-stage`; empty for what passes.
        is_read: Whether it changes nothing, so that an anonymous reader may make it.
        makes: Of what passes: what it creates of which it is recorded who did; see `known_writes.Write`.
    """

    traffic: Traffic
    operation: str
    is_read: bool
    makes: str = ""


READ_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_REGISTRY_PATH = re.compile(r"mlflow/((?:registered-models|model-versions)(?:/|\Z).*)")

REGISTRY_CALLS: dict[tuple[str, str], str] = {
    (write.method, found[1]): write.operation
    for write in TABLE
    if write.traffic is Traffic.GUARDED and (found := _REGISTRY_PATH.fullmatch(write.path))
}
"""(method, path below `/mlflow/`) -> operation. Any other write below these two words is forbidden."""

READING_POSTS = frozenset(write.path for write in TABLE if write.is_read)
"""POSTs that change nothing, as `known_writes` spells them."""

_PASS_READ = Route(Traffic.PASS, "", True)
_PASS_WRITE = Route(Traffic.PASS, "", False)
_UNKNOWN = Route(Traffic.UNKNOWN, "unknown-write", False)
_UNKNOWN_REGISTRY_WRITE = Route(Traffic.FORBIDDEN, "unknown-registry-write", False)
_GATEWAY_LOOP = Route(Traffic.FORBIDDEN, "gateway-loop", False)
_CHANGE_ARTIFACT = Route(Traffic.SEALED, "change-artifact", False)
_SEVERITY = {Traffic.PASS: 0, Traffic.SEALED: 1, Traffic.GUARDED: 2, Traffic.UNKNOWN: 3, Traffic.FORBIDDEN: 4}

_API_ROOT = re.compile(r"/(?:ajax-)?api/[23]\.0/")
# MLflow's static prefix may stand in front of either, and is no caller's word: its gateway passes those on.
_SPLIT = re.compile(
    r"(?:/(?!gateway/)[\w.~-]+)*?(?:/(?:ajax-)?api/[23]\.0/(?P<below>.+)|(?P<rooted>/(?:gateway|v1|graphql)(?:/.+)?))",
    re.DOTALL,
)
_REGISTRY = re.compile(r"/((?:registered-models|model-versions)(?=/|\Z).*)", re.DOTALL)
_END = re.compile(r"[?#]")
_API = re.compile(
    r"/(?:registered-models|model-versions|mlflow-artifacts|ajax-api|api/\d\.\d)|(?<!/gateway)/mlflow(?:/|\Z)"
)
_RAW_GATEWAY = re.compile(r"/gateway/proxy/[^/]+(/.*)", re.DOTALL)


def _expression(path: str, *, is_forbidden: bool = False) -> str:
    """Returns a row's path as a regular expression: `*` is one segment, `**` one or more."""
    if is_forbidden and path.endswith("/**"):  # and the folder itself
        return f"{_expression(path.removesuffix('/**'))}(?:/.*)?"
    parts = [re.escape(part).replace(r"\*\*", ".+").replace(r"\*", "[^/]+") for part in path.split("/")]
    return "/".join(parts)


def _judged_expression(write: Write) -> re.Pattern[str]:
    """Returns where a row's words stand in a path, whatever is in front of them."""
    expression = _expression(write.path.casefold(), is_forbidden=write.traffic is Traffic.FORBIDDEN)
    roots = {"/": "", "m": "/"}  # a row from the server's root, and one that MLflow's own word begins
    root = roots.get(write.path[0], r"/(?:ajax-)?api/[^/]+/")
    return re.compile(rf"{root}{expression}/?\Z", re.DOTALL)


def _route(write: Write) -> Route:
    if write.makes:
        return Route(Traffic.PASS, "", False, write.makes)
    if write.traffic is Traffic.PASS:
        return _PASS_READ if write.is_read else _PASS_WRITE
    return Route(write.traffic, write.operation, False)


def _head(path: str) -> str:
    """Returns the first two segments of a path below the API's root: what `_Table` files its rows under."""
    return "/".join(path.strip("/").split("/", 2)[:2])


class _Table:
    """The rows of one method, in the forms in which paths are compared with them."""

    def __init__(self, method: str) -> None:
        rows = [write for write in TABLE if write.method == method]
        judged = [write for write in rows if write.traffic is not Traffic.PASS and write.operation not in _GUARDED]
        self._judged = [(_judged_expression(write), _route(write)) for write in judged]
        expressions = "|".join(pattern.pattern.removeprefix("/") for pattern, _ in self._judged)
        self._is_judged = re.compile(rf"/(?=mlflow|ajax-api/|api/|gateway/)(?:{expressions})", re.DOTALL)
        self._known: dict[str, list[tuple[re.Pattern[str], Route]]] = {}
        for write in rows:
            if write.traffic is Traffic.PASS:
                pattern = re.compile(f"{_expression(write.path)}/?", re.DOTALL)
                self._known.setdefault(_head(write.path), []).append((pattern, _route(write)))

    def judged(self, folded: str) -> list[Route]:
        """Returns what a reading of a path names that is judged."""
        if not self._is_judged.search(folded):
            return []
        return [route for pattern, route in self._judged if pattern.search(folded)]

    def known(self, path: str) -> Route:
        """Returns what a write is that nobody judges, by its path below the API's root or the server's."""
        rows = (*self._known.get(_head(path), ()), *self._known.get("gateway/*", ()))
        return next((route for pattern, route in rows if pattern.fullmatch(path)), _UNKNOWN)


_GUARDED = {operation: Route(Traffic.GUARDED, operation, False) for operation in REGISTRY_CALLS.values()}
_PLAIN = {(write.method, write.path): _route(write) for write in TABLE if "*" not in write.path}
_TABLES = {method: _Table(method) for method in ("POST", "PUT", "PATCH", "DELETE")}


def classify(method: str, path: str) -> Route:
    """Tells what a call is; of several readings of an encoded path, the strictest.

    Args:
        method: As sent, in upper case.
        path: Without the query, encoded or not; one for which `paths.path_fault` says nothing.
    """
    if path.startswith(DATA_PREFIXES):
        return _PASS_READ if method in READ_METHODS else _CHANGE_ARTIFACT
    if method in READ_METHODS:
        return _PASS_READ
    is_plain = "%" not in path
    root = _API_ROOT.match(path)
    if is_plain and root and (found := _PLAIN.get((method, path[root.end() :]))):
        return found
    return _judged(method, path) or _known(method, path, is_plain=is_plain)


def _judged(method: str, path: str) -> Route | None:
    """Returns the strictest of what a path names in any reading; None when it names nothing that is judged."""
    readings = decodings(path)
    # What MLflow's gateway is to call is decoded and read as an address once more, where these end the path.
    readings += [_END.split(reading, maxsplit=1)[0] for reading in readings if _END.search(reading)]
    found = [route for reading in readings if (route := _judged_plain(method, reading.casefold()))]
    return max(found, key=lambda route: _SEVERITY[route.traffic], default=None)


def _judged_plain(method: str, folded: str) -> Route | None:
    proxied = _RAW_GATEWAY.search(folded)
    if proxied and _API.search(proxied[1]):
        return _GATEWAY_LOOP
    registry = _REGISTRY.search(folded)
    if registry:
        below = registry[1]
        if method == "POST" and f"mlflow/{below}" in READING_POSTS:
            return None
        operation = REGISTRY_CALLS.get((method, below))
        return _GUARDED[operation] if operation else _UNKNOWN_REGISTRY_WRITE
    found = _TABLES[method].judged(folded) if method in _TABLES else []
    return max(found, key=lambda route: _SEVERITY[route.traffic], default=None)


def _known(method: str, path: str, *, is_plain: bool) -> Route:
    """Returns what a write that nobody judges is; MLflow's router reads its path decoded once."""
    parts = _SPLIT.fullmatch(path if is_plain else decodings(path)[1])
    if method not in _TABLES or parts is None:
        return _UNKNOWN
    route = _TABLES[method].known(parts["below"] or parts["rooted"])
    return _PASS_WRITE if route.is_read and not is_plain else route


def names_the_api(text: str) -> bool:
    """Tells whether a part of an address, encoded or not, leads below MLflow's API.

    `classify` judges what the gateway is to call by the path that the caller sends. What comes before that path is set
    elsewhere, and must hold none of the words that it goes by.
    """
    return any(_API.search(f"/{reading.casefold()}") for reading in decodings(text))
