"""The condition that the owners of a model approve, section by section."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from django import forms
from django.core.exceptions import ValidationError
from typing_extensions import override

from foundation.exceptions import InvalidInput
from foundation.words import counted, listed
from protection.conditions.base import BoundedCondition, Facts, Unmet
from protection.references import People
from registry.names import plain

MOST_SECTIONS = 20
LONGEST_SECTION = 100


@dataclass(frozen=True, slots=True)
class Section:
    """Who owns a model in one respect.

    Attributes:
        name: Such as ML lead, or Risk.
        people: The owners.
        approvals: How many of them have to approve.
    """

    name: str
    people: People
    approvals: int

    def as_json(self) -> dict[str, Any]:
        """Returns what `parse` of the condition reads."""
        return {"section": self.name, "approvals": self.approvals, **self.people.as_json()}


@dataclass(frozen=True, slots=True)
class Owners(BoundedCondition):
    """Of every section that matches the model its owners approve, within a section those of the closest pattern.

    Attributes:
        wanted: The sections that the rule names; none for every section that there is.
        found: Those of the model, once it is known which model it is (`of`).
    """

    wanted: tuple[str, ...] = ()
    found: tuple[Section, ...] = ()

    key: ClassVar[str] = "owners"
    is_about_approvals: ClassVar[bool] = True

    @classmethod
    @override
    def _read(cls, value: Any, *, is_of_one_rule: bool) -> Self:
        """Reads `true`, a list of sections, or `{sections, found}`: what was asked of one model."""
        if value is True:
            return cls()
        found: tuple[Section, ...] = ()
        if isinstance(value, dict) and value.keys() == {"sections", "found"} and isinstance(value["found"], list):
            found, value = tuple(map(_section, value["found"])), value["sections"]
            if value == []:
                return cls((), found)
        if (
            not isinstance(value, list)
            or not all(isinstance(name, str) and name.strip() for name in value)
            or not value
        ):
            raise InvalidInput("Owners are true for every section, or a list of sections.", field=cls.key)
        if is_of_one_rule and (len(value) > MOST_SECTIONS or any(len(name) > LONGEST_SECTION for name in value)):
            raise InvalidInput(
                f"A rule names at most {MOST_SECTIONS} sections of at most {LONGEST_SECTION} characters.", field=cls.key
            )
        return cls(tuple(dict.fromkeys(name.strip() for name in value)), found)

    @override
    def as_json(self) -> Any:
        if self.found:
            return {"sections": list(self.wanted), "found": [section.as_json() for section in self.found]}
        return list(self.wanted) or True

    def of(self, sections: Iterable[Section]) -> Self:
        """Returns what is asked for of a model with these sections."""
        wanted = {plain(name) for name in self.wanted}
        return type(self)(
            self.wanted, tuple(section for section in sections if not wanted or plain(section.name) in wanted)
        )

    @override
    def stricter(self, other: Self) -> Self:
        """Takes the sections of both; every section, where one of them asks for that."""
        wanted = () if not self.wanted or not other.wanted else tuple(dict.fromkeys((*self.wanted, *other.wanted)))
        return type(self)(wanted, tuple(dict.fromkeys((*self.found, *other.found))))

    @override
    def unmet(self, facts: Facts) -> Unmet | None:
        """Names the sections whose owners have not approved, and those that have no owner."""
        there = {plain(section.name) for section in self.found}
        nobody = [name for name in self.wanted if plain(name) not in there]
        if nobody or not self.found:
            what = f"No owner of {listed(nobody)}" if nobody else "No owner"
            return Unmet("owner_unknown", f"{what} is named for this model: somebody with the right has to name one.")
        sentences = []
        for section in self.found:
            given = sum(section.people.include(each.reviewer_id, each.groups) for each in facts.approvals)
            if (missing := section.approvals - given) > 0:
                needed = counted(missing, "approval is", "approvals are")
                sentences.append(f"{needed} needed for {section.name}, from {section.people}.")
        return Unmet.of("owner_missing", sentences) if sentences else None

    @override
    def waits_for(self, facts: Facts) -> Iterator[People]:
        for section in self.found:
            given = sum(section.people.include(each.reviewer_id, each.groups) for each in facts.approvals)
            if given < section.approvals:
                yield section.people

    @override
    def __str__(self) -> str:
        if self.found:
            return f"its owners ({listed([section.name for section in self.found])})"
        return f"its owners ({listed(self.wanted)})" if self.wanted else "its owners"

    @classmethod
    @override
    def form_field(cls) -> forms.Field:
        """Asks for sections, one a line."""
        return OwnersField(
            label="Owners",
            required=False,
            help_text="Sections of the ownership list whose owners have to approve, one a line; * for every section "
            "that a model has.",
        )


class OwnersField(forms.CharField):
    """Sections, one a line; `*` for all."""

    widget = forms.Textarea(attrs={"rows": 2, "cols": 80})

    @override
    def prepare_value(self, value: Any) -> Any:
        return "*" if value is True else "\n".join(value) if isinstance(value, list) else value

    @override
    def clean(self, value: Any) -> Any:
        lines = [line.strip() for line in super().clean(value).splitlines() if line.strip()]
        if not lines:
            return []
        try:
            return Owners.parse(True if lines == ["*"] else lines).as_json()
        except InvalidInput as wrong:
            raise ValidationError(wrong.message) from None


def _section(value: Any) -> Section:
    match value:
        case {"section": str(name), "approvals": int(approvals), "groups": _, "users": _}:
            people = {kind: value[kind] for kind in ("groups", "users")}
            return Section(name, People.parse(people, field=Owners.key), approvals)
    raise InvalidInput("A section has a name, approvals, groups and users.", field=Owners.key)
