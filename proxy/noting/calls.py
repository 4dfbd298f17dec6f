"""Which calls are recorded once MLflow has answered them, and what of them."""

import json
import logging
from typing import Any

from django.db import transaction
from django.utils import timezone

from accounts.identity.callers import Caller
from audit.holding import sightings
from audit.making import answers, recording, waiting
from audit.making.models import Kind
from audit.making.waiting import Created
from evidence.directions import overrides
from proxy.guard.routes import Route
from proxy.noting.answers import Note
from registry import get_registry
from registry.exceptions import RegistryError
from registry.targets import Target, TargetKind
from registry.types import ModelVersion
from registry.workspaces import canonical_workspace

logger = logging.getLogger(__name__)


def of_passed(route: Route, caller: Caller) -> Note | None:
    """Returns how it is recorded who created a run or logged model; None for all other calls, and for nobody."""
    if not route.makes or caller.user_id is None:
        return None
    kind, user_id = Kind(route.makes), caller.user_id

    def write(content: bytes) -> None:
        thing = answers.read_thing(kind, content)
        if thing is not None:
            waiting.note(Created(thing, user_id, caller.username, timezone.now(), caller.owner_id))

    return Note(write, waits=False)


def of_guarded(route: Route, body: bytes | None, caller: Caller, workspace: str) -> Note | None:
    """Returns what is recorded of a change to the registry that the guard let pass; None for most.

    Args:
        route: The call's.
        body: The message that goes to MLflow, as the guard wrote it.
        caller: Who calls; who registers a version without credentials stays unknown.
        workspace: As sent.
    """
    place = canonical_workspace(workspace)
    asked = body or b"{}"
    match route.operation:
        case "create-version" if caller.user_id is not None:
            user_id = caller.user_id
            return Note(lambda content: _register(content, asked, place, user_id, caller))
        case "rename-model":
            return Note(lambda _: _rename(_message(asked), place))
        case "set-alias" | "delete-alias":
            return Note(lambda _: _alias(_message(asked), place, is_set=route.operation == "set-alias"))
        case "update-version":
            return Note(lambda content: _edited(content, place))
    return None


def _register(content: bytes, asked: bytes, workspace: str, user_id: int, caller: Caller) -> None:
    version = answers.read_version(content, asked)
    if version is None:
        logger.warning("MLflow's answer names no version, so who registered it is not recorded.")
        return
    original = _original(version, workspace)
    recording.record_version(
        version,
        workspace=workspace,
        user_id=user_id,
        name=caller.username,
        owner_id=caller.owner_id,
        original=original,
    )


def _original(version: answers.Version, workspace: str) -> ModelVersion | None:
    """Returns what a copy was made from, as MLflow has it now; a number alone may have been used twice."""
    if version.original is None:
        return None
    try:
        return get_registry(workspace).get_version(*version.original)
    except RegistryError as error:
        logger.info("The original of a copy could not be looked up, so its makers are unknown: %s", error.message)
        return None


def _rename(message: dict[str, Any], workspace: str) -> None:
    former, present = message["name"], message["new_name"]
    if former == present:
        return
    with transaction.atomic():
        recording.rename(workspace, former, present)
        sightings.rename(workspace, former, present)
        overrides.rename(workspace, former, present)


def _alias(message: dict[str, Any], workspace: str, *, is_set: bool) -> None:
    target = Target(TargetKind.ALIAS, message["alias"])
    if is_set:
        sightings.begin(workspace, message["name"], message["version"], target)
    else:
        sightings.end(workspace, message["name"], target)


def _edited(content: bytes, workspace: str) -> None:
    version = answers.read_edited(content)
    if version is not None:
        sightings.edited(workspace, *version)


def _message(asked: bytes) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(asked)
    return found
