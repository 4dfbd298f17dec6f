"""The condition that external checks passed."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, ClassVar, Self

from django import forms
from django.core.exceptions import ValidationError
from typing_extensions import override

from foundation.exceptions import InvalidInput
from protection.checks import INSPECTION, Outcome, RequiredCheck, is_reserved, standings
from protection.conditions.base import BoundedCondition, Ending, Facts, Unmet
from registry.names import plain

MOST = 30
"""Checks of one rule."""
LONGEST_NAME = 100
MOST_HOURS = 24 * 365
_LINE = re.compile(r"(?P<name>.+?)(?:\s+by\s+(?P<reporter>\S+))?(?:\s+within\s+(?P<hours>\d+)\s+hours?)?")


@dataclass(frozen=True, slots=True)
class Checks(BoundedCondition):
    """Every check passed on the present facts. One that nobody reported is pending, never passed."""

    checks: tuple[RequiredCheck, ...]

    key: ClassVar[str] = "checks"
    is_about_quality: ClassVar[bool] = True

    @classmethod
    @override
    def _read(cls, value: Any, *, is_of_one_rule: bool) -> Self:
        """Reads names, `{name, reporter, hours}`, or lines such as `ci/evals by ci-bot within 24 hours`."""
        given = [line for line in value.splitlines() if line.strip()] if isinstance(value, str) else value
        if not isinstance(given, list) or not given:
            raise InvalidInput("Checks are a list of names: leave it out where none is asked for.", field=cls.key)
        if is_of_one_rule and len(given) > MOST:
            raise InvalidInput(f"A rule has at most {MOST} checks.", field=cls.key)
        checks = [_check(one, as_line=isinstance(value, str)) for one in given]
        for check in checks:
            reporters = [one.reporter for one in checks if plain(one.name) == plain(check.name)]
            if len(reporters) > 1 and (len(set(reporters)) < len(reporters) or "" in reporters):
                raise InvalidInput(f"The check {check.name} is named twice.", field=cls.key)
        return cls(tuple(checks))

    @override
    def as_json(self) -> list[dict[str, Any]]:
        return [{"name": check.name, "reporter": check.reporter, "hours": check.hours} for check in self.checks]

    @override
    def stricter(self, other: Self) -> Self:
        """Takes every check of both. Of one that both name, the shorter time applies, and every reporter that is named.

        Where they name different ones it has to pass by each: neither rule takes the other's word for it.
        """
        named: dict[str, list[RequiredCheck]] = {}
        for check in (*self.checks, *other.checks):
            named.setdefault(plain(check.name), []).append(check)
        return type(self)(tuple(check for same in named.values() for check in _merged(same)))

    @override
    def unmet(self, facts: Facts) -> Unmet | None:
        """Names each check that is missing, running or failed."""
        found = standings(self.checks, facts.checks, opened_at=facts.opened_at or facts.now, now=facts.now)
        missing = [standing for standing in found if standing.required and standing.outcome is not Outcome.PASSED]
        if not missing:
            return None
        failed = any(standing.outcome is Outcome.FAILED for standing in missing)
        sentences = [f"The check {standing.name} {standing.words}." for standing in missing]
        return Unmet.of("check_failed" if failed else "check_pending", sentences)

    @override
    def endings(self, facts: Facts) -> Iterator[Ending]:
        """Says by when a check has to be reported that is not final."""
        opened = facts.opened_at or facts.now
        found: dict[str, Ending] = {}
        for standing in standings(self.checks, facts.checks, opened_at=opened, now=facts.now):
            check = standing.required
            if check is not None and check.hours and standing.outcome is Outcome.PENDING:
                at = opened + timedelta(hours=check.hours)
                words = f"The check {check.name} is due by {at:%d %B %Y, %H:%M} UTC."
                # Of two reporters who are both late people are told once.
                found.setdefault(code := f"check:{plain(check.name)}", Ending(code, at, opened, words))
        yield from found.values()

    @override
    def __str__(self) -> str:
        return "; ".join(f"check {check}" for check in self.checks)

    @classmethod
    @override
    def form_field(cls) -> forms.Field:
        """Asks for one check a line."""
        return ChecksField(
            required=False,
            help_text="One a line: ci/evals, or ci/evals by ci-bot, or ci/evals by ci-bot within 24 hours. "
            "Without a user whoever reports it first reports it from then on, but never the request's author. "
            f"{INSPECTION} is made by Checkpoint itself: what the version's files say.",
        )


class ChecksField(forms.CharField):
    """Required checks, one a line."""

    widget = forms.Textarea(attrs={"rows": 3, "cols": 80, "spellcheck": "false"})

    @override
    def prepare_value(self, value: Any) -> Any:
        return "\n".join(map(str, Checks.parse(value).checks)) if isinstance(value, list) and value else value or ""

    @override
    def clean(self, value: Any) -> list[dict[str, Any]]:
        text = super().clean(value)
        if not text.strip():
            return []
        try:
            return Checks.parse(text).as_json()
        except InvalidInput as wrong:
            raise ValidationError(wrong.message) from None


def checked_name(name: Any) -> str:
    """Returns the name of a check.

    Raises:
        InvalidInput: it is no text of 1 to 100 printable characters.
    """
    if not isinstance(name, str) or not name.strip().isprintable() or not 1 <= len(name.strip()) <= LONGEST_NAME:
        raise InvalidInput(f"The name of a check has 1 to {LONGEST_NAME} printable characters.", field="name")
    return name.strip()


def _merged(same: list[RequiredCheck]) -> list[RequiredCheck]:
    """Returns what rules ask of one check together."""
    hours = min(filter(None, (check.hours for check in same)), default=0)
    reporters = list(dict.fromkeys(check.reporter for check in same if check.reporter)) or [""]
    return [RequiredCheck(same[0].name, reporter, hours) for reporter in reporters]


def _check(given: Any, *, as_line: bool) -> RequiredCheck:
    if isinstance(given, str):
        found = _LINE.fullmatch(given.strip()) if as_line else None
        parts = found.groupdict() if found else {"name": given, "reporter": None, "hours": None}
    elif isinstance(given, dict) and given.keys() <= {"name", "reporter", "hours"}:
        parts = given
    else:
        raise InvalidInput("A check is a name, or has name, reporter and hours.", field=Checks.key)
    reporter, hours = parts.get("reporter") or "", parts.get("hours") or 0
    try:
        name = checked_name(parts.get("name"))
    except InvalidInput as wrong:
        raise InvalidInput(wrong.message, field=Checks.key) from None
    if as_line and isinstance(hours, str):
        # Whoever writes 0 hours in a line means something by it; a document says so of a check without a deadline.
        hours = int(hours) if len(hours) < 9 and int(hours) else -1
    if not isinstance(reporter, str) or len(reporter) > 150:
        raise InvalidInput("The reporter of a check is the name of a user.", field=Checks.key)
    if is_reserved(name):
        if plain(name) != INSPECTION:
            raise InvalidInput(f"Checkpoint makes no check called {name}, only {INSPECTION}.", field=Checks.key)
        if reporter:
            raise InvalidInput(f"Checkpoint makes {INSPECTION} itself: name no reporter.", field=Checks.key)
        name = INSPECTION
    if isinstance(hours, bool) or not isinstance(hours, int) or not 0 <= hours <= MOST_HOURS:
        raise InvalidInput(f"A check is given 1 to {MOST_HOURS} hours.", field=Checks.key)
    return RequiredCheck(name, reporter, hours)
