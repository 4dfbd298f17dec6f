"""Opening, editing, closing and reopening promote requests."""

from dataclasses import replace
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from audit import trail
from audit.actors import Actor
from audit.choices import AuditAction
from evidence.observe import Evidence, observe, standing
from foundation.exceptions import InvalidInput
from foundation.texts import checked, checked_message
from promote_requests import permissions, sentences, transitions
from promote_requests.choices import Action, CloseReason, Status
from promote_requests.models import PromoteRequest
from promote_requests.services import feasibility
from promote_requests.services.asking.owners import ask_owners
from promote_requests.services.conversation.mentioning import mention, mention_all
from promote_requests.services.gating import after_description, as_stored, judge_gates
from promote_requests.services.locking import lock, move, reword
from promote_requests.services.moves.former import has_ground, is_ground, require_latest
from promote_requests.services.moves.gone import notice_presence
from promote_requests.services.moves.in_the_way import refuse_beside_objection, refuse_duplicate
from promote_requests.services.observing import columns
from promote_requests.services.reading import (
    as_judged,
    requirement_for_proposal,
    with_both,
)
from promote_requests.services.ruling.answering import tell_answers
from promote_requests.services.settling import settles_first
from registry import get_registry, patience
from registry.proposals import Proposal
from registry.workspaces import canonical_workspace

_LOOKS_FOR_VERSION = 2.0
"""Seconds that an edit waits for MLflow: where it is away, nobody knows whether the version is there."""
MAX_DESCRIPTION = 65_536
"""The most characters in a request's description."""
_EDITED_IN = ("title_edited_in", "description_edited_in")


@trail.records_refusals
def create(
    *,
    actor: Actor,
    proposal: Proposal,
    title: str,
    description: str = "",
    draft: bool = False,
) -> PromoteRequest:
    """Opens a promote request, or keeps it as a draft.

    Args:
        actor: Its author.
        proposal: What is asked for; the default workspace may have either of its names.
        title: 1 to 200 characters.
        description: Markdown, at most `MAX_DESCRIPTION` characters.
        draft: Hides it from reviewers until it is submitted.

    Raises:
        InvalidInput: a field is wrong, the version or model does not exist, or the version is already there.
        DuplicateRequest: an unfinished request for the same version and target exists.
        NotAllowed: the actor may not sign in.
        RegistryError: MLflow cannot be asked.
    """
    return open_request(actor=actor, proposal=proposal, title=title, description=description, draft=draft)


def open_request(
    *,
    actor: Actor,
    proposal: Proposal,
    title: str,
    description: str,
    draft: bool = False,
    undoes: PromoteRequest | None = None,
) -> PromoteRequest:
    """Opens a request for `create`, and for the way back: see `moves.way_back`.

    Args:
        actor: As for `create`.
        proposal: As for `create`.
        title: As for `create`.
        description: As for `create`.
        draft: As for `create`.
        undoes: The promoted request whose change it takes back; on the fast track if the version had met the rules.
    """
    permissions.require_active(actor)
    title = _checked_title(title)
    description = _checked_description(description)
    proposal = replace(proposal, workspace=canonical_workspace(proposal.workspace))
    refuse_duplicate(proposal, author=actor.account.pk)
    refuse_beside_objection(proposal)
    registry = get_registry(proposal.workspace)
    feasibility.check(registry, proposal)
    evidence = with_both(registry, observe(registry, proposal), workspace=proposal.workspace, fresh=True)
    is_fast_track = undoes is not None and is_ground(undoes, proposal, evidence)
    gate_results = _measured(proposal, evidence, description)
    status = Status.DRAFT if draft else Status.OPEN
    try:
        with transaction.atomic():
            promote_request = PromoteRequest.objects.create(
                title=title,
                description=description,
                workspace=proposal.workspace,
                model_name=proposal.model_name,
                version=proposal.version,
                target_kind=proposal.target.kind,
                target_name=proposal.target.name,
                change=proposal.change,
                archive_existing_versions=proposal.archives,
                is_prompt=evidence.challenger.is_prompt,
                author_id=actor.account.pk,
                answered_for_by_id=permissions.answering_for(actor),
                status=status,
                is_private=draft,
                undoes=undoes,
                is_fast_track=is_fast_track,
                gate_results=gate_results,
                **columns(evidence, proposal.target),
            )
            refuse_beside_objection(proposal, besides=promote_request.pk)
            if undoes is not None:
                require_latest(undoes)  # another promotion may have ended while MLflow was asked
            trail.record(
                AuditAction.CREATED,
                about=promote_request.about,
                to_status=status,
                reason="" if undoes is None else sentences.takes_back(undoes, is_fast_track=is_fast_track),
                actor=actor,
            )
            mention(actor=actor, promote_request=promote_request, text=description)
            ask_owners(promote_request, actor=actor)
    except IntegrityError:
        # Somebody opened the same request since the check above; the constraint refused the second.
        refuse_duplicate(proposal, author=actor.account.pk)
        raise
    return promote_request


@trail.records_refusals
@settles_first
def edit(*, actor: Actor, promote_request: PromoteRequest, title: str, description: str) -> PromoteRequest:
    """Changes title and description. What is asked for never changes: that would be another request.

    The trail keeps the former texts, because reviewers may have approved because of them. Those of a draft, which
    nobody has read, it keeps from those who will read it.
    """
    with patience.at_most(_LOOKS_FOR_VERSION):
        notice_presence(promote_request, actor=actor)
    _require(actor, Action.EDIT, promote_request)
    title = _checked_title(title)
    description = _checked_description(description)
    with transaction.atomic():
        locked = _take(actor, Action.EDIT, promote_request)
        before = locked.title, locked.description
        if before == (title, description):
            return locked
        reword(
            locked,
            [column for column, was, now in zip(_EDITED_IN, before, (title, description), strict=True) if was != now],
            title=title,
            description=description,
            gate_results=after_description(locked.gate_results, description),
        )
        reason = "" if locked.is_private else sentences.edited(before, (title, description))
        _record(AuditAction.EDITED, locked, actor, reason=reason)
        mention(actor=actor, promote_request=locked, text=description)
    return locked


@trail.records_refusals
@settles_first
def submit(*, actor: Actor, promote_request: PromoteRequest) -> PromoteRequest:
    """Opens a draft for review, with the evidence as it is now."""
    return _open(actor, Action.SUBMIT, AuditAction.SUBMITTED, promote_request, "")


@trail.records_refusals
@settles_first
def reopen(*, actor: Actor, promote_request: PromoteRequest, message: str = "") -> PromoteRequest:
    """Opens a closed request again, with the evidence as it is now; earlier reviews no longer count."""
    return _open(actor, Action.REOPEN, AuditAction.REOPENED, promote_request, message)


@trail.records_refusals
@settles_first
def close(
    *,
    actor: Actor,
    promote_request: PromoteRequest,
    reason: str | None = None,
    message: str = "",
) -> PromoteRequest:
    """Ends a request without a promotion: its author withdraws it, anybody else closes it.

    Args:
        actor: Who ends it.
        promote_request: The request.
        reason: A `CloseReason`. `withdrawn` is for the author, the others are for everybody else; None takes
            `withdrawn` or `rejected`.
        message: Why, in words.

    Raises:
        InvalidInput: there is no such reason, or the message is too long.
        WrongState: it has ended already, or is being promoted.
        NotAllowed: this person may not give this reason.
    """
    if reason is None:
        is_author = actor.user_id == promote_request.author_id
        reason = CloseReason.WITHDRAWN if is_author else CloseReason.REJECTED
    given = _checked_reason(reason)
    action = Action.WITHDRAW if given == CloseReason.WITHDRAWN else Action.CLOSE
    _require(actor, action, promote_request)
    message = checked_message(message)
    with transaction.atomic():
        locked = _take(actor, action, promote_request)
        before = locked.status
        move(
            locked,
            Status.CLOSED,
            close_reason=given,
            closed_by_id=actor.account.pk,
            closed_at=timezone.now(),
            judged_by=as_judged(locked),
        )
        words = sentences.closed(str(given.label), message)
        _record(AuditAction.CLOSED, locked, actor, reason=words, from_status=before)
    return locked


def withdraw(*, actor: Actor, promote_request: PromoteRequest, message: str = "") -> PromoteRequest:
    """Closes one's own request; see `close`."""
    return close(
        actor=actor,
        promote_request=promote_request,
        reason=CloseReason.WITHDRAWN,
        message=message,
    )


def _open(
    actor: Actor,
    action: Action,
    recorded_as: AuditAction,
    promote_request: PromoteRequest,
    message: str,
) -> PromoteRequest:
    _require(actor, action, promote_request)
    message = checked_message(message)
    refuse_beside_objection(promote_request.proposal, besides=promote_request.pk)
    registry = get_registry(promote_request.workspace)
    feasibility.check(registry, promote_request.proposal)
    workspace = promote_request.workspace
    evidence = with_both(registry, observe(registry, promote_request.proposal), workspace=workspace, fresh=True)
    gate_results = _measured(promote_request.proposal, evidence, promote_request.description)
    try:
        with transaction.atomic():
            locked = _take(actor, action, promote_request)
            before, was_private = locked.status, locked.is_private
            move(
                locked,
                Status.OPEN,
                is_private=False,
                opened_at=timezone.now(),
                round=locked.round + (action == Action.REOPEN),
                **columns(evidence, locked.target),
                gate_results=gate_results,
                closed_at=None,
                closed_by_id=None,
                close_reason="",
                superseded_by=None,
                gone_at=None,
                is_fast_track=locked.is_fast_track and has_ground(locked, evidence),
                judged_by=None,
                last_failure="",
            )
            refuse_beside_objection(locked.proposal, besides=locked.pk)
            _record(recorded_as, locked, actor, reason=message, from_status=before)
            if was_private:
                tell_answers(actor=actor, promote_request=locked)
                mention_all(actor=actor, promote_request=locked)
            ask_owners(locked, actor=actor)
    except IntegrityError:
        refuse_duplicate(promote_request.proposal, author=promote_request.author_id, besides=promote_request.pk)
        raise
    return locked


def _measured(proposal: Proposal, evidence: Evidence, description: str) -> dict[str, Any]:
    """Returns what comes of the gates that today's rules ask for, also of a request that earlier ones had judged."""
    leaving = standing(evidence.challenger.version, proposal.target)
    gates = requirement_for_proposal(proposal, leaving=leaving).gates
    return as_stored(judge_gates(gates, evidence, workspace=proposal.workspace, description=description))


def _take(actor: Actor, action: Action, promote_request: PromoteRequest) -> PromoteRequest:
    locked = lock(promote_request)
    _require(actor, action, locked)
    return locked


def _require(actor: Actor, action: Action, promote_request: PromoteRequest) -> None:
    # Checked before the texts, so that an attempt that this person may not make is recorded as such.
    transitions.require(action, promote_request.status)
    permissions.require(actor, action, promote_request)


def _record(
    action: AuditAction,
    promote_request: PromoteRequest,
    actor: Actor,
    *,
    reason: str = "",
    from_status: str = "",
) -> None:
    trail.record(
        action,
        about=promote_request.about,
        from_status=from_status,
        to_status=promote_request.status if from_status else "",
        reason=reason,
        actor=actor,
    )


def _checked_reason(reason: str) -> CloseReason:
    try:
        return CloseReason(reason)
    except ValueError:
        raise InvalidInput(
            f"{reason!r} is not a reason: use {', '.join(CloseReason.values)}.", field="reason"
        ) from None


def _checked_title(title: str) -> str:
    title = " ".join(title.split())
    if not 1 <= len(title) <= 200 or "\x00" in title:
        raise InvalidInput("Give the request a title of 1 to 200 characters.", field="title")
    return title


def _checked_description(description: str) -> str:
    return checked(description, field="description", longest=MAX_DESCRIPTION, called="The description")
