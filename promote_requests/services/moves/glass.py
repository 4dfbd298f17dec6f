"""Promotes past the rules, in an emergency: who may, with which reason and consent, and what is skipped.

It skips conditions. It skips neither fresh evidence nor one promotion at a time, and where a rule asks for a second
person's consent, that too.
"""

from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from audit import trail
from audit.actors import Actor
from audit.choices import AuditAction
from foundation.exceptions import InvalidInput, WrongState
from foundation.texts import checked
from promote_requests import permissions, sentences, transitions
from promote_requests.choices import Action
from promote_requests.decision import Decision
from promote_requests.exceptions import EvidenceChanged, RuleNotMet
from promote_requests.models import BrokenGlass, Consent, PromoteRequest
from promote_requests.services.locking import lock
from promote_requests.services.moves.gone import notices
from promote_requests.services.observing import refuse_if_changed
from promote_requests.services.promotion import Way, carry_out
from promote_requests.services.reading import decision_of, live_evidence_of, requirement_of, with_files
from promote_requests.services.settling import settles_first
from protection.matching import Requirement

FEWEST_CHARACTERS = 20
"""Of a reason; `because` is none."""
MAX_REASON = 2_000
CONSENT_HOLDS = timedelta(hours=24)
"""After that it is asked for again: an old consent is no consent to what is done today."""


@trail.records_refusals
@settles_first
def break_glass(
    *, actor: Actor, promote_request: PromoteRequest, reason: str, seen_fingerprint: str = ""
) -> PromoteRequest:
    """Promotes a request although conditions do not hold, and flags it until somebody else has reviewed it.

    Args:
        actor: A person who was given the permission; the author may be one.
        promote_request: An open request.
        reason: Why it cannot wait, `FEWEST_CHARACTERS` at least.
        seen_fingerprint: Of the evidence that the person was shown; empty for what the request recorded last.

    Raises:
        InvalidInput: the reason is too short or too long.
        WrongState: it is not open, or the actor would skip nothing, so that it is promoted as always.
        NotAllowed: the actor may not.
        RuleNotMet: a rule asks for a second person's consent, and none counts.
        ChampionChanged, EvidenceChanged: the facts are no longer those that were shown.
        RegistryError: as `promote` raises it.
    """
    transitions.require(Action.BREAK_GLASS, promote_request.status)
    permissions.require(actor, Action.BREAK_GLASS, promote_request)
    reason = _checked_reason(reason)
    _require_seen(promote_request, seen_fingerprint)

    def admit(actor: Actor, locked: PromoteRequest, decision: Decision, requirement: Requirement) -> None:
        _require_glass(actor, decision)
        skipped = skipped_by(actor, decision, requirement)
        given = consent_for(locked, breaker=actor.user_id)
        if requirement.moves.needs_consent and given is None:
            raise RuleNotMet(sentences.CONSENT_MISSING)
        BrokenGlass.objects.create(
            promote_request=locked,
            broken_by_id=actor.account.pk,
            reason=reason,
            skipped=skipped,
            consent=given,
        )
        locked.glass_hands = _hands(locked, actor)
        PromoteRequest.objects.filter(pk=locked.pk).update(glass_hands=locked.glass_hands)
        trail.record(
            AuditAction.GLASS_BROKEN,
            about=locked.about,
            reason=sentences.glass_broken(reason, skipped, given.consented_by.get_username() if given else ""),
            actor=actor,
        )

    return carry_out(
        Way(Action.BREAK_GLASS, admit, is_past_the_rules=True), actor=actor, promote_request=promote_request
    )


@trail.records_refusals
@settles_first
@notices
def consent(*, actor: Actor, promote_request: PromoteRequest, words: str = "", seen_fingerprint: str = "") -> Consent:
    """Records a second person's consent that somebody else breaks the glass for what the request shows now.

    It holds for `CONSENT_HOLDS`, for these facts, while its giver may sign in and has the permission.

    Raises:
        WrongState: the request is not open, or the actor would skip nothing, so that they promote it themselves.
        NotAllowed: the actor made the request, or was not given the permission.
        ChampionChanged, EvidenceChanged: the facts are no longer those that were shown.
        RegistryError: MLflow cannot be asked for them.
    """
    transitions.require(Action.CONSENT, promote_request.status)
    permissions.require(actor, Action.CONSENT, promote_request)
    words = checked(words, field="words", longest=MAX_REASON)
    _require_seen(promote_request, seen_fingerprint)
    evidence = with_files(promote_request, live_evidence_of(promote_request))
    refuse_if_changed(promote_request, evidence, actor=actor)
    with transaction.atomic():
        locked = lock(promote_request)
        transitions.require(Action.CONSENT, locked.status)
        permissions.require(actor, Action.CONSENT, locked)
        _require_glass(actor, decision_of(locked))
        if locked.evidence_fingerprint != promote_request.evidence_fingerprint:
            raise EvidenceChanged(sentences.SEEN_OTHERWISE)
        recorded = Consent.objects.create(
            promote_request=locked,
            consented_by_id=actor.account.pk,
            request_author=locked.author,
            words=words,
            evidence_fingerprint=locked.evidence_fingerprint,
            round=locked.round,
        )
        trail.record(AuditAction.GLASS_CONSENTED, about=locked.about, reason=words, actor=actor)
    return recorded


def _hands(locked: PromoteRequest, breaker: Actor) -> list[int]:
    """Returns who had a hand in it: who breaks the glass or tried to, and who consented in this round."""
    consented = locked.consents.filter(round=locked.round).values_list("consented_by", flat=True)
    return sorted({*locked.glass_hands, breaker.account.pk, *consented})


def consent_for(promote_request: PromoteRequest, *, breaker: int | None) -> Consent | None:
    """Returns the newest consent that counts: to the present facts, lately, by another who still may; None of none."""
    given = promote_request.consents.filter(
        round=promote_request.round,
        evidence_fingerprint=promote_request.evidence_fingerprint,
        created_at__gt=timezone.now() - CONSENT_HOLDS,
        consented_by__is_active=True,
        consented_by__owner=None,
    ).exclude(consented_by__in=[breaker or 0, *promote_request.authors])
    for one in given.select_related("consented_by").order_by("-pk"):
        if permissions.GLASS in User.objects.get(pk=one.consented_by_id).given_permissions:
            return one
    return None


def skipped_by(actor: Actor, decision: Decision, requirement: Requirement) -> list[str]:
    """Returns what does not hold and would be skipped, as sentences; also that others would have to press Promote."""
    found = [missing.sentence for missing in decision.unmet]
    if not permissions.may_press(actor, requirement.promoters):
        found.append(sentences.others_promote(requirement))
    return found


def would_skip(*, actor: Actor, promote_request: PromoteRequest) -> list[str]:
    """Returns what this person would skip, for the page that asks; raises as `break_glass` where they may not."""
    transitions.require(Action.BREAK_GLASS, promote_request.status)
    permissions.require(actor, Action.BREAK_GLASS, promote_request)
    return skipped_by(actor, decision_of(promote_request), requirement_of(promote_request))


def _require_glass(actor: Actor, decision: Decision) -> None:
    if not permissions.would_skip_anything(actor, decision):
        raise WrongState(sentences.NOTHING_TO_SKIP)


def _require_seen(promote_request: PromoteRequest, seen: str) -> None:
    if seen and seen != promote_request.evidence_fingerprint:
        raise EvidenceChanged(sentences.SEEN_OTHERWISE)


def _checked_reason(reason: str) -> str:
    reason = checked(reason, field="reason", longest=MAX_REASON, called="The reason")
    if len(" ".join(reason.split())) < FEWEST_CHARACTERS:
        raise InvalidInput(
            f"Say in at least {FEWEST_CHARACTERS} characters why it cannot wait for the rules.", field="reason"
        )
    return reason
