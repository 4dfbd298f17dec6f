"""The condition that questions are answered: by the author, or by reviewers of some groups in their review."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

from django import forms
from django.core.exceptions import ValidationError
from typing_extensions import override

from foundation.exceptions import InvalidInput
from protection.asked.questions import AnswerType, Question
from protection.conditions.base import BoundedCondition, Facts, Unmet

MOST = 20
_LINE = re.compile(
    r"(?P<type>yes/no|text|choice)\s*(?:\((?P<choices>[^)]*)\))?(?:\s+of\s+(?P<groups>[^:]+?))?\s*:\s*(?P<question>.+)",
    re.IGNORECASE,
)
_REQUIRED = re.compile(r"(?P<question>.+\?)\s*=\s*(?P<required>[^=]+)")
_TYPES = {kind.typed: str(kind) for kind in AnswerType}


@dataclass(frozen=True, slots=True)
class Questions(BoundedCondition):
    """Every question is answered by whom it is asked of; where a rule requires an answer, with that one."""

    questions: tuple[Question, ...]

    key: ClassVar[str] = "questions"

    @classmethod
    @override
    def _read(cls, value: Any, *, is_of_one_rule: bool) -> Self:
        if not isinstance(value, list) or not value:
            raise InvalidInput("Questions are a list: leave it out where nothing is asked.", field=cls.key)
        if is_of_one_rule and len(value) > MOST:
            raise InvalidInput(f"A rule asks at most {MOST} questions.", field=cls.key)
        found = tuple(Question.parse(one) for one in value)
        # Two rules may require different answers.
        if is_of_one_rule and len({_identity(one) for one in found}) < len(found):
            raise InvalidInput("A question is asked twice.", field=cls.key)
        return cls(found)

    @override
    def as_json(self) -> list[dict[str, Any]]:
        return [question.as_json() for question in self.questions]

    @override
    def stricter(self, other: Self) -> Self:
        """Takes the questions of both; of one that both ask of the same people, with the answer that one requires."""
        found = {_identity(question): question for question in self.questions}
        for question in other.questions:
            before = found.setdefault(_identity(question), question)
            if not before.required:
                found[_identity(question)] = replace(before, required=question.required)
            elif question.required not in ("", before.required):
                # Two rules that require different answers: nobody can meet both, and both are named.
                found[(*_identity(question), question.required)] = question
        return type(self)(tuple(found.values()))

    @override
    def unmet(self, facts: Facts) -> Unmet | None:
        """Names each question that is not answered, or not as required, and by whom."""
        sentences = [said for question in self.questions for said in _missing(question, facts)]
        return Unmet.of("question_unanswered", sentences) if sentences else None

    @override
    def __str__(self) -> str:
        return "; ".join(map(str, self.questions))

    @classmethod
    @override
    def form_field(cls) -> forms.Field:
        """Asks for one question a line."""
        return QuestionsField(
            required=False,
            help_text="One a line. Of the author: yes/no: Was the data reviewed? = yes, or text: What changed? "
            "Of the reviewers of groups, in their review: choice (low, high) of Risk: How bad is a wrong answer? "
            "What stands after = is the only answer that lets the request pass.",
        )


def _identity(question: Question) -> tuple[Any, ...]:
    return question.key, *(group.pk for group in question.groups)


def _missing(question: Question, facts: Facts) -> Iterator[str]:
    given = list(_given(question, facts))
    if not given:
        whom = question.asked_of if question.groups else facts.author
        yield f"To be answered by {whom}: “{question.text}”"
    for name, answer in given:
        if question.required and answer != question.required:
            yield f"{name} answered {answer}, and the rule wants {question.required}: “{question.text}”"


def _given(question: Question, facts: Facts) -> Iterable[tuple[str, str]]:
    if not question.groups:
        return [(facts.author, facts.answers[question.key])] if question.key in facts.answers else []
    keys = {group.pk for group in question.groups}
    return [
        (judgement.name, judgement.answers[question.key])
        for judgement in facts.judgements
        if judgement.is_fresh and question.key in judgement.answers and keys & judgement.groups
    ]


class QuestionsField(forms.CharField):
    """Questions, one a line."""

    widget = forms.Textarea(attrs={"rows": 4, "cols": 80, "spellcheck": "false"})

    @override
    def prepare_value(self, value: Any) -> Any:
        if not isinstance(value, list):
            return value or ""
        return "\n".join(map(_as_line, value))

    @override
    def clean(self, value: Any) -> list[dict[str, Any]]:
        return [_of_line(line) for line in filter(None, map(str.strip, super().clean(value).splitlines()))]


def _as_line(question: dict[str, Any]) -> str:
    kind = {stored: typed for typed, stored in _TYPES.items()}[question.get("type", "yes_no")]
    choices = f" ({', '.join(question['choices'])})" if question.get("choices") else ""
    names = [group["name"] if isinstance(group, dict) else group for group in question.get("groups", [])]
    groups = f" of {', '.join(names)}" if names else ""
    required = f" = {question['required']}" if question.get("required") else ""
    return f"{kind}{choices}{groups}: {question['question']}{required}"


def _of_line(line: str) -> dict[str, Any]:
    said = _LINE.fullmatch(line)
    if said is None:
        raise ValidationError(f"{line!r} is no question: begin with yes/no:, text: or choice (a, b):, then ask.")
    asked = _REQUIRED.fullmatch(said["question"])
    return {
        "question": (asked["question"] if asked else said["question"]).strip(),
        "type": _TYPES[said["type"].lower()],
        "choices": _parts(said["choices"]),
        "groups": [name.removeprefix("group ").strip() for name in _parts(said["groups"])],
        "required": asked["required"].strip() if asked else "",
    }


def _parts(listed: str | None) -> list[str]:
    return [part.strip() for part in (listed or "").split(",") if part.strip()]
