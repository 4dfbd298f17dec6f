"""One file of two versions, and pictures of versions. What comes from a model is hostile: nothing of it runs here."""

from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from evidence.files.difference import LARGEST_BYTES, difference_of
from evidence.files.pictures import Unshowable, picture_of
from foundation.browsers import policies
from promote_requests import links
from promote_requests.pages.http import Missing, PageRequest, lists_of
from registry import RegistryClient, screens
from registry.exceptions import RegistryError, RegistryNotFound
from registry.workspaces import canonical_workspace

_ELSEWHERE = "The files of {name} version {version} lie where Checkpoint does not look."


@dataclass(frozen=True, slots=True)
class Side:
    """A version of which a file is shown, and what it has at the path: None for nothing."""

    name: str
    version: str
    content: bytes | None


@require_safe
def compare_file(request: PageRequest) -> HttpResponse:
    """Shows what differs in one file of two versions, or the file of one version."""
    workspace = canonical_workspace(request.GET.get("workspace", ""))
    asked = {name: request.GET.get(name, "") for name in ("model", "version", "with_model", "with", "path")}
    if not (asked["model"] and asked["version"] and asked["path"]):
        raise Missing("The address names no file: come from a comparison.")
    registry = lists_of(workspace).registry
    context: dict[str, Any] = {"asked": asked, "workspace": workspace, "path": asked["path"]}
    try:
        new = _side(registry, asked["model"], asked["version"], asked["path"])
        beside = asked["with_model"] or asked["model"]
        old = _side(registry, beside, asked["with"], asked["path"]) if asked["with"] else None
    except RegistryNotFound as failure:
        raise Missing(failure.message) from None
    except RegistryError as failure:
        return render(request, "promote_requests/file.html", {**context, "failure": failure}, status=failure.status)
    if new.content is None and (old is None or old.content is None):
        raise Missing(f"There is no file {asked['path']} in {_called(new, old)}.")
    context |= {
        "new": new,
        "old": old,
        "found": difference_of(asked["path"], new.content, old.content if old else None),
        "new_picture": links.picture_path(new.name, new.version, asked["path"], workspace),
        "old_picture": links.picture_path(old.name, old.version, asked["path"], workspace) if old else "",
        "mlflow": screens.mlflow_version(new.name, new.version, is_prompt=False, workspace=workspace),
        "back": links.comparison_path((new.name, new.version), (old.name, old.version), workspace) if old else "",
    }
    return render(request, "promote_requests/file.html", context)


@require_safe
def picture(request: PageRequest) -> HttpResponse:
    """Sends a picture of a version, if it is one that a browser may show; its type is told by its first bytes."""
    workspace = canonical_workspace(request.GET.get("workspace", ""))
    name, version, path = (request.GET.get(key, "") for key in ("model", "version", "path"))
    try:
        content = _side(lists_of(workspace).registry, name, version, path).content
        found = picture_of(content) if content is not None else None
    except RegistryNotFound as failure:
        raise Missing(failure.message) from None
    except RegistryError as failure:
        return HttpResponse(failure.message, content_type="text/plain; charset=utf-8", status=failure.status)
    except Unshowable as reason:
        raise Missing(str(reason)) from None
    if content is None or found is None:
        raise Missing("There is no picture at this address.")
    response = HttpResponse(content, content_type=found.media_type)
    response.headers["Content-Security-Policy"] = policies.CONTAINED
    response.headers["Cache-Control"] = "private, max-age=60"
    return response


def _side(registry: RegistryClient, name: str, version: str, path: str) -> Side:
    facts = registry.get_facts(name, version)
    if facts.unplaced_source:
        # MLflow would fetch whatever the source names, an address in the inner network too.
        raise RegistryNotFound(_ELSEWHERE.format(name=name, version=version))
    return Side(name, version, registry.read_file(name, version, path, limit=LARGEST_BYTES))


def _called(new: Side, old: Side | None) -> str:
    called = f"{new.name} version {new.version}"
    return called if old is None else f"{called} and {old.name} version {old.version}"
