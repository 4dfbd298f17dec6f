"""The questions that a rule asks, and whether an answer is one. Pure."""

import json
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from typing import Any, Self

from foundation.exceptions import InvalidInput
from protection.references import People, Reference, references

LONGEST_QUESTION = 300
LONGEST_CHOICE = 100
LONGEST_ANSWER = 2_000
MOST_CHOICES = 20
FIELD = "questions"
YES, NO = "yes", "no"


class AnswerType(StrEnum):
    """What may be answered."""

    YES_NO = "yes_no"
    CHOICE = "choice"
    TEXT = "text"

    @property
    def typed(self) -> str:
        """As people write and read it."""
        return "yes/no" if self is AnswerType.YES_NO else str(self)


@dataclass(frozen=True, slots=True)
class Question:
    """A question to the author of a request, or to its reviewers of some groups.

    Attributes:
        text: As people read it.
        type: What may be answered.
        choices: Of which one is to be chosen; empty for the other types.
        groups: Whose members are asked, in their review; empty for the author.
        required: The only answer that lets the request pass; "" where any does.
    """

    text: str
    type: AnswerType
    choices: tuple[str, ...] = ()
    groups: tuple[Reference, ...] = ()
    required: str = ""

    @classmethod
    def parse(cls, value: Any) -> Self:
        """Reads `{question, type, choices, groups, required}`, of which the last three may be left out.

        YAML reads a bare yes as true: it is taken for the word.

        Raises:
            InvalidInput: a part is none of the allowed ones.
        """
        known = {"question", "type", "choices", "groups", "required"}
        if not isinstance(value, dict) or not value.keys() <= known or "question" not in value:
            raise InvalidInput("A question has question, type, choices, groups and required.", field=FIELD)
        text = _printable(value["question"], LONGEST_QUESTION, "A question")
        kind = value.get("type", AnswerType.YES_NO)
        if kind not in list(AnswerType):
            raise InvalidInput(f"{kind!r} is no type of answer: use {', '.join(AnswerType)}.", field=FIELD)
        groups = references(value.get("groups", []), field=FIELD)
        made = cls(text, AnswerType(kind), _choices(value.get("choices", []), AnswerType(kind)), groups)
        required = _word(value.get("required", ""))
        if not required:
            return made
        if made.type is AnswerType.TEXT:
            raise InvalidInput(f"Any text answers {text!r}: no answer can be required of it.", field=FIELD)
        return cls(made.text, made.type, made.choices, made.groups, made.checked(required, field=FIELD))

    def as_json(self) -> dict[str, Any]:
        """Returns what `parse` reads."""
        return {
            "question": self.text,
            "type": str(self.type),
            "choices": list(self.choices),
            "groups": [group.as_json() for group in self.groups],
            "required": self.required,
        }

    @property
    def key(self) -> str:
        """Names the question and what may be answered to it: whoever words it anew asks anew."""
        said = json.dumps([self.text, str(self.type), list(self.choices)], ensure_ascii=False)
        return sha256(said.encode()).hexdigest()[:16]

    @property
    def options(self) -> tuple[str, ...]:
        """What may be chosen; empty for a text."""
        return (YES, NO) if self.type is AnswerType.YES_NO else self.choices

    @property
    def asked_of(self) -> str:
        """Whom it is for, in words: `the author`, or `the group Risk`."""
        return str(People(groups=self.groups)) if self.groups else "the author"

    def checked(self, answer: Any, *, field: str = "answers") -> str:
        """Returns an answer as it is kept.

        Raises:
            InvalidInput: it is none of the choices, or no text of the allowed length.
        """
        said = _word(answer).strip()
        if self.options:
            found = next((option for option in self.options if option.casefold() == said.casefold()), None)
            if found is None:
                raise InvalidInput(f"Answer {' or '.join(self.options)}: {self.text}", field=field)
            return found
        if not said or len(said) > LONGEST_ANSWER or "\x00" in said:
            raise InvalidInput(f"Answer in 1 to {LONGEST_ANSWER} characters: {self.text}", field=field)
        return said

    def __str__(self) -> str:
        choices = f": {', '.join(self.choices)}" if self.choices else ""
        wanted = f", answered {self.required}" if self.required else ""
        return f"“{self.text}” ({self.type.typed}{choices}) asked of {self.asked_of}{wanted}"


def _word(value: Any) -> str:
    if isinstance(value, bool):
        return YES if value else NO
    return value if isinstance(value, str) else ""


def _printable(value: Any, longest: int, what: str) -> str:
    text = value.strip() if isinstance(value, str) else ""
    if not text or len(text) > longest or not text.isprintable():
        raise InvalidInput(f"{what} is a text of 1 to {longest} printable characters.", field=FIELD)
    return text


def _choices(given: Any, kind: AnswerType) -> tuple[str, ...]:
    if not isinstance(given, list):
        raise InvalidInput("Choices are a list of texts.", field=FIELD)
    if kind is not AnswerType.CHOICE:
        if given:
            raise InvalidInput(f"Choices belong to the type {AnswerType.CHOICE}.", field=FIELD)
        return ()
    found = tuple(_printable(_word(one), LONGEST_CHOICE, "A choice") for one in given)
    if not 2 <= len({one.casefold() for one in found}) == len(found) <= MOST_CHOICES:
        raise InvalidInput(f"A choice has 2 to {MOST_CHOICES} choices, each once.", field=FIELD)
    return found
