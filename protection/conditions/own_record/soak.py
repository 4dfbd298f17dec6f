"""The condition that the version has been tried somewhere else for some time."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar, Self

from django import forms
from django.core.exceptions import ValidationError
from typing_extensions import override

from foundation.exceptions import InvalidInput
from foundation.words import counted, listed
from protection.conditions.base import BoundedCondition, Facts, Unmet
from registry.names import plain
from registry.targets import Target, TargetKind

MOST_HOURS = 24 * 365
MOST = 10
"""Of one rule."""


@dataclass(frozen=True, slots=True)
class Stay:
    """That a version holds a target for a number of hours without a break."""

    target: Target
    hours: int

    def __str__(self) -> str:
        return f"{counted(self.hours, 'hour')} {_at(self.target)}"


@dataclass(frozen=True, slots=True)
class Soak(BoundedCondition):
    """The version holds each target now, and has for so long without a break, as far as Checkpoint knows.

    What nobody knows counts as no time at all. A version that goes back to where it was has been tried there: it is
    about quality, so a change that only takes a target away does not wait for it.
    """

    stays: tuple[Stay, ...]

    key: ClassVar[str] = "soak"
    is_about_quality: ClassVar[bool] = True

    @classmethod
    @override
    def _read(cls, value: Any, *, is_of_one_rule: bool) -> Self:
        """Reads `{target, hours}`, or a list of them."""
        given = value if isinstance(value, list) else [value]
        if not given or (is_of_one_rule and len(given) > MOST):
            raise InvalidInput(
                f"A version soaks at 1 to {MOST} targets: leave it out where it need not.", field=cls.key
            )
        stays = tuple(_stay(one) for one in given)
        if len({plain(str(stay.target)) for stay in stays}) != len(stays):
            raise InvalidInput("Name each target once.", field=cls.key)
        return cls(stays)

    @override
    def as_json(self) -> Any:
        found = [{"target": str(stay.target), "hours": stay.hours} for stay in self.stays]
        return found[0] if len(found) == 1 else found

    @override
    def stricter(self, other: Self) -> Self:
        """Takes the targets of both; of one that both name, the longer time."""
        found: dict[str, Stay] = {}
        for stay in (*self.stays, *other.stays):
            before = found.setdefault(plain(str(stay.target)), stay)
            found[plain(str(stay.target))] = max(before, stay, key=lambda each: each.hours)
        return type(self)(tuple(found.values()))

    @override
    def unmet(self, facts: Facts) -> Unmet | None:
        """Says what is missing at each target, and when it will have been long enough."""
        held = {plain(target): since for target, since in facts.record.held_since.items()}
        missing = [(stay, held.get(plain(str(stay.target)))) for stay in self.stays]
        missing = [(stay, since) for stay, since in missing if since is None or facts.now < _until(stay, since)]
        if not missing:
            return None
        ends = [_until(stay, since) for stay, since in missing if since is not None]
        until = max(ends) if len(ends) == len(missing) else None
        return Unmet.of("soak", (_sentence(stay, since) for stay, since in missing), until)

    @override
    def __str__(self) -> str:
        return listed([str(stay) for stay in self.stays])

    @classmethod
    @override
    def form_field(cls) -> forms.Field:
        """Asks for one target a line."""
        return SoakField(
            label="Soak",
            required=False,
            help_text="Where the version must have been without a break, one a line: stage:Staging for 24 hours, or "
            "alias:candidate for 2 hours. Empty: nowhere.",
        )


class SoakField(forms.CharField):
    """Targets and hours, one a line; gives the settings, or [] for none."""

    widget = forms.Textarea(attrs={"rows": 2, "cols": 80, "spellcheck": "false"})

    @override
    def prepare_value(self, value: Any) -> Any:
        if not isinstance(value, dict | list) or not value:
            return value or ""
        return "\n".join(f"{stay.target} for {counted(stay.hours, 'hour')}" for stay in Soak.parse(value).stays)

    @override
    def clean(self, value: Any) -> Any:
        lines = [line.strip() for line in super().clean(value).splitlines() if line.strip()]
        if not lines:
            return []
        try:
            return Soak.parse([_line(line) for line in lines]).as_json()
        except InvalidInput as wrong:
            raise ValidationError(wrong.message) from None


def _line(line: str) -> dict[str, Any]:
    head, separator, tail = line.rpartition(" for ")
    number, _, unit = tail.strip().partition(" ")
    is_read = separator and number.isascii() and number.isdigit() and len(number) < 9 and unit in ("hour", "hours")
    if not is_read:
        raise InvalidInput(f"{line!r} cannot be read: write stage:Staging for 24 hours.", field=Soak.key)
    return {"target": head.strip(), "hours": int(number)}


def _stay(given: Any) -> Stay:
    if not isinstance(given, dict) or given.keys() != {"target", "hours"}:
        raise InvalidInput("A soak has a target and hours.", field=Soak.key)
    hours = given["hours"]
    if isinstance(hours, bool) or not isinstance(hours, int) or not 1 <= hours <= MOST_HOURS:
        raise InvalidInput(f"A version soaks for a whole number of hours from 1 to {MOST_HOURS}.", field=Soak.key)
    if not isinstance(given["target"], str) or len(given["target"]) > 270:
        raise InvalidInput("A version soaks at a target: stage:Staging, for example.", field=Soak.key)
    try:
        target = Target.parse(given["target"])
    except InvalidInput as wrong:
        raise InvalidInput(wrong.message, field=Soak.key) from None
    if target.kind == TargetKind.MODEL or not target.has_champion:
        raise InvalidInput(f"No version soaks at {target}: name a stage in use, an alias or a status.", field=Soak.key)
    return Stay(target, hours)


def _until(stay: Stay, since: datetime) -> datetime:
    return since + timedelta(hours=stay.hours)


def _at(target: Target) -> str:
    return f"as @{target.name}" if target.kind == TargetKind.ALIAS else f"in {target.name}"


def _sentence(stay: Stay, since: datetime | None) -> str:
    if since is None:
        return f"It has to spend {stay} first, and is not there now."
    return f"It has to spend {stay} without a break first, until {_until(stay, since):%d %B %Y, %H:%M} UTC."
