"""The promotion: the write that Checkpoint makes in MLflow, in three steps, so that a crash loses nothing.

1. One transaction: check everything, freeze the evidence, `open -> promoting`.
2. MLflow is called, with no transaction open. The call is idempotent.
3. A second transaction: what MLflow says now decides between `promoted` and back to `open` with the failure.

A process that dies after step 1 leaves the status `promoting`; from that `settling`, where step 3 is, finishes it.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace

from django.db import IntegrityError, OperationalError, transaction
from django.utils import timezone

from audit import trail
from audit.actors import Actor, ActorKind
from audit.choices import AuditAction
from evidence.digests.taking import manifest_of
from evidence.kept import keep as keep_evidence
from evidence.observe import Evidence
from foundation.exceptions import DatabaseBusy, WrongState
from promote_requests import permissions, sentences, transitions
from promote_requests.choices import Action, Status
from promote_requests.decision import Decision
from promote_requests.exceptions import ChampionChanged, EvidenceChanged, RuleNotMet
from promote_requests.models import PromoteRequest
from promote_requests.services import registry_writes
from promote_requests.services.by_itself.inspecting import forget_of_another
from promote_requests.services.gating import keep, measure, taken
from promote_requests.services.insights import judged
from promote_requests.services.locking import lock, move
from promote_requests.services.moves.gone import notices
from promote_requests.services.observing import has_changed, refuse_if_changed, what_changed
from promote_requests.services.reading import (
    as_judged,
    decision_of,
    live_evidence_of,
    requirement_of,
    with_both,
    with_files,
)
from promote_requests.services.settling import LONGEST_STEP, conclude, record_failure, settles_first
from protection import insights
from protection.choices import Outcome
from protection.matching import Requirement
from registry import get_registry, patience
from registry.exceptions import RegistryError
from registry.proposals import Change

logger = logging.getLogger(__name__)


def require_met(actor: Actor, promote_request: PromoteRequest, decision: Decision, requirement: Requirement) -> None:
    """Raises RuleNotMet or NotAllowed unless the rules let this person promote this request now."""
    permissions.require_promoter(actor, requirement)
    if not decision.is_approved:
        raise RuleNotMet(" ".join(missing.sentence for missing in decision.unmet))


@dataclass(frozen=True, slots=True)
class Way:
    """How a promotion is admitted.

    Attributes:
        action: Which of a person's actions it is.
        admit: Raises where it is not admitted, in the transaction that begins it, with the request locked; what it
            writes is there exactly if the promotion begins.
        is_past_the_rules: Whether it goes on although conditions do not hold.
    """

    action: Action = Action.PROMOTE
    admit: Callable[[Actor, PromoteRequest, Decision, Requirement], None] = require_met
    is_past_the_rules: bool = False


@trail.records_refusals
@settles_first
def promote(*, actor: Actor, promote_request: PromoteRequest) -> PromoteRequest:
    """Makes the requested change in MLflow and returns the promoted request.

    Raises:
        NotAllowed: the actor may not promote.
        WrongState: the request is not open, or another promotion of the same target is under way.
        RuleNotMet: approvals are missing.
        ChampionChanged, EvidenceChanged: what reviewers judged has changed.
        RegistryError: MLflow failed; the request is open again with the failure in its timeline, or, when MLflow
            cannot even be asked what happened, stays `promoting` until `settle`.
    """
    return carry_out(Way(), actor=actor, promote_request=promote_request)


@notices
def carry_out(way: Way, *, actor: Actor, promote_request: PromoteRequest) -> PromoteRequest:
    """Makes the change in the three steps, if this way is admitted; raises as `promote`, and as the way does."""
    transitions.require(way.action, promote_request.status)
    permissions.require(actor, way.action, promote_request)
    evidence = with_files(promote_request, live_evidence_of(promote_request), fresh=True)
    refuse_if_changed(promote_request, evidence, actor=actor)
    _refuse_lost_alias(promote_request, evidence)
    _refuse_other_files(promote_request, evidence)
    forget_of_another(promote_request, evidence.challenger.version)
    if measure(promote_request, evidence, fresh=True):
        keep(promote_request)
    found = judged(promote_request, evidence)
    try:
        started = _start(way, actor, promote_request, evidence)
    except RuleNotMet:
        insights.record(found, actor=actor, about=promote_request.about)
        raise
    if way.is_past_the_rules:
        found = [replace(one, outcome=_BYPASSED.get(one.outcome, one.outcome)) for one in found]
    insights.record(found, actor=actor, about=started.about)
    with patience.at_most(LONGEST_STEP, afresh=True):
        _look_again(actor, started)
    _require_unsettled(started)
    registry = get_registry(started.workspace)
    failure: RegistryError | None = None
    try:
        with patience.at_most(LONGEST_STEP, afresh=True):
            registry_writes.apply(registry, started)
    except RegistryError as error:
        # The promotion may have succeeded all the same, for example if the call timed out. Step 3 asks MLflow.
        failure = error
    with patience.at_most(LONGEST_STEP, afresh=True):
        return conclude(registry, started, failure, actor=actor)


_BYPASSED = {Outcome.REFUSED: Outcome.BYPASSED}
"""What becomes of a rule's outcome where somebody goes past it."""


def _start(way: Way, actor: Actor, promote_request: PromoteRequest, evidence: Evidence) -> PromoteRequest:
    try:
        with transaction.atomic():
            locked = lock(promote_request)
            transitions.require(way.action, locked.status)
            permissions.require(actor, way.action, locked)
            # As measured above on the facts that are frozen here, whatever somebody else's look has stored since.
            for column, value in taken(promote_request).items():
                setattr(locked, column, value)
            decision, requirement = decision_of(locked), requirement_of(locked)
            way.admit(actor, locked, decision, requirement)
            # Checked too, because evidence that was adopted since the check above would make the approvals old.
            if locked.evidence_fingerprint != promote_request.evidence_fingerprint:
                raise WrongState("The evidence changed at this moment. Reload the page and look again.")
            move(
                locked,
                Status.PROMOTING,
                # Nothing that is judged here is later, also where it was said on a machine whose clock is ahead.
                promoting_since=max([timezone.now(), *(judgement.at for judgement in decision.judgements)]),
                promoted_by_id=_whose_deed(actor, locked, decision),
                approved_by=list(decision.approvers),
                judged_by=as_judged(locked),
                is_bypassed=way.is_past_the_rules,
                last_failure="",
                **taken(locked),
                evidence_digest=keep_evidence(evidence),
            )
            trail.record(
                AuditAction.PROMOTION_STARTED,
                about=locked.about,
                from_status=Status.OPEN,
                to_status=Status.PROMOTING,
                actor=actor,
            )
    except IntegrityError:
        raise WrongState(
            f"Another promotion to {promote_request.target_name} is under way. Try again when it has finished."
        ) from None
    return locked


def _whose_deed(actor: Actor, promote_request: PromoteRequest, decision: Decision) -> int:
    """Returns the key of who promotes: of what Checkpoint promotes by itself, who approved last, or asked for it."""
    if actor.user_id is not None:
        return actor.user_id
    approvals = sorted((each for each in decision.judgements if each.counts), key=lambda each: each.at)
    return approvals[-1].reviewer_id if approvals else promote_request.author_id


def _refuse_lost_alias(promote_request: PromoteRequest, evidence: Evidence) -> None:
    """Raises ChampionChanged if another version has the alias, because MLflow deletes an alias whoever has it."""
    if promote_request.change == Change.REMOVE and evidence.champion_version is not None:
        raise ChampionChanged(sentences.nothing_to_take_away(promote_request, evidence.champion_version))


def _refuse_other_files(promote_request: PromoteRequest, evidence: Evidence) -> None:
    """Raises EvidenceChanged if the last comparison with the digests found a file that is not what it was."""
    manifest = manifest_of(promote_request.workspace, evidence.challenger.version)
    if manifest is not None and manifest.mismatches:
        raise EvidenceChanged(sentences.files_differ(manifest.mismatches))


def _look_again(actor: Actor, started: PromoteRequest) -> None:
    """Asks MLflow once more, now that no other promotion of this target can run.

    Between the first check and step 1 another promotion may have begun and ended, and what no approval depends on, but
    a gate may, can change at any time: tags, descriptions. What is seen here is what is promoted, and what is kept.
    """
    try:
        evidence = live_evidence_of(started, exact=True)
        is_changed = has_changed(started, evidence)
        reason = what_changed(started, evidence) if is_changed else ""
    except RegistryError as error:
        record_failure(started, error.message, actor=actor)
        raise
    if is_changed:
        record_failure(started, reason, actor=actor)
        refuse_if_changed(started, evidence, actor=actor)
        return
    _judge_again(actor, started, evidence)


def _judge_again(actor: Actor, started: PromoteRequest, evidence: Evidence) -> None:
    """Measures every gate on what is promoted, and keeps both; the request is open again if one is not passed.

    Where the glass is broken they are measured and kept all the same: the record says what was skipped.
    """
    workspace = started.workspace
    evidence = with_both(get_registry(workspace), evidence, workspace=workspace, fresh=True)
    measure(started, evidence, fresh=True)
    decision = decision_of(started)
    if not decision.is_approved and not started.is_bypassed:
        reason = " ".join(missing.sentence for missing in decision.unmet)
        record_failure(started, reason, actor=actor)
        keep(started)
        raise RuleNotMet(reason)
    started.evidence_digest = keep_evidence(evidence)
    PromoteRequest.objects.filter(
        pk=started.pk, status=Status.PROMOTING, promoting_since=started.promoting_since
    ).update(gate_results=started.gate_results, evidence_digest=started.evidence_digest)


def _require_unsettled(started: PromoteRequest) -> None:
    """Raises WrongState if this attempt took so long that somebody took it for cut off and settled it.

    A call made now would change MLflow after people were told that nothing happened.
    """
    own = PromoteRequest.objects.filter(pk=started.pk, status=Status.PROMOTING, promoting_since=started.promoting_since)
    if not own.exists():
        raise WrongState("This took so long that the promotion was given up. Reload the page and try again.")


def promote_if_due(*, actor: Actor, promote_request: PromoteRequest) -> PromoteRequest:
    """Promotes a request that is approved, if its rule says at once.

    Where a service account's report was the last thing missing, Checkpoint does it: a program promotes nothing.

    Of several approvals at the same moment one promotes; the others find the promotion under way and do nothing.

    Raises:
        DatabaseBusy: a row was locked for too long. What the caller has recorded stands, and they must hear that.
        CheckpointError: as `promote`.
    """
    try:
        return _promote_if_due(actor, promote_request)
    except OperationalError as failure:
        logger.warning("%s could not be promoted at once: %s", promote_request, failure)
        raise DatabaseBusy(sentences.DATABASE_BUSY) from failure


def _promote_if_due(actor: Actor, promote_request: PromoteRequest) -> PromoteRequest:
    current = PromoteRequest.objects.select_related("author", "inspection").get(pk=promote_request.pk)
    due = current.status == Status.OPEN and decision_of(current).is_approved and requirement_of(current).is_automatic
    if not due:
        return current
    if actor.kind is ActorKind.SERVICE_ACCOUNT:
        actor = Actor.checkpoint(actor.door, actor.request_id)
    try:
        return promote(actor=actor, promote_request=current)
    except WrongState:
        current.refresh_from_db()
        if current.status in (Status.PROMOTING, Status.PROMOTED):
            return current
        raise
