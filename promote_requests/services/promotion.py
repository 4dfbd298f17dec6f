"""The promotion: the write that Checkpoint makes in MLflow, in three steps that a crash cannot tear.

1. One transaction: check everything, freeze the evidence, `open -> promoting`.
2. MLflow is called, with no transaction open. The call is idempotent.
3. A second transaction: what MLflow says now decides between `promoted` and back to `open` with the failure.

A process that dies after step 1 leaves `promoting` behind; `settle` finishes it by step 3 alone.
"""

import logging
from typing import TYPE_CHECKING

from django.db import IntegrityError, transaction
from django.utils import timezone

from promote_requests import permissions, transitions
from promote_requests.choices import Action, AuditAction, RequestAction, Status, TargetKind
from promote_requests.evidence import Evidence, freeze, storable_text
from promote_requests.exceptions import ChampionChanged, RegistryError, RuleNotMet, WrongState
from promote_requests.models import PromoteRequest
from promote_requests.registry import RegistryClient, get_registry, patience
from promote_requests.services import audit, registry_writes
from promote_requests.services.locking import lock, move
from promote_requests.services.observing import describe, has_changed, lost_alias, refuse_if_changed
from promote_requests.services.reading import decision_of, live_evidence_of, requirement_of

if TYPE_CHECKING:
    from accounts.models import User

_LONGEST_STEP = 20.0
"""Seconds that MLflow gets for each step of a promotion that has begun, whatever the page waited for before."""

logger = logging.getLogger(__name__)


@audit.records_refusals
def promote(*, actor: "User", promote_request: PromoteRequest, request_id: str = "") -> PromoteRequest:
    """Makes the requested change in MLflow and returns the request as it stands then: promoted.

    Raises:
        NotAllowed: the actor may not promote.
        WrongState: the request is not open, or another promotion of the same target is under way.
        RuleNotMet: approvals are missing.
        ChampionChanged, EvidenceChanged: what reviewers judged is no longer so.
        RegistryError: MLflow failed; the request is open again with the failure in its timeline, or, when MLflow
            cannot even be asked what happened, stays `promoting` until `settle`.
    """
    transitions.require(Action.PROMOTE, promote_request.status)
    permissions.require(actor, Action.PROMOTE, promote_request)
    evidence = live_evidence_of(promote_request)
    refuse_if_changed(promote_request, evidence, actor=actor, request_id=request_id)
    _refuse_lost_alias(promote_request, evidence)
    started = _start(actor, promote_request, evidence, request_id)
    with patience.at_most(_LONGEST_STEP, afresh=True):
        _look_again(actor, started, request_id)
    registry = get_registry(started.workspace)
    failure: RegistryError | None = None
    try:
        with patience.at_most(_LONGEST_STEP, afresh=True):
            registry_writes.apply(registry, started)
    except RegistryError as error:
        # Not yet a failed promotion: a call that timed out may have done its work. Step 3 asks MLflow.
        failure = error
    with patience.at_most(_LONGEST_STEP, afresh=True):
        return _conclude(registry, started, failure, actor=actor, request_id=request_id)


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
    return _conclude(registry, promote_request, None, actor=None, request_id="")


def _start(actor: "User", promote_request: PromoteRequest, evidence: Evidence, request_id: str) -> PromoteRequest:
    now = timezone.now()
    champion = evidence.champion
    try:
        with transaction.atomic():
            locked = lock(promote_request)
            transitions.require(Action.PROMOTE, locked.status)
            permissions.require(actor, Action.PROMOTE, locked)
            decision = decision_of(locked)
            if not decision.is_approved:
                raise RuleNotMet(_what_is_missing(locked))
            # The fingerprint is part of the condition: evidence adopted since our look would make the approvals old.
            if locked.evidence_fingerprint != promote_request.evidence_fingerprint:
                raise WrongState("The evidence changed at this moment. Reload the page and look again.")
            move(
                locked,
                Status.PROMOTING,
                promoting_since=now,
                promoted_by=actor,
                last_failure="",
                challenger_evidence=freeze(evidence.challenger),
                champion_evidence=None if champion is None else freeze(champion),
            )
            audit.record(
                AuditAction.PROMOTION_STARTED,
                promote_request=locked,
                from_status=Status.OPEN,
                to_status=Status.PROMOTING,
                request_id=request_id,
                **audit.by(actor),  # type: ignore[arg-type]
            )
    except IntegrityError:
        raise WrongState(
            f"Another promotion to {promote_request.target_name} is under way. Try again when it has finished."
        ) from None
    return locked


def _refuse_lost_alias(promote_request: PromoteRequest, evidence: Evidence) -> None:
    """Raises ChampionChanged where MLflow, which deletes an alias whoever has it, would take another version's."""
    if promote_request.action == RequestAction.REMOVE and evidence.champion_version is not None:
        sentence = lost_alias(promote_request, evidence.champion_version)
        raise ChampionChanged(f"{sentence} Close this request, or ask for the alias of that version.")


def _look_again(actor: "User", started: PromoteRequest, request_id: str) -> None:
    """Asks MLflow once more, now that no other promotion of this target can run.

    Between our first look and our hold on the target another promotion may have begun and ended.
    """
    try:
        evidence = live_evidence_of(started)
        if not has_changed(started, evidence):
            return
        reason = describe(started, evidence)
    except RegistryError as error:
        _record_failure(started, error.message, actor=actor, request_id=request_id)
        raise
    _record_failure(started, reason, actor=actor, request_id=request_id)
    refuse_if_changed(started, evidence, actor=actor, request_id=request_id)


def _what_is_missing(promote_request: PromoteRequest) -> str:
    decision = decision_of(promote_request)
    if decision.missing:
        plural = "" if decision.missing == 1 else "s"
        return f"{decision.missing} more approval{plural} needed, by somebody other than {promote_request.author}."
    return "A reviewer asked for changes: that reviewer has to approve first."


def _conclude(
    registry: RegistryClient,
    promote_request: PromoteRequest,
    failure: RegistryError | None,
    *,
    actor: "User | None",
    request_id: str,
) -> PromoteRequest:
    try:
        version = registry_writes.result(registry, promote_request)
    except RegistryError as error:
        logger.exception("Promotion of request %s is not settled: MLflow cannot be asked.", promote_request.pk)
        raise failure or error from None
    if version is None:
        reason = failure.message if failure else "MLflow does not show the change: it was not made."
        _record_failure(promote_request, reason, actor=actor, request_id=request_id)
        raise failure or RegistryError(reason)
    return _tag(registry, _record_success(promote_request, version, actor=actor, request_id=request_id))


def _record_success(
    promote_request: PromoteRequest, version: str, *, actor: "User | None", request_id: str
) -> PromoteRequest:
    """Writes `promoted`, also where an impatient `settle` took the attempt for failed while our call was under way."""
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
        audit.record(
            AuditAction.PROMOTED,
            promote_request=locked,
            from_status=before,
            to_status=Status.PROMOTED,
            request_id=request_id,
            **audit.by(actor),  # type: ignore[arg-type]
        )
    return locked


def _record_failure(promote_request: PromoteRequest, reason: str, *, actor: "User | None", request_id: str) -> None:
    with transaction.atomic():
        locked = lock(promote_request)
        same_attempt = locked.promoting_since == promote_request.promoting_since
        if locked.status != Status.PROMOTING or not same_attempt:
            return
        move(locked, Status.OPEN, last_failure=storable_text(reason))
        audit.record(
            AuditAction.PROMOTION_FAILED,
            promote_request=locked,
            from_status=Status.PROMOTING,
            to_status=Status.OPEN,
            reason=reason,
            request_id=request_id,
            **audit.by(actor),  # type: ignore[arg-type]
        )


def _tag(registry: RegistryClient, promote_request: PromoteRequest) -> PromoteRequest:
    """Leaves Checkpoint's tags on the version; the promotion stands even where MLflow does not take them."""
    if promote_request.status != Status.PROMOTED or promote_request.action == RequestAction.REMOVE:
        return promote_request
    try:
        registry_writes.write_tags(registry, promote_request)
        failure = ""
    except RegistryError as error:
        failure = f"Promoted, but the tags could not be written: {error.message}"
        logger.warning("Request %s: %s", promote_request.pk, failure)
    if failure != promote_request.last_failure:
        PromoteRequest.objects.filter(pk=promote_request.pk).update(last_failure=failure)
        promote_request.last_failure = failure
    return promote_request


def promote_if_due(*, actor: "User", promote_request: PromoteRequest, request_id: str) -> PromoteRequest:
    """Promotes a request that its latest approval completed, where the rule says at once.

    Of several approvals at the same moment one promotes; the others find it under way and leave it alone.
    """
    current = PromoteRequest.objects.select_related("author").get(pk=promote_request.pk)
    due = (
        current.status == Status.OPEN
        and decision_of(current).is_approved
        and requirement_of(current).promote_when_approved
    )
    if not due:
        return current
    try:
        return promote(actor=actor, promote_request=current, request_id=request_id)
    except WrongState:
        current.refresh_from_db()
        if current.status in (Status.PROMOTING, Status.PROMOTED):
            return current
        raise
