"""The questions of a request's rules as its page shows and takes them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.http import QueryDict

from foundation.exceptions import CheckpointError
from promote_requests.models import Answer, PromoteRequest
from protection.asked.questions import Question
from protection.matching import Requirement

if TYPE_CHECKING:
    from accounts.models import User

PREFIX = "answer_"
"""How the names of the fields begin, before the question's key."""


@dataclass(frozen=True, slots=True)
class QuestionShown:
    """A question with what was answered.

    Attributes:
        given: The answers that stand, one of each person, oldest first.
        value: What stands in the field of who may answer: what they typed, or else what they answered last.
        error: What is wrong with what they typed.
        is_readers: Whether it is asked of who looks at the page, if they may answer at all.
    """

    question: Question
    given: tuple[Answer, ...]
    value: str = ""
    error: str = ""
    is_readers: bool = False

    @property
    def name(self) -> str:
        """The field's name."""
        return f"{PREFIX}{self.question.key}"


def asked(
    promote_request: PromoteRequest,
    requirement: Requirement,
    *,
    reader: "User",
    typed: QueryDict | None = None,
    failure: CheckpointError | None = None,
) -> list[QuestionShown]:
    """Returns every question of the rules with the answers that stand.

    Args:
        promote_request: With its answers.
        requirement: What asks.
        reader: Who looks; their own last answer stands in the field.
        typed: What was sent, after something was refused.
        failure: Why it was refused.
    """
    return list(_asked(promote_request, requirement, reader, typed or QueryDict(), failure))


def _asked(
    promote_request: PromoteRequest,
    requirement: Requirement,
    reader: "User",
    typed: QueryDict,
    failure: CheckpointError | None,
) -> Iterator[QuestionShown]:
    if not requirement.questions:
        return
    own_groups = set(reader.groups.values_list("pk", flat=True))
    is_author = reader.pk == promote_request.author_id
    for question in requirement.questions:
        latest: dict[int, Answer] = {}
        for answer in promote_request.answers.all():
            if answer.question_key == question.key and bool(question.groups) == (answer.review_id is not None):
                latest[answer.answered_by_id] = answer
        own = latest.get(reader.pk)
        yield QuestionShown(
            question,
            tuple(latest.values()),
            str(typed.get(f"{PREFIX}{question.key}", own.answer if own else "")),
            failure.message if failure is not None and failure.field == f"answers.{question.key}" else "",
            not is_author and bool(own_groups & {group.pk for group in question.groups})
            if question.groups
            else is_author,
        )


def sent(form: Mapping[str, object]) -> dict[str, str]:
    """Returns {question's key: answer} of a form."""
    return {name.removeprefix(PREFIX): str(value) for name, value in form.items() if name.startswith(PREFIX)}
