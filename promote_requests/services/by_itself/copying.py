"""Keeps copies of the pictures of whatever is judged: taken when a request is opened, for challenger and champion."""

import logging
from datetime import datetime, timedelta

from django.db.models import Q
from django.utils import timezone

from evidence.copies.taking import take
from evidence.models import PictureLook
from foundation.exceptions import CheckpointError
from promote_requests.choices import Status
from promote_requests.models import PromoteRequest
from registry import get_registry
from registry.targets import TargetKind
from registry.types import Family, family_of

Place = tuple[str, str, str]
"""Workspace, model and version."""

TRIED_FOR = timedelta(days=1)
"""How long after its decision a request's versions are still looked at, where no worker did so before."""

logger = logging.getLogger(__name__)


def awaited() -> list[Place]:
    """Returns the versions that requests compare and whose pictures nobody copied since those were opened.

    Until a request is opened nothing keeps the files from changing, so that earlier copies may be of others.
    """
    opened: dict[Place, datetime] = {}
    lately = Q(status__in=(Status.PROMOTED, Status.CLOSED), updated_at__gte=timezone.now() - TRIED_FOR)
    asked = PromoteRequest.objects.filter(Q(status__in=(Status.OPEN, Status.PROMOTING)) | lately, is_prompt=False)
    for workspace, name, version, kind, target, champion, opened_at in asked.order_by("pk").values_list(
        "workspace", "model_name", "version", "target_kind", "target_name", "champion_version", "opened_at"
    ):
        if family_of(name) is not Family.MODEL:
            continue  # a skill or an MCP server: what it says is among its facts
        places = [(workspace, name, version)]
        if champion is not None:
            places.append((workspace, target if kind == TargetKind.MODEL else name, champion))
        for place in places:
            opened[place] = max(opened_at, opened.get(place, opened_at))
    if not opened:
        return []
    taken: dict[Place, datetime] = {}
    looks = PictureLook.objects.filter(taken_at__gte=min(opened.values())).order_by("pk")
    for workspace, name, version, taken_at in looks.values_list("workspace", "model_name", "version", "taken_at"):
        taken[workspace, name, version] = taken_at
    return [place for place, since in opened.items() if place not in taken or taken[place] < since]


def copy_awaited() -> None:
    """Copies the pictures of every version that is awaited, for a worker; what cannot be read is tried again later."""
    for workspace, name, version in awaited():
        try:
            take(get_registry(workspace), workspace=workspace, name=name, version=version)
        except CheckpointError as failure:
            logger.info("No pictures of %s version %s were copied: %s", name, version, failure.message)
