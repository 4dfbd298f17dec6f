"""One file of two versions, and pictures of versions. What comes from a model is hostile: nothing of it runs here."""

from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from evidence.copies.finding import content_of, last_copy
from evidence.files.difference import LARGEST_BYTES, difference_of
from evidence.files.pictures import Unshowable, picture_of
from evidence.recent.facts import facts_of
from foundation.browsers import policies
from foundation.database.side_by_side import side_by_side
from promote_requests import links
from promote_requests.pages.http import Missing, PageRequest, lists_of
from registry import RegistryClient, screens
from registry.exceptions import RegistryError, RegistryNotFound
from registry.types import ModelVersion
from registry.workspaces import canonical_workspace

_ELSEWHERE = "The files of {name} version {version} lie where Checkpoint does not look."

Found = tuple[bytes | None, ModelVersion]
"""What a version has at a path, and the version as MLflow has it."""


@dataclass(frozen=True, slots=True)
class Side:
    """A version of which a file is shown.

    Attributes:
        content: What it has at the path; None for nothing.
        copied_at: When Checkpoint copied this picture, which MLflow does not have any more; None for what MLflow has.
        address: Of the picture, if it is one.
    """

    name: str
    version: str
    content: bytes | None
    address: str
    copied_at: datetime | None = None


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
        places = [(asked["model"], asked["version"])]
        if asked["with"]:
            places.append((asked["with_model"] or asked["model"], asked["with"]))
        new, *others = _sides(registry, places, asked["path"], workspace)
        old = others[0] if others else None
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
        "new_picture": new.address,
        "old_picture": old.address if old else "",
        "copies": [side for side in (old, new) if side is not None and side.copied_at is not None],
        "mlflow": screens.mlflow_version(new.name, new.version, is_prompt=False, workspace=workspace),
        "back": links.comparison_path((new.name, new.version), (old.name, old.version), workspace) if old else "",
    }
    return render(request, "promote_requests/file.html", context)


@require_safe
def picture(request: PageRequest) -> HttpResponse:
    """Sends a picture of a version, if it is one that a browser may show."""
    workspace = canonical_workspace(request.GET.get("workspace", ""))
    name, version, path = (request.GET.get(key, "") for key in ("model", "version", "path"))
    try:
        found = _read(lists_of(workspace).registry, workspace, name, version, path)[0]
    except RegistryNotFound as failure:
        raise Missing(failure.message) from None
    except RegistryError as failure:
        return HttpResponse(failure.message, content_type="text/plain; charset=utf-8", status=failure.status)
    return _sent(found)


@require_safe
def picture_copy(request: PageRequest, digest: str) -> HttpResponse:
    """Sends a copy that Checkpoint kept of a picture."""
    return _sent(content_of(digest))


def _sent(content: bytes | None) -> HttpResponse:
    """Sends a picture; its type is told by its first bytes, never by what anybody calls it."""
    try:
        found = picture_of(content) if content is not None else None
    except Unshowable as reason:
        raise Missing(str(reason)) from None
    if content is None or found is None:
        raise Missing("There is no picture at this address.")
    response = HttpResponse(content, content_type=found.media_type)
    response.headers["Content-Security-Policy"] = policies.CONTAINED
    response.headers["Cache-Control"] = "private, max-age=60"
    return response


def _sides(registry: RegistryClient, places: list[tuple[str, str]], path: str, workspace: str) -> list[Side]:
    """Returns what MLflow has in each version, or else the copy that Checkpoint kept of the picture."""
    answers = side_by_side([partial(_answer, registry, workspace, name, version, path) for name, version in places])
    return [_side(*place, path, workspace, answer) for place, answer in zip(places, answers, strict=True)]


def _answer(registry: RegistryClient, workspace: str, name: str, version: str, path: str) -> Found | RegistryNotFound:
    try:
        return _read(registry, workspace, name, version, path)
    except RegistryNotFound as missing:
        return missing


def _side(name: str, version: str, path: str, workspace: str, answer: Found | RegistryNotFound) -> Side:
    if isinstance(answer, RegistryNotFound):
        if (kept := _kept(name, version, path, workspace)) is None:
            raise answer
        return kept
    content, known = answer
    side = Side(name, version, content, links.picture_path(name, version, path, workspace))
    return side if content is not None else _kept(name, version, path, workspace, known) or side


def _kept(name: str, version: str, path: str, workspace: str, known: ModelVersion | None = None) -> Side | None:
    copy = last_copy(workspace, name, version, path, known=known)
    content = content_of(copy.digest) if copy is not None else None
    if copy is None or content is None:
        return None
    return Side(name, version, content, links.picture_copy_path(copy.digest), copy.taken_at)


def _read(registry: RegistryClient, workspace: str, name: str, version: str, path: str) -> Found:
    facts = facts_of(registry, name, version, workspace=workspace, recent=True)
    if facts.unplaced_source:
        # MLflow would fetch whatever the source names, an address in the inner network too.
        raise RegistryNotFound(_ELSEWHERE.format(name=name, version=version))
    return registry.read_file(name, version, path, limit=LARGEST_BYTES), facts.version


def _called(new: Side, old: Side | None) -> str:
    called = f"{new.name} version {new.version}"
    return called if old is None else f"{called} and {old.name} version {old.version}"
