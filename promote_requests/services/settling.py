"""The end of a promotion: records what MLflow shows, right after the call or, if that told nothing, later.

MLflow may make a change after Checkpoint stopped waiting for its answer, or after a crash cut the promotion off. Until
that is out of the question the request stays `promoting`. It is settled when somebody opens the request or acts on it,
by a running server from time to time, and by `manage.py settle_promotions`. All of them ask MLflow who holds the
target; none makes the call again.
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
from promote_requests.services.by_itself import noting
from promote_requests.services.locking import lock, move
from promote_requests.services.moves.holders import note_holder
from promote_requests.services.moves.queue import tell_of_new_holder
from registry import RegistryClient, get_registry, patience
from registry.exceptions import RegistryError, RegistryTimeout
from registry.proposals import Change
from registry.targets import TargetKind

P = ParamSpec("P")
R = TypeVar("R")

LONGEST_STEP = 20.0
"""Seconds that MLflow gets for each step of a promotion that has begun, however long the page has waited before."""
CUT_OFF_AFTER = timedelta(minutes=2)
"""A promotion that began earlier is not under way any more: it has three steps of at most `LONGEST_STEP` each."""
MAY_LAND_WITHIN = timedelta(minutes=15)
"""A change that MLflow does not show by then was not made: no server works on a call for so long."""
_AT_ONCE = timedelta(seconds=2)
"""Who promotes writes the tags within this time, unless that would take long."""
_PASSING_BY = 3.0
"""Seconds that somebody who opens a request with such a promotion waits for MLflow."""
_OF_THE_ATTEMPT = (
    "promoted_by_id",
    "approved_by",
    "judged_by",
    "is_bypassed",
    "is_fast_track",
    "round",
    "opened_at",
    "champion_version",
    "challenger_stage",
    "evidence_fingerprint",
    "evidence_digest",
    "unplaced_source",
    "gate_results",
    "makers",
    "held_since",
    "inspection_id",
    "title_edited_in",
    "description_edited_in",
    "answers_changed_in",
)
"""Columns that say who promotes, by whose approval of which texts, under which rules and on which facts."""

logger = logging.getLogger(__name__)


def settle(promote_request: PromoteRequest, *, give_up: bool = False) -> PromoteRequest:
    """Finishes a promotion that told nothing of its end, by asking MLflow who holds the target; safe to repeat.

    Also writes the tags of a promotion whose tags MLflow would not take. Anything else is left as it is.

    Args:
        promote_request: Any request.
        give_up: Whether to take what MLflow does not show for not made, though it may still come.

    Raises:
        RegistryError: MLflow cannot be asked, or does not show the change. Then the request is open again, or, while
            the change may still come, goes on `promoting`.
    """
    registry = get_registry(promote_request.workspace)
    if promote_request.status == Status.PROMOTED and promote_request.tags_are_due:
        return _tag(registry, promote_request)
    if promote_request.status != Status.PROMOTING:
        return promote_request
    return conclude(registry, promote_request, None, actor=Actor.checkpoint(Door.WORKER), give_up=give_up)


def unsettled(older_than: timedelta = CUT_OFF_AFTER) -> PromoteRequestQuerySet:
    """Returns the requests whose promotion got no answer or is older than this, or whose tags are missing."""
    cut_off = Q(status=Status.PROMOTING, promoting_since__lte=timezone.now() - older_than)
    waiting = Q(status=Status.PROMOTING) & ~Q(last_failure="")
    untagged = Q(status=Status.PROMOTED, tags_are_due=True)
    return PromoteRequest.objects.filter(cut_off | waiting | untagged).order_by("number")


def write_due_tags() -> None:
    """Writes the tags of promotions that ended a moment ago, for a worker; what MLflow does not take is settled later.

    Those of a version in a large model are left to this: MLflow reads every version of a model to set a tag.
    """
    a_moment_ago = timezone.now() - _AT_ONCE
    due = PromoteRequest.objects.filter(tags_are_due=True, last_failure="", promoted_at__lte=a_moment_ago)
    for promote_request in due.order_by("promoted_at"):
        _tag(get_registry(promote_request.workspace), promote_request)


def settle_if_cut_off(promote_request: PromoteRequest) -> None:
    """Settles a promotion that has told nothing of its end, if MLflow answers soon, and reloads the request."""
    began = promote_request.promoting_since
    if promote_request.status != Status.PROMOTING or began is None:
        return
    if not promote_request.last_failure and began > timezone.now() - CUT_OFF_AFTER:
        return
    try:
        with patience.at_most(_PASSING_BY):
            settle(promote_request)
    except RegistryError as error:
        logger.info("The promotion of request %s, which told nothing of its end: %s", promote_request.pk, error.message)
    promote_request.refresh_from_db()


def settles_first(service: Callable[P, R]) -> Callable[P, R]:
    """Decorates a service that acts on a request: before it acts, it settles a promotion without a known end."""

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
    give_up: bool = False,
) -> PromoteRequest:
    """Asks MLflow what became of a promotion and records it: step 3.

    Args:
        registry: The request's.
        promote_request: A request that is being promoted.
        failure: What the call to MLflow came to, if it is known and was no success.
        actor: Who records it.
        give_up: Whether to take what MLflow does not show for not made, though it may still come.

    Raises:
        RegistryError: MLflow cannot be asked, or does not show the change; if it may still come, the request goes on
            `promoting`.
    """
    is_certain = give_up or (failure is not None and not failure.may_be_done)
    try:
        version = registry_writes.result(registry, promote_request)
    except RegistryError as error:
        # No traceback, because this is logged whenever somebody opens the request while MLflow does not answer.
        logger.warning("Promotion of request %s is not settled: %s", promote_request.pk, error.message)
        if failure is not None and not failure.may_be_done and promote_request.target_kind != TargetKind.MODEL:
            # One call, which MLflow did not get or refused. A copy takes several.
            record_failure(promote_request, failure.message, actor=actor)
            raise failure from None
        _note_no_answer(promote_request, (failure or error).message, actor=actor)
        raise failure or error from None
    if version is None:
        if not is_certain and _may_still_land(promote_request):
            reason = sentences.may_still_land(MAY_LAND_WITHIN)
            _note_no_answer(promote_request, reason, actor=actor)
            raise RegistryTimeout(reason, may_be_done=True)
        reason = failure.message if failure else "MLflow does not show the change: it was not made."
        record_failure(promote_request, reason, actor=actor)
        raise failure or RegistryError(reason)
    copied = noting.look(registry, promote_request, version)
    promoted = _record_success(promote_request, version, copied, actor=actor)
    return promoted if registry_writes.tags_take_long(promoted) else _tag(registry, promoted)


def _may_still_land(promote_request: PromoteRequest) -> bool:
    began = promote_request.promoting_since
    return began is not None and began > timezone.now() - MAY_LAND_WITHIN


def _note_no_answer(promote_request: PromoteRequest, reason: str, *, actor: Actor) -> None:
    """Writes once, into the request and the trail, that this attempt ended without MLflow's word."""
    with transaction.atomic():
        noted = PromoteRequest.objects.filter(
            pk=promote_request.pk,
            status=Status.PROMOTING,
            promoting_since=promote_request.promoting_since,
            last_failure="",
        ).update(last_failure=storable_text(reason), updated_at=timezone.now())
        if noted:
            trail.record(
                AuditAction.PROMOTION_UNANSWERED,
                about=promote_request.about,
                from_status=Status.PROMOTING,
                to_status=Status.PROMOTING,
                reason=reason,
                actor=actor,
            )


def _record_success(
    promote_request: PromoteRequest, version: str, copied: noting.Copied | None, *, actor: Actor
) -> PromoteRequest:
    """Records `promoted`, also if a `settle` took the attempt for failed while its call was under way.

    Then the request was open meanwhile, and may have been looked at, judged or reopened: what it was promoted on is
    what the attempt began with, and not what it has come to since.
    """
    with transaction.atomic():
        locked = lock(promote_request)
        same_attempt = locked.promoting_since == promote_request.promoting_since
        if locked.status not in (Status.PROMOTING, Status.OPEN) or not same_attempt:
            return locked
        before, late = locked.status, locked.last_failure != ""
        attempt = promote_request if before == Status.OPEN else locked
        move(
            locked,
            Status.PROMOTED,
            promoted_at=timezone.now(),
            promoted_version=version if locked.target_kind == TargetKind.MODEL else "",
            tags_are_due=locked.change == Change.SET,
            last_failure="",
            **{column: getattr(attempt, column) for column in _OF_THE_ATTEMPT},
        )
        trail.record(
            AuditAction.PROMOTED,
            about=locked.about,
            from_status=before,
            to_status=Status.PROMOTED,
            reason=sentences.DONE_LATE if late else "",
            actor=actor,
        )
        noting.note(locked, copied)
        note_holder(locked)
        tell_of_new_holder(locked, actor=actor)
    return locked


def record_failure(promote_request: PromoteRequest, reason: str, *, actor: Actor) -> None:
    """Opens the request again and records what went wrong, unless another attempt or a `settle` was faster."""
    with transaction.atomic():
        locked = lock(promote_request)
        same_attempt = locked.promoting_since == promote_request.promoting_since
        if locked.status != Status.PROMOTING or not same_attempt:
            return
        move(locked, Status.OPEN, last_failure=storable_text(reason), judged_by=None, is_bypassed=False)
        trail.record(
            AuditAction.PROMOTION_FAILED,
            about=locked.about,
            from_status=Status.PROMOTING,
            to_status=Status.OPEN,
            reason=reason,
            actor=actor,
        )


def note_refused(promote_request: PromoteRequest, reason: str, *, actor: Actor) -> None:
    """Notes that Checkpoint itself may not promote an open request though it is due; then it waits for a person."""
    with transaction.atomic():
        noted = PromoteRequest.objects.filter(pk=promote_request.pk, status=Status.OPEN, last_failure="").update(
            last_failure=storable_text(reason), updated_at=timezone.now()
        )
        if noted:
            trail.record(
                AuditAction.PROMOTION_FAILED,
                about=promote_request.about,
                from_status=Status.OPEN,
                to_status=Status.OPEN,
                reason=reason,
                actor=actor,
            )
    promote_request.refresh_from_db()


def _tag(registry: RegistryClient, promote_request: PromoteRequest) -> PromoteRequest:
    """Writes Checkpoint's tags on the version; the promotion stands even if MLflow refuses them."""
    if promote_request.status != Status.PROMOTED or not promote_request.tags_are_due:
        return promote_request
    try:
        registry_writes.write_tags(registry, promote_request)
        failure = ""
    except RegistryError as error:
        failure = sentences.tags_missing(error.message)
        logger.warning("Request %s: %s", promote_request.pk, failure)
    PromoteRequest.objects.filter(pk=promote_request.pk).update(last_failure=failure, tags_are_due=bool(failure))
    promote_request.last_failure, promote_request.tags_are_due = failure, bool(failure)
    return promote_request
