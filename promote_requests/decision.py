"""Decides whether a request is approved. Pure; the only place that counts reviews."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from evidence.verdict import Counts
from promote_requests.choices import ReviewDecision, Verdict
from protection.asked.questions import Question
from protection.checks import Outcome, Standing, standings
from protection.conditions import Facts, Judgement, Unmet
from protection.gates import GateResult
from protection.gates.base import NOT_JUDGED
from protection.matching import Requirement
from protection.references import Reference


class Person(Protocol):
    """What counting needs of a reviewer."""

    is_active: bool
    is_service_account: bool
    groups: Any

    def get_username(self) -> str:
        """Returns the name as it is shown."""


class Reviewed(Protocol):
    """What counting needs of a review; `models.Review` has it."""

    pk: int
    reviewer_id: int
    verdict: str
    evidence_fingerprint: str
    round: int
    text_revision: int
    created_at: datetime

    @property
    def dismissed_at(self) -> datetime | None:
        """When somebody with the right lifted it; None while nobody has."""

    @property
    def is_signed(self) -> bool:
        """Whether its giver entered the password once more for it."""

    @property
    def reviewer(self) -> Person:
        """Who judged."""


@dataclass(frozen=True, slots=True)
class Decision:
    """The decision about a request, which page, list, admin, API, mail and promotion all read.

    Attributes:
        judgements: The latest of each reviewer whose judgement counts.
        required: How many approvals the rules ask for.
        unmet: What is missing before the request may be promoted; empty when it is approved.
        has_failed: Whether it is open because MLflow did not make the change when it was promoted.
        gates: Each that the rules ask for, with what came of it.
        checks: Each that the rules ask for or that was reported.
        promoters: Of each list one group has to press Promote; none where everybody may.
        announcements: What will stop it soon, as sentences.
        barred: {key of a user: why their approval would be refused}.
        questions: What the rules ask of the author and of reviewers.
    """

    judgements: tuple[Judgement, ...]
    required: int
    unmet: tuple[Unmet, ...]
    has_failed: bool = False
    gates: tuple[tuple[str, GateResult], ...] = ()
    checks: tuple[Standing, ...] = ()
    promoters: tuple[tuple[Reference, ...], ...] = ()
    announcements: tuple[str, ...] = ()
    barred: Mapping[int, str] = field(default_factory=dict)
    questions: tuple[Question, ...] = ()

    @property
    def label(self) -> str:
        """What a list says of it: that the rule is met says too little where the promotion failed."""
        failed = self.has_failed and self.decision == ReviewDecision.APPROVED
        return "Promotion failed" if failed else str(self.decision.label)

    @property
    def decision(self) -> ReviewDecision:
        """The outcome in one word."""
        if not self.unmet:
            return ReviewDecision.APPROVED
        if any(not judgement.approves for judgement in self.judgements):
            return ReviewDecision.CHANGES_REQUESTED
        return ReviewDecision.REVIEW_REQUIRED

    @property
    def is_approved(self) -> bool:
        """Whether the rules allow the promotion."""
        return not self.unmet

    @property
    def counts(self) -> Counts:
        """The gates and checks in numbers, for the verdict."""
        outcomes = [standing.outcome for standing in self.checks]
        return Counts(
            gates_passed=sum(found.passed is True for _, found in self.gates),
            gates=len(self.gates),
            checks_passed=outcomes.count(Outcome.PASSED),
            checks_pending=outcomes.count(Outcome.PENDING),
            checks_failed=outcomes.count(Outcome.FAILED),
        )

    @property
    def approvers(self) -> tuple[str, ...]:
        """Whose approval of the present facts counts, in the order of their first judgements."""
        return tuple(judgement.name for judgement in self.judgements if judgement.counts)

    @property
    def approvals(self) -> int:
        """How many approvals of the present facts count."""
        return len(self.approvers)

    @property
    def missing(self) -> int:
        """How many approvals are still needed."""
        return max(self.required - self.approvals, 0)

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader should know though it stops nothing."""
        return tuple(
            f"{judgement.name} approved before {judgement.predates}."
            for judgement in self.judgements
            if judgement.counts and judgement.predates
        )

    @property
    def stale(self) -> tuple[str, ...]:
        """Who approved facts that have changed since."""
        return tuple(judgement.name for judgement in self.judgements if judgement.approves and not judgement.is_fresh)


def judgements(
    reviews: Iterable[Reviewed],
    *,
    round_number: int,
    asked_by: Collection[int],
    authors: Collection[int],
    evidence_fingerprint: str,
    title_edited_in: int,
    description_edited_in: int,
    answers_changed_in: int,
    is_decided: bool,
    groups: Mapping[str, Iterable[int]] | None = None,
    answers: Mapping[int, Mapping[str, str]] | None = None,
    until: datetime | None = None,
) -> tuple[Judgement, ...]:
    """Returns the latest judgement of each reviewer that stands, in the order of their first ones.

    An approval stands in the round in which it was given, while its giver may sign in: an approval by a stolen account
    must not count. What was decided with it stays decided.

    A request for changes stands until that reviewer approves or somebody dismisses it. Neither reopening the request
    nor deactivating the reviewer makes it go away, nor handing them the service account that asks: all of it could be
    done by those whom it blocks, and then nobody could answer it.

    Args:
        reviews: In the order given. Comments and anything by who asked or a service account judge nothing.
        round_number: The request's present round.
        asked_by: The keys of who made the request.
        authors: Of those whose own request it is, so that their approvals do not count: of one that is past its
            decision, of who asked.
        evidence_fingerprint: The present facts.
        title_edited_in: The text revision of the present title.
        description_edited_in: Of the present description.
        answers_changed_in: Of the author's present answers.
        is_decided: Whether the request is past its decision.
        groups: {reviewer's key: keys of their groups} at the decision; by default those that they are in now.
        answers: {review's key: {question's key: answer}} of those that came with an answer.
        until: What was said or dismissed later does not count; None lets all count.
    """
    latest: dict[int, Judgement] = {}
    for review in reviews:
        if until is not None and review.created_at > until:
            continue
        if review.verdict == Verdict.COMMENT or review.reviewer_id in asked_by or review.reviewer.is_service_account:
            continue
        approves, may_answer = review.verdict == Verdict.APPROVE, review.reviewer.is_active
        is_own, is_of_this_round = review.reviewer_id in authors, review.round == round_number
        counts = is_of_this_round and not is_own and (may_answer or is_decided)
        stands = counts if approves else not _was_dismissed(review, until)
        if not stands:
            # An approval that counts no more still takes back what the same reviewer had asked for.
            latest.pop(review.reviewer_id, None)
        else:
            latest[review.reviewer_id] = Judgement(
                review=review.pk,
                reviewer_id=review.reviewer_id,
                name=review.reviewer.get_username(),
                approves=approves,
                is_fresh=review.evidence_fingerprint == evidence_fingerprint,
                at=review.created_at,
                may_answer=may_answer,
                is_own=is_own,
                groups=frozenset(
                    (group.pk for group in review.reviewer.groups.all())
                    if groups is None
                    else groups.get(str(review.reviewer_id), ())
                ),
                is_of_present_title=review.text_revision >= title_edited_in,
                is_of_present_description=review.text_revision >= description_edited_in,
                is_of_present_answers=review.text_revision >= answers_changed_in,
                answers=(answers or {}).get(review.pk, {}),
                is_signed=review.is_signed,
            )
    return tuple(latest.values())


def _was_dismissed(review: Reviewed, until: datetime | None) -> bool:
    dismissed = review.dismissed_at
    return dismissed is not None and (until is None or dismissed <= until)


def decide(asked: Facts, requirement: Requirement, *, has_failed: bool = False) -> Decision:
    """Returns the decision.

    Args:
        asked: About the request; its judgements are from `judgements`.
        requirement: What the rules ask for.
        has_failed: Whether a promotion of this request has failed.
    """
    facts = requirement.narrowed(asked)
    return Decision(
        facts.judgements,
        requirement.required_approvals,
        requirement.unmet(facts),
        has_failed,
        gates=tuple((str(gate), facts.gates.get(str(gate), NOT_JUDGED)) for gate in requirement.gates),
        checks=standings(requirement.checks, facts.checks, opened_at=facts.opened_at or facts.now, now=facts.now),
        promoters=requirement.promoters,
        announcements=requirement.announcements(facts),
        barred=requirement.barred(facts),
        questions=requirement.questions,
    )


def with_approval_of(
    given: tuple[Judgement, ...],
    reviewer_id: int,
    groups: frozenset[int],
    now: datetime,
    questions: Iterable[Question] = (),
) -> tuple[Judgement, ...]:
    """Returns the judgements as they would be if this reviewer signed an approval now and answered what they are asked.

    To show what that would do: a page must not promise less than what then happens.
    """
    others = tuple(judgement for judgement in given if judgement.reviewer_id != reviewer_id)
    answers = {question.key: question.required or next(iter(question.options), "-") for question in questions}
    imagined = Judgement(
        reviewer_id, "", approves=True, is_fresh=True, at=now, groups=groups, answers=answers, is_signed=True
    )
    return (*others, imagined)
