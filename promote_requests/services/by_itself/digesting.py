"""Which versions' files are digested: those of whatever is asked for or was promoted."""

import logging
from collections.abc import Iterable

from django.db.models import Q

from evidence.digests import taking
from evidence.models import Manifest
from foundation.exceptions import CheckpointError
from promote_requests.choices import Status
from promote_requests.models import PromoteRequest
from registry import get_registry
from registry.targets import TargetKind
from registry.types import Family, family_of

Place = tuple[str, str, str]
"""Workspace, model and version."""

logger = logging.getLogger(__name__)


def places() -> Iterable[Place]:
    """Returns (workspace, model, version) of whatever is asked for or was promoted, copies included, each once."""
    asked = PromoteRequest.objects.filter(~Q(status=Status.CLOSED), is_prompt=False)
    rows = asked.order_by("pk").values_list(
        "workspace", "model_name", "version", "target_kind", "target_name", "promoted_version"
    )
    places: dict[Place, None] = {}
    for workspace, name, version, kind, target_name, promoted_version in rows:
        if family_of(name) is not Family.MODEL:
            continue  # a skill or an MCP server: what it says is among its facts
        places[workspace, name, version] = None
        if kind == TargetKind.MODEL and promoted_version:
            places[workspace, target_name, promoted_version] = None
    return places


def take_missing() -> None:
    """Takes the digests that nobody has taken, one version after the other; what cannot be read is tried again later.

    A version that was registered anew under an old number is left to `manage.py digest`, which asks MLflow for each.
    """
    finished = Manifest.objects.filter(finished_at__isnull=False)
    known = set(finished.values_list("workspace", "model_name", "version"))
    for workspace, name, version in places():
        if (workspace, name, version) in known:
            continue
        try:
            taking.take(get_registry(workspace), workspace=workspace, name=name, version=version)
        except CheckpointError as failure:
            logger.info("No digests of %s version %s: %s", name, version, failure.message)
