"""The service with which an author answers what the rules ask, and what reviews share with it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.db import transaction

from audit import trail
from audit.actors import Actor
from audit.choices import AuditAction
from foundation.exceptions import CheckpointError, InvalidInput
from promote_requests import permissions, sentences, transitions
from promote_requests.choices import Action
from promote_requests.models import Answer, PromoteRequest, Review
from promote_requests.services.locking import lock, reword
from promote_requests.services.promotion import promote_if_due
from promote_requests.services.reading import answers_by_author, requirement_of
from promote_requests.services.settling import settles_first
from protection.asked.questions import Question
from protection.matching import Requirement


@dataclass(frozen=True, slots=True)
class AnswerOutcome:
    """What came of answers: the request as it is now, and why a promotion that was due did not succeed."""

    promote_request: PromoteRequest
    failure: CheckpointError | None = None


@trail.records_refusals
@settles_first
def answer(*, actor: Actor, promote_request: PromoteRequest, answers: Mapping[str, str]) -> AnswerOutcome:
    """Records what the author answers, and promotes if that was the last thing missing and the rule says at once.

    Earlier answers stay in the record. One that is replaced makes the author's words other ones than those that
    earlier approvals were given on (`text_revision`), though nobody edited the description.

    Args:
        actor: The author.
        promote_request: The request.
        answers: {question's key: answer}; empty answers are none.

    Raises:
        InvalidInput: an answer is none, or to no question; `field` is `answers.` with the key.
        WrongState: the request is decided.
        NotAllowed: the actor did not make the request.
    """
    transitions.require(Action.ANSWER, promote_request.status)
    permissions.require(actor, Action.ANSWER, promote_request)
    with transaction.atomic():
        locked = lock(promote_request)
        transitions.require(Action.ANSWER, locked.status)
        permissions.require(actor, Action.ANSWER, locked)
        requirement = requirement_of(locked)
        given = checked_answers((one for one in requirement.questions if not one.groups), answers)
        if not given:
            raise InvalidInput("Answer at least one question.", field="answers")
        before = answers_by_author(locked)
        new = [(question, said) for question, said in given if before.get(question.key) != said]
        if any(question.key in before for question, _ in new):
            reword(locked, ["answers_changed_in"])
        keep_answers(locked, requirement, new, actor=actor)
        if new:
            told = "" if locked.is_private else sentences.answered((question.text, said) for question, said in new)
            trail.record(AuditAction.ANSWERED, about=locked.about, reason=told, actor=actor)
    try:
        return AnswerOutcome(promote_if_due(actor=actor, promote_request=locked))
    except CheckpointError as failure:
        locked.refresh_from_db()
        return AnswerOutcome(locked, failure)


def checked_answers(questions: Iterable[Question], answers: Mapping[str, str]) -> list[tuple[Question, str]]:
    """Returns what was answered to which question, empty answers left out.

    Raises:
        InvalidInput: an answer is none of the allowed ones, or to none of these questions.
    """
    asked = {question.key: question for question in questions}
    found = []
    for key, said in answers.items():
        if key not in asked:
            raise InvalidInput("The rules do not ask you this, or not any more: reload the page.", field="answers")
        if said.strip():
            found.append((asked[key], asked[key].checked(said, field=f"answers.{key}")))
    return found


def keep_answers(
    locked: PromoteRequest,
    requirement: Requirement,
    given: Iterable[tuple[Question, str]],
    *,
    actor: Actor,
    review: Review | None = None,
) -> None:
    """Writes answers with the versions of the rules that asked for them; in the caller's transaction."""
    rules = requirement.freeze()["rules"]
    for question, said in given:
        Answer.objects.create(
            promote_request=locked,
            review=review,
            answered_by_id=actor.account.pk,
            question_key=question.key,
            question=question.text,
            answer=said,
            rules=rules,
            was_private=locked.is_private,
        )


def readable(answers: Iterable[Answer]) -> list[Answer]:
    """Returns the answers to a request that anybody reads: of those to a draft the last to each question.

    What its author had answered otherwise before it was submitted was never there for others.
    """
    found = list(answers)
    drafted = {given.question_key: given.pk for given in found if given.was_private}
    return [given for given in found if not given.was_private or given.pk == drafted[given.question_key]]


def tell_answers(*, actor: Actor, promote_request: PromoteRequest) -> None:
    """Records what a draft answers that others see from now on; until then the trail has no word of it."""
    given = [(each.question, each.answer) for each in readable(promote_request.answers.all())]
    if given:
        about = promote_request.about
        trail.record(AuditAction.ANSWERED, about=about, reason=sentences.answered(given), actor=actor)
