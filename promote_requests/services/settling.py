"""The end of a promotion: records what MLflow shows, right after the call or, if a crash cut the promotion off, later.

A promotion that a crash cut off is settled when somebody opens the request or acts on it, when a server starts, and by
`manage.py settle_promotions`. All of them ask MLflow who holds the target; none makes the call again.
"""

import logging
from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import ParamSpec, TypeVar

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from audit import trail
from audit.actors import Actor, Door
from audit.choices import AuditAction
from foundation.texts import storable_text
from promote_requests import sentences
from promote_requests.choices import Status
from promote_requests.models import PromoteRequest
from promote_requests.querysets import PromoteRequestQuerySet
from promote_requests.services import registry_writes
from promote_requests.services.locking import lock, move
from registry import RegistryClient, get_registry, patience
from registry.exceptions import RegistryError
from registry.proposals import Change
from registry.targets import TargetKind

P = ParamSpec("P")
R = TypeVar("R")

LONGEST_STEP = 20.0
"""Seconds that MLflow gets for each step of a promotion that has begun, however long the page has waited before."""
CUT_OFF_AFTER = timedelta(minutes=2)
"""A promotion that began earlier is not under way any more: it has three steps of at most `LONGEST_STEP` each."""
_PASSING_BY = 3.0
"""Seconds that somebody who opens a request with such a promotion waits for MLflow."""

logger = logging.getLogger(__name__)


def settle(promote_request: PromoteRequest) -> PromoteRequest:
    """Finishes a promotion that a crash cut off, by asking MLflow who holds the target; safe to repeat.

    Also writes the tags of a promotion whose tags MLflow would not take. Anything else is left as it is.

    Raises:
        RegistryError: MLflow cannot be asked, or shows that the promotion did not happen (the request is open again).
    """
    registry = get_registry(promote_request.workspace)
    if promote_request.status == Status.PROMOTED and promote_request.last_failure:
        return _tag(registry, promote_request)
    if promote_request.status != Status.PROMOTING:
        return promote_request
    return conclude(registry, promote_request, None, actor=Actor.checkpoint(Door.WORKER))


def unsettled(older_than: timedelta = CUT_OFF_AFTER) -> PromoteRequestQuerySet:
    """Returns the requests whose promotion is older than this and has not ended, or whose tags could not be written."""
    untagged = Q(status=Status.PROMOTED) & ~Q(last_failure="")
    began = timezone.now() - older_than
    return PromoteRequest.objects.filter(Q(status=Status.PROMOTING) | untagged, promoting_since__lte=began).order_by(
        "number"
    )


def settle_if_cut_off(promote_request: PromoteRequest) -> None:
    """Settles a promotion that was cut off, if MLflow answers soon, and reloads the request."""
    began = promote_request.promoting_since
    if promote_request.status != Status.PROMOTING or began is None or began > timezone.now() - CUT_OFF_AFTER:
        return
    try:
        with patience.at_most(_PASSING_BY):
            settle(promote_request)
    except RegistryError as error:
        logger.info("The promotion of request %s, which was cut off: %s", promote_request.pk, error.message)
    promote_request.refresh_from_db()


def settles_first(service: Callable[P, R]) -> Callable[P, R]:
    """Decorates a service that acts on a request, so that a promotion that was cut off does not make it refuse."""

    @wraps(service)
    def settling(*args: P.args, **kwargs: P.kwargs) -> R:
        settle_if_cut_off(kwargs["promote_request"])  # type: ignore[arg-type]
        return service(*args, **kwargs)

    return settling


def conclude(
    registry: RegistryClient,
    promote_request: PromoteRequest,
    failure: RegistryError | None,
    *,
    actor: Actor,
) -> PromoteRequest:
    """Asks MLflow what became of a promotion and records it: step 3.

    Raises:
        RegistryError: MLflow cannot be asked (nothing is written), or shows that the promotion did not happen.
    """
    try:
        version = registry_writes.result(registry, promote_request)
    except RegistryError as error:
        # No traceback, because this is logged whenever somebody opens the request while MLflow does not answer.
        logger.warning("Promotion of request %s is not settled: %s", promote_request.pk, error.message)
        raise failure or error from None
    if version is None:
        reason = failure.message if failure else "MLflow does not show the change: it was not made."
        record_failure(promote_request, reason, actor=actor)
        raise failure or RegistryError(reason)
    return _tag(registry, _record_success(promote_request, version, actor=actor))


def _record_success(promote_request: PromoteRequest, version: str, *, actor: Actor) -> PromoteRequest:
    """Records `promoted`, also if a `settle` took the attempt for failed while its call was under way."""
    with transaction.atomic():
        locked = lock(promote_request)
        same_attempt = locked.promoting_since == promote_request.promoting_since
        if locked.status not in (Status.PROMOTING, Status.OPEN) or not same_attempt:
            return locked
        before = locked.status
        move(
            locked,
            Status.PROMOTED,
            promoted_at=timezone.now(),
            promoted_by_id=promote_request.promoted_by_id,
            promoted_version=version if locked.target_kind == TargetKind.MODEL else "",
            last_failure="",
            challenger_evidence=promote_request.challenger_evidence,
            champion_evidence=promote_request.champion_evidence,
        )
        trail.record(
            AuditAction.PROMOTED,
            about=locked.about,
            from_status=before,
            to_status=Status.PROMOTED,
            actor=actor,
        )
    return locked


def record_failure(promote_request: PromoteRequest, reason: str, *, actor: Actor) -> None:
    """Opens the request again and records what went wrong, unless another attempt or a `settle` was faster."""
    with transaction.atomic():
        locked = lock(promote_request)
        same_attempt = locked.promoting_since == promote_request.promoting_since
        if locked.status != Status.PROMOTING or not same_attempt:
            return
        move(locked, Status.OPEN, last_failure=storable_text(reason), judged_by=None)
        trail.record(
            AuditAction.PROMOTION_FAILED,
            about=locked.about,
            from_status=Status.PROMOTING,
            to_status=Status.OPEN,
            reason=reason,
            actor=actor,
        )


def _tag(registry: RegistryClient, promote_request: PromoteRequest) -> PromoteRequest:
    """Writes Checkpoint's tags on the version; the promotion stands even if MLflow refuses them."""
    if promote_request.status != Status.PROMOTED or promote_request.change == Change.REMOVE:
        return promote_request
    try:
        registry_writes.write_tags(registry, promote_request)
        failure = ""
    except RegistryError as error:
        failure = sentences.tags_missing(error.message)
        logger.warning("Request %s: %s", promote_request.pk, failure)
    if failure != promote_request.last_failure:
        PromoteRequest.objects.filter(pk=promote_request.pk).update(last_failure=failure)
        promote_request.last_failure = failure
    return promote_request
