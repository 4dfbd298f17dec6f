"""What an author changed in words that somebody had approved already."""

from dataclasses import dataclass
from datetime import datetime

from evidence.prompts import DiffLine, text_diff
from promote_requests.decision import Decision
from promote_requests.models import FormerText, PromoteRequest


@dataclass(frozen=True, slots=True)
class TextChange:
    """The way from the words that somebody approved to the present ones.

    Attributes:
        who: The name of who approved the former words.
        former_title: Empty where the title is the same.
        lines: Of the description; empty where it is the same or too long to be compared.
        answers: (question, answer then, answer now) of what the author answers otherwise now; "" for none then.
    """

    who: str
    former_title: str
    lines: tuple[DiffLine, ...]
    answers: tuple[tuple[str, str, str], ...] = ()


def since_approvals(promote_request: PromoteRequest, decision: Decision) -> list[TextChange]:
    """Returns what changed since each approval that was given on earlier words, in the order of the reviewers."""
    outdated = [each for each in decision.judgements if each.counts and each.predates]
    if not outdated:
        return []
    given = {review.pk: review for review in promote_request.reviews.all()}
    texts = promote_request.former_texts.all()
    found = []
    for judgement in outdated:
        # Of a draft none are kept: whoever says that they approved its words is shown the first that others could read.
        approval = given[judgement.review]
        before = next(text for text in texts if text.revision >= approval.text_revision)
        former_title = before.title if before.title != promote_request.title else ""
        lines = text_diff(before.description, promote_request.description)
        answers = _changed_answers(promote_request, before, approval.created_at)
        found.append(TextChange(judgement.name, former_title, lines, answers))
    return found


def _changed_answers(
    promote_request: PromoteRequest, before: FormerText, approved_at: datetime
) -> tuple[tuple[str, str, str], ...]:
    """Returns what the author answers otherwise than when these words were replaced, beside what was approved."""
    given = [answer for answer in promote_request.answers.all() if answer.review_id is None]
    replaced = {answer.question_key: answer for answer in given if answer.created_at < before.created_at}
    # It may have been answered for the first time after the approval, which is no change, and otherwise since.
    approved = {key: answer.answer for key, answer in replaced.items() if answer.created_at < approved_at}
    now = {answer.question_key: answer for answer in given}
    return tuple(
        (now[key].question, approved.get(key, ""), now[key].answer)
        for key, former in replaced.items()
        if now[key].answer != former.answer
    )
