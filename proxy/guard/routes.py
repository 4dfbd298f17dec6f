"""What a call to MLflow is: passed on, sealed, guarded, or forbidden. Pure; `proxy/README.md` says the tables in words.

Written from MLflow 3.17.2's route table, which `tests/test_route_table.py` walks. A path is judged by where the
words `registered-models` and `model-versions` stand in it, not by the prefix in front of them: `/api/` and
`/ajax-api/`, any version, `preview` and any static prefix are all the same to the guard.
"""

import re
from dataclasses import dataclass
from enum import StrEnum

from proxy.paths import DATA_PREFIXES, decodings, path_fault

__all__ = [
    "INDIRECT_CALLS",
    "READING_POSTS",
    "REGISTRY_CALLS",
    "Route",
    "Traffic",
    "classify",
    "names_the_api",
    "path_fault",
]


class Traffic(StrEnum):
    """What becomes of a call."""

    PASS = "pass"  # noqa: S105 - not a password
    SEALED = "sealed"
    GUARDED = "guarded"
    FORBIDDEN = "forbidden"


@dataclass(frozen=True, slots=True)
class Route:
    """What a call is.

    Attributes:
        operation: What is sealed, guarded or forbidden, for example `transition-stage`; empty for what passes.
        is_read: Whether it changes nothing, so that an anonymous reader may make it.
    """

    traffic: Traffic
    operation: str
    is_read: bool


READ_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_WRITE_METHODS = ("PUT", "POST", "PATCH", "DELETE")

REGISTRY_CALLS: dict[tuple[str, str], str] = {
    ("POST", "model-versions/transition-stage"): "transition-stage",
    ("POST", "model-versions/create"): "create-version",
    ("PATCH", "model-versions/update"): "update-version",
    ("DELETE", "model-versions/delete"): "delete-version",
    ("POST", "model-versions/set-tag"): "set-version-tag",
    ("DELETE", "model-versions/delete-tag"): "delete-version-tag",
    ("POST", "registered-models/create"): "create-model",
    ("POST", "registered-models/rename"): "rename-model",
    ("PATCH", "registered-models/update"): "update-model",
    ("DELETE", "registered-models/delete"): "delete-model",
    ("POST", "registered-models/set-tag"): "set-model-tag",
    ("DELETE", "registered-models/delete-tag"): "delete-model-tag",
    ("POST", "registered-models/alias"): "set-alias",
    ("DELETE", "registered-models/alias"): "delete-alias",
}
"""(method, path below the version) -> operation. Any other write below these two words is forbidden."""

READING_POSTS = frozenset(
    {
        "experiments/search",
        "experiments/search-datasets",
        "runs/search",
        "logged-models/search",
        "datasets/search",
        "registered-models/get-latest-versions",
        "artifacts/presigned-download-url",
        "traces/search",
        "traces/metrics",
        "traces/batchGetInfos",
        "traces/calculate-filter-correlation",
        "issues/search",
        "prompt-optimization/jobs/search",
        "ui-telemetry",
    }
)
"""POSTs below `/mlflow/` that change nothing."""

INDIRECT_CALLS: tuple[tuple[str, re.Pattern[str], Traffic, str], ...] = (
    # The server itself would delete the models of a workspace, or move them to another one.
    ("DELETE", re.compile(r"/mlflow/workspaces/[^/]+\Z"), Traffic.GUARDED, "delete-workspace"),
    # A job of the server's registers the optimised prompt as a new version.
    ("POST", re.compile(r"/mlflow/prompt-optimization/jobs\Z"), Traffic.GUARDED, "optimize-prompt"),
    # What is set here MLflow's gateway calls, with a body of the caller's choice.
    ("POST", re.compile(r"/gateway/secrets/(?:create|update)/?\Z"), Traffic.GUARDED, "gateway-secret"),
    # The same job by its internal name, and whatever other function MLflow adds.
    ("POST", re.compile(r"/(?:ajax-)?api/[^/]+/jobs/?\Z"), Traffic.FORBIDDEN, "submit-job"),
    # Sets and deletes the alias `production` of prompts of its own, behind the guard's back.
    ("POST", re.compile(r"/mlflow/demo(?:/|\Z)"), Traffic.FORBIDDEN, "demo"),
    # Runs tools on MLflow's host, which reach the registry without passing here.
    ("POST", re.compile(r"/mlflow/assistant(?:/|\Z)"), Traffic.FORBIDDEN, "assistant"),
    ("PUT", re.compile(r"/mlflow/assistant(?:/|\Z)"), Traffic.FORBIDDEN, "assistant"),
    ("PATCH", re.compile(r"/mlflow/assistant(?:/|\Z)"), Traffic.FORBIDDEN, "assistant"),
)
"""Calls outside the registry's routes whose handlers change the registry, or can be made to."""

SEALED_CALLS: tuple[tuple[str, re.Pattern[str], Traffic, str], ...] = (
    # What the address names is enough to judge these (of a job, MLflow says more), so a body streams through.
    *((method, re.compile(r"/mlflow-artifacts/"), Traffic.SEALED, "change-artifact") for method in _WRITE_METHODS),
    ("POST", re.compile(r"/mlflow/upload-artifact/?\Z"), Traffic.SEALED, "upload-artifact"),
    ("DELETE", re.compile(r"/mlflow/logged-models/[^/]+/?\Z"), Traffic.SEALED, "delete-logged-model"),
    # Its run goes with it.
    ("DELETE", re.compile(r"/mlflow/prompt-optimization/jobs/[^/]+/?\Z"), Traffic.SEALED, "delete-job"),
    # These name it in the body.
    ("POST", re.compile(r"/mlflow/artifacts/presigned-upload-url/?\Z"), Traffic.GUARDED, "presign-upload"),
    ("POST", re.compile(r"/mlflow/runs/delete/?\Z"), Traffic.GUARDED, "delete-run"),
    ("POST", re.compile(r"/mlflow/experiments/delete/?\Z"), Traffic.GUARDED, "delete-experiment"),
)
"""Calls that change what a version is made of: refused for a version that holds a protected target."""

_PASS_READ = Route(Traffic.PASS, "", True)
_PASS_WRITE = Route(Traffic.PASS, "", False)
_UNKNOWN_REGISTRY_WRITE = Route(Traffic.FORBIDDEN, "unknown-registry-write", False)
_GUARDED = {operation: Route(Traffic.GUARDED, operation, False) for operation in REGISTRY_CALLS.values()}
_CHANGE_ARTIFACT = Route(Traffic.SEALED, "change-artifact", False)
_OTHERS: dict[str, list[tuple[re.Pattern[str], Route]]] = {}
for _method, _pattern, _traffic, _operation in INDIRECT_CALLS + SEALED_CALLS:
    _OTHERS.setdefault(_method, []).append((_pattern, Route(_traffic, _operation, False)))
_SEVERITY = {Traffic.PASS: 0, Traffic.SEALED: 1, Traffic.GUARDED: 2, Traffic.FORBIDDEN: 3}

_REGISTRY = re.compile(r"/((?:registered-models|model-versions)(?=/|\Z).*)", re.DOTALL)
_END = re.compile(r"[?#]")
_API = re.compile(
    r"/(?:registered-models|model-versions|mlflow-artifacts|ajax-api|api/\d\.\d)|(?<!/gateway)/mlflow(?:/|\Z)"
)
_READING_POST = re.compile(r"/(?:ajax-)?api/[^/]+/mlflow/(.+)\Z")
_READING_POSTS_FOLDED = frozenset(path.casefold() for path in READING_POSTS)


def classify(method: str, path: str) -> Route:
    """Tells what a call is; of several readings of an encoded path, the strictest.

    Args:
        method: As sent, in upper case.
        path: Without the query, encoded or not; one for which `paths.path_fault` says nothing.
    """
    if path.startswith(DATA_PREFIXES):
        return _PASS_READ if method in READ_METHODS else _CHANGE_ARTIFACT
    if "%" not in path:
        return _classify_plain(method, path)
    plain = decodings(path)
    # What MLflow's gateway is to call is decoded and read as an address once more, where these end the path.
    plain += [_END.split(reading, maxsplit=1)[0] for reading in plain if _END.search(reading)]
    readings = [_classify_plain(method, reading) for reading in plain]
    strictest = max(readings, key=lambda route: _SEVERITY[route.traffic])
    if strictest.traffic == Traffic.PASS and not all(route.is_read for route in readings):
        return _PASS_WRITE
    return strictest


def _classify_plain(method: str, path: str) -> Route:
    if method in READ_METHODS:
        return _PASS_READ
    folded = path.casefold()
    registry = _REGISTRY.search(folded)
    if registry:
        below = registry.group(1)
        if method == "POST" and below in _READING_POSTS_FOLDED:
            return _PASS_READ
        operation = REGISTRY_CALLS.get((method, below))
        return _GUARDED[operation] if operation else _UNKNOWN_REGISTRY_WRITE
    for pattern, route in _OTHERS.get(method, ()):
        if pattern.search(folded):
            return route
    return _PASS_READ if method == "POST" and _is_reading_post(folded) else _PASS_WRITE


def _is_reading_post(folded: str) -> bool:
    if "/gateway/" in folded:  # its paths end in what another server is to get
        return False
    if folded.endswith(("/graphql", "/jobs/search")):
        return True
    found = _READING_POST.search(folded)
    return found is not None and found.group(1) in _READING_POSTS_FOLDED


def names_the_api(text: str) -> bool:
    """Tells whether a part of an address, encoded or not, leads below MLflow's API.

    `classify` judges what the gateway is to call by the path that the caller sends. What comes before that path is set
    elsewhere, and must hold none of the words that it goes by.
    """
    return any(_API.search(f"/{reading.casefold()}") for reading in decodings(text))
