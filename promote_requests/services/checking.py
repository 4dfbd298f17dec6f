"""The services for external checks: CI reports, and people ask for a report once more."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from django.contrib.auth import get_user_model
from django.db import transaction
from django.utils import timezone

from audit import trail
from audit.actors import Actor
from audit.choices import AuditAction
from evidence.freeze import fingerprint
from evidence.observe import Evidence
from foundation.exceptions import CheckpointError, InvalidInput, NotAllowed
from foundation.texts import checked
from foundation.words import listed
from promote_requests import permissions, transitions
from promote_requests.choices import Action
from promote_requests.exceptions import EvidenceChanged
from promote_requests.models import Check, PromoteRequest
from promote_requests.services.gating import keep, measure
from promote_requests.services.locking import lock
from promote_requests.services.moves.gone import notices
from promote_requests.services.observing import adopt, has_changed
from promote_requests.services.promotion import promote_if_due
from promote_requests.services.reading import checks_of, evidence_of, requirement_of, with_files
from promote_requests.services.settling import settles_first
from protection.checks import INSPECTION, REPORTED, RESERVED, State, is_reserved, pinned_to
from protection.conditions.checks import checked_name
from registry.names import plain

LONGEST_SUMMARY = 65_536
"""Bytes in UTF-8."""
LONGEST_ADDRESS = 2_000


@dataclass(frozen=True, slots=True)
class CheckOutcome:
    """What came of a report: the row, the request as it is now, and why a promotion that was due did not succeed."""

    check: Check
    promote_request: PromoteRequest
    failure: CheckpointError | None = None


@trail.records_refusals
@settles_first
@notices
def report_check(
    *,
    actor: Actor,
    promote_request: PromoteRequest,
    name: str,
    state: str,
    evidence_fingerprint: str,
    summary: str = "",
    details_url: str = "",
) -> CheckOutcome:
    """Records a report, and promotes if that was the last thing missing and the rule says at once.

    Args:
        actor: The reporter.
        promote_request: The request.
        name: Of the check, compared without regard to case.
        state: A `checks.State`, not `requested`.
        evidence_fingerprint: Of the facts that were checked.
        summary: Markdown, at most `LONGEST_SUMMARY` bytes.
        details_url: An http or https address with more, or empty.

    Raises:
        InvalidInput: a field is wrong.
        WrongState: the request is not open.
        EvidenceChanged: what was checked is not what MLflow has now.
        NotAllowed: somebody else reports this check, or Checkpoint makes it itself, or the author reports one that a
            rule asks for.
        RegistryError: MLflow cannot be asked.
    """
    transitions.require(Action.CHECK, promote_request.status)
    permissions.require(actor, Action.CHECK, promote_request)
    name = checked_name(name)
    if is_reserved(name):
        raise NotAllowed(f"Checkpoint makes the checks called {RESERVED}... itself: nobody reports them.")
    state = _checked_state(state)
    summary = _checked_summary(summary)
    details_url = _checked_address(details_url)
    evidence = with_files(promote_request, evidence_of(promote_request))
    _require_present(evidence, evidence_fingerprint)
    if measure(promote_request, evidence):
        keep(promote_request)
    with transaction.atomic():
        locked = lock(promote_request)
        transitions.require(Action.CHECK, locked.status)
        permissions.require(actor, Action.CHECK, locked)
        if has_changed(locked, evidence):
            adopt(locked, evidence, actor=actor)
        _require_reporter(actor, locked, name)
        recorded = _record(actor, locked, AuditAction.CHECK_REPORTED, name, state, summary, details_url)
    if state not in (State.SUCCESS, State.NEUTRAL):
        return CheckOutcome(recorded, locked)
    try:
        return CheckOutcome(recorded, promote_if_due(actor=actor, promote_request=locked))
    except CheckpointError as failure:
        locked.refresh_from_db()
        return CheckOutcome(recorded, locked, failure)


@trail.records_refusals
@settles_first
def request_check(*, actor: Actor, promote_request: PromoteRequest, name: str) -> Check:
    """Asks for a check once more: what was reported before does not count any longer.

    The built-in check can be asked for always; `inspecting.inspect_waiting` makes it.

    Raises:
        InvalidInput: no rule asks for a check of this name, and nobody reported one.
        WrongState: the request is not open.
        NotAllowed: the actor may not sign in.
    """
    transitions.require(Action.CHECK, promote_request.status)
    permissions.require(actor, Action.CHECK, promote_request)
    name = checked_name(name)
    with transaction.atomic():
        locked = lock(promote_request)
        transitions.require(Action.CHECK, locked.status)
        known = [INSPECTION, *(check.name for check in requirement_of(locked).checks)]
        known += [given.name for given in checks_of(locked, locked.observation) if given.is_current]
        spelled = next((one for one in known if plain(one) == plain(name)), None)
        if spelled is None:
            raise InvalidInput(f"There is no check called {name} on this request.", field="name")
        return _record(actor, locked, AuditAction.CHECK_REQUESTED, spelled, State.REQUESTED, "", "")


def _record(
    actor: Actor,
    locked: PromoteRequest,
    action: AuditAction,
    name: str,
    state: State,
    summary: str,
    details_url: str,
) -> Check:
    recorded = Check.objects.create(
        promote_request=locked,
        reporter_id=actor.account.pk,
        answered_for_by_id=permissions.answering_for(actor),
        name=name,
        state=state,
        summary=summary,
        details_url=details_url,
        evidence_fingerprint=locked.evidence_fingerprint,
    )
    PromoteRequest.objects.filter(pk=locked.pk).update(updated_at=timezone.now())
    said = name if action == AuditAction.CHECK_REQUESTED else f"{name}: {state.label}"
    trail.record(action, about=locked.about, reason=said, actor=actor)
    return recorded


def _require_present(evidence: Evidence, given: str) -> None:
    present = fingerprint(evidence)
    if given != present:
        raise EvidenceChanged(
            "What was checked is not what MLflow has now. Read the comparison again and check that: "
            f"its evidence_fingerprint is {present}."
        )


def _require_reporter(actor: Actor, locked: PromoteRequest, name: str) -> None:
    required = [check for check in requirement_of(locked).checks if plain(check.name) == plain(name)]
    reports = [given for given in checks_of(locked, locked.observation) if plain(given.name) == plain(name)]
    # Rules may name several, of whom each reports for itself.
    pinned = (pinned_to(check, reports) for check in required) if required else [pinned_to(None, reports)]
    reporters = list(filter(None, pinned))
    if reporters and actor.account.get_username() not in reporters:
        raise NotAllowed(f"The check {name} of this request is reported by {listed(reporters)}.")
    if any(not check.reporter for check in required) and _is_in_the_authors_hands(actor, locked):
        raise NotAllowed(
            f"You made this request: somebody else has to report {name}, or the rule has to name you as its reporter."
        )


def _is_in_the_authors_hands(actor: Actor, locked: PromoteRequest) -> bool:
    """Tells whether author and reporter are one person, or service accounts that one person answers for."""
    reporter = get_user_model()._default_manager.get(pk=actor.account.pk)
    return bool({reporter.pk, reporter.answerable_id} & locked.authors)


def _checked_state(state: str) -> State:
    if state not in REPORTED:
        raise InvalidInput(f"{state!r} is not a state: use {', '.join(REPORTED)}.", field="state")
    return State(state)


def _checked_summary(summary: str) -> str:
    summary = checked(summary, field="summary", longest=LONGEST_SUMMARY, called="The summary")
    if len(summary.encode("utf-8", "replace")) > LONGEST_SUMMARY:
        raise InvalidInput(f"The summary has more than {LONGEST_SUMMARY:,} bytes.", field="summary")
    return summary


def _checked_address(address: str) -> str:
    address = checked(address, field="details_url", longest=LONGEST_ADDRESS, called="The address")
    if not address:
        return ""
    try:
        parts = urlsplit(address)
        is_web = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        is_web = False
    if not is_web or not address.isprintable() or " " in address:
        raise InvalidInput("The address must begin with https:// or http:// and name a host.", field="details_url")
    return address
