"""The services for reviews."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.db import transaction

from accounts.identity.signing import Signer
from audit import trail
from audit.actors import Actor
from audit.choices import AuditAction
from evidence.freeze import fingerprint
from evidence.kept import keep as keep_evidence
from evidence.observe import Evidence
from foundation.exceptions import CheckpointError, InvalidInput, NotAllowed, WrongState
from promote_requests import permissions, sentences, transitions
from promote_requests.choices import Action, Verdict
from promote_requests.exceptions import EvidenceChanged
from promote_requests.models import Dismissal, PromoteRequest, Review, Signature
from promote_requests.services.conversation.mentioning import mention
from promote_requests.services.conversation.words import checked_words
from promote_requests.services.gating import keep, measure
from promote_requests.services.locking import lock, touch
from promote_requests.services.moves.gone import notices
from promote_requests.services.moves.in_the_way import blocking_reviews
from promote_requests.services.observing import adopt, has_changed, refuse_if_changed
from promote_requests.services.promotion import promote_if_due
from promote_requests.services.reading import decision_of, evidence_of, requirement_of, with_files
from promote_requests.services.ruling.answering import checked_answers, keep_answers
from promote_requests.services.settling import settles_first
from protection.asked.questions import Question
from protection.matching import Requirement


@dataclass(frozen=True, slots=True)
class ReviewOutcome:
    """What came of a review.

    Attributes:
        review: The recorded judgement; it stands whatever the promotion came to.
        promote_request: The request as it is now.
        failure: Why the promotion that the review completed did not succeed; None when it did or none was due.
    """

    review: Review
    promote_request: PromoteRequest
    failure: CheckpointError | None = None


@trail.records_refusals
@settles_first
@notices
def review(
    *,
    actor: Actor,
    promote_request: PromoteRequest,
    verdict: Verdict,
    body: str = "",
    seen_fingerprint: str = "",
    seen_text_revision: int | None = None,
    answers: Mapping[str, str] | None = None,
    signer: Signer | None = None,
) -> ReviewOutcome:
    """Records a judgement, and promotes if that completes the rule and the rule says at once.

    Args:
        actor: The reviewer.
        promote_request: The request.
        verdict: The judgement.
        body: Markdown; required unless the verdict is an approval.
        seen_fingerprint: The fingerprint of the evidence that the reviewer was shown. An approval of anything but the
            present facts is refused. Empty stands for the facts that the request recorded last.
        seen_text_revision: The `text_revision` of the title, description and answers that the reviewer was shown; None
            stands for the present ones.
        answers: {key: answer} to the questions that the rules ask of the reviewer's groups; empty answers are none.
        signer: Who has just entered their password to sign this approval; None for one that is not signed. Where the
            rules want signatures an unsigned approval is recorded and does not count.

    Raises:
        InvalidInput: the text is missing or too long, an answer is none, or the rules do not ask for it.
        WrongState: the request is not open.
        NotAllowed: the actor made the request, somebody else signs, or a rule lets no maker of the version approve.
        ChampionChanged, EvidenceChanged: the reviewer has not seen the present facts.
        RegistryError: MLflow cannot be asked for them.
    """
    transitions.require(Action.REVIEW, promote_request.status)
    permissions.require(actor, Action.REVIEW, promote_request)
    verdict = _checked_verdict(verdict)
    if signer is not None and signer.user_id != actor.user_id:
        raise NotAllowed("A review is signed by who gives it.")
    body = checked_words(body, required=verdict != Verdict.APPROVE)
    evidence = None
    if verdict == Verdict.APPROVE:
        evidence = with_files(promote_request, evidence_of(promote_request), fresh=True)
        _require_seen(promote_request, evidence, seen_fingerprint, actor=actor)
        if measure(promote_request, evidence, fresh=True):
            keep(promote_request)
        permissions.require_approver(actor, decision_of(promote_request))
    with transaction.atomic():
        locked = lock(promote_request)
        transitions.require(Action.REVIEW, locked.status)
        permissions.require(actor, Action.REVIEW, locked)
        requirement = requirement_of(locked)
        given = checked_answers(_asked_of(actor, requirement), answers or {})
        if given and verdict == Verdict.COMMENT:
            raise InvalidInput("A comment answers nothing: approve, or request changes.", field="answers")
        if evidence is not None:
            permissions.require_approver(actor, decision_of(locked))
            if has_changed(locked, evidence):
                adopt(locked, evidence, actor=actor)
        recorded = Review.objects.create(
            promote_request=locked,
            reviewer_id=actor.account.pk,
            request_author=locked.author,
            verdict=verdict,
            body=body,
            champion_version=locked.champion_version,
            evidence_fingerprint=locked.evidence_fingerprint,
            evidence_digest=locked.evidence_digest if evidence is None else keep_evidence(evidence),
            round=locked.round,
            text_revision=min(locked.text_revision, seen_text_revision or locked.text_revision),
        )
        keep_answers(locked, requirement, given, actor=actor, review=recorded)
        signature = _sign(recorded, signer, locked) if signer is not None and verdict == Verdict.APPROVE else ""
        touch(locked)
        answered = sentences.answered((question.text, said) for question, said in given)
        trail.record(
            AuditAction.REVIEWED,
            about=locked.about,
            reason=". ".join(filter(None, (str(verdict.label), answered, signature))),
            actor=actor,
        )
        mention(actor=actor, promote_request=locked, text=body, review=recorded)
    if verdict != Verdict.APPROVE:
        return ReviewOutcome(recorded, locked)
    try:
        return ReviewOutcome(recorded, promote_if_due(actor=actor, promote_request=locked))
    except CheckpointError as failure:
        locked.refresh_from_db()
        return ReviewOutcome(recorded, locked, failure)


@trail.records_refusals
@settles_first
def dismiss(*, actor: Actor, promote_request: PromoteRequest, review: int, reason: str) -> PromoteRequest:
    """Lifts somebody's request for changes, so that it no longer blocks.

    For reviewers who cannot answer any more, or whose objection was answered elsewhere. It needs a right of its own,
    never the author, and a reason that stays in the record. Also on a closed request whose objection is in the way of
    asking anew: who could reopen that one may have left.

    Args:
        actor: Who lifts it.
        promote_request: Where it blocks.
        review: The primary key of the review that asks for changes, as its page or the API showed it: what the same
            reviewer has written since is not lifted unread.
        reason: Why, in words.

    Raises:
        InvalidInput: the reason is missing or too long.
        WrongState: the request is neither open nor closed, or this review does not block it or what is asked anew.
        NotAllowed: the actor made the request, or lacks the right.
    """
    transitions.require(Action.DISMISS, promote_request.status)
    permissions.require(actor, Action.DISMISS, promote_request)
    reason = checked_words(reason, required=True, field="reason")
    with transaction.atomic():
        locked = lock(promote_request)
        transitions.require(Action.DISMISS, locked.status)
        permissions.require(actor, Action.DISMISS, locked)
        if review not in blocking_reviews(locked):
            raise WrongState("This review does not block the request, or not any more.")
        lifted = locked.reviews.get(pk=review)
        Dismissal.objects.create(review=lifted, dismissed_by_id=actor.account.pk, reason=reason)
        touch(locked)
        trail.record(
            AuditAction.DISMISSED,
            about=locked.about,
            reason=f"of {lifted.reviewer.get_username()}: {reason}",
            actor=actor,
        )
    return locked


def _require_seen(promote_request: PromoteRequest, evidence: Evidence, seen: str, *, actor: Actor) -> None:
    if not seen:
        refuse_if_changed(promote_request, evidence, actor=actor)
    elif seen != fingerprint(evidence):
        refuse_if_changed(promote_request, evidence, actor=actor)
        # The request has recorded the present facts already; only this reviewer's page was old.
        raise EvidenceChanged(
            "The comparison changed after you opened this page. Please take a fresh look and review again."
        )


def _sign(review: Review, signer: Signer, locked: PromoteRequest) -> str:
    signature = Signature(
        review=review,
        printed_name=signer.printed_name,
        meaning=sentences.meaning(locked.proposal),
        method=signer.method,
        signed_at=review.created_at,
    )
    signature.seal = signature.sealed()
    signature.save()
    return sentences.signed(signature.printed_name, signature.signed_at, signature.meaning)


def _asked_of(actor: Actor, requirement: Requirement) -> list[Question]:
    asked = [question for question in requirement.questions if question.groups]
    own = actor.group_ids if asked else frozenset()
    return [question for question in asked if own & {group.pk for group in question.groups}]


def _checked_verdict(verdict: str) -> Verdict:
    try:
        return Verdict(verdict)
    except ValueError:
        raise InvalidInput(f"{verdict!r} is not a verdict: use {', '.join(Verdict.values)}.", field="verdict") from None
