"""The condition that no freeze window lasts."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, ClassVar, Self

from django import forms
from django.core.exceptions import ValidationError
from typing_extensions import override

from foundation.exceptions import InvalidInput
from foundation.words import listed
from protection.conditions.base import BoundedCondition, Ending, Facts, Unmet
from protection.windows import Window

MOST = 50
"""Windows of one rule."""
ANNOUNCED = timedelta(days=1)
"""How long before it begins a freeze is spoken of."""
_LINE = re.compile(
    r"(?P<start>.+?)\s+to\s+(?P<end>.+?)(?:\s+(?P<timezone>[A-Za-z]+(?:[/_+-][\w+-]+)*))?(?::\s+(?P<name>.+))?"
)


@dataclass(frozen=True, slots=True)
class FreezeWindows(BoundedCondition):
    """Nothing is promoted while one of the windows lasts: the rule's own, and those for all that cover the target."""

    windows: tuple[Window, ...]

    key: ClassVar[str] = "freeze_windows"

    @classmethod
    @override
    def _read(cls, value: Any, *, is_of_one_rule: bool) -> Self:
        """Reads a list of `{start, end, timezone, name}`, or lines such as `0 18 * * 5 to 0 8 * * 1 UTC: weekend`."""
        if isinstance(value, str):
            value = [_of_line(line.strip()) for line in value.splitlines() if line.strip()]
        if not isinstance(value, list) or not value:
            raise InvalidInput("Freeze windows are a list: leave it out where there is none.", field=cls.key)
        if is_of_one_rule and len(value) > MOST:
            raise InvalidInput(f"A rule has at most {MOST} freeze windows.", field=cls.key)
        return cls(tuple(dict.fromkeys(Window.parse(one, field=cls.key) for one in value)))

    @override
    def as_json(self) -> list[dict[str, str]]:
        return [window.as_json() for window in self.windows]

    @override
    def stricter(self, other: Self) -> Self:
        return type(self)(tuple(dict.fromkeys((*self.windows, *other.windows))))

    @override
    def unmet(self, facts: Facts) -> Unmet | None:
        """Says until when it is frozen, and why."""
        lasting = [(found.end, window) for window in self.windows if (found := window.period_at(facts.now))]
        if not lasting:
            return None
        until = max(end for end, _ in lasting)
        names = listed([window.name for _, window in lasting if window.name])
        why = f": {names}" if names else ""
        return Unmet("frozen", f"Promotions are frozen until {until:%d %B %Y, %H:%M} UTC{why}.", until)

    @override
    def announcement(self, facts: Facts) -> str:
        return next((ending.sentence for ending in self.endings(facts)), "")

    @override
    def endings(self, facts: Facts) -> Iterator[Ending]:
        """Says when the next freeze begins, if that is soon and none lasts now."""
        coming = [(at, window) for window in self.windows if (at := window.next_start(facts.now, ANNOUNCED))]
        if coming and not self.unmet(facts):
            at, window = min(coming, key=lambda each: each[0])
            words = f"A freeze begins on {at:%d %B %Y, %H:%M} UTC" + (f": {window.name}." if window.name else ".")
            yield Ending("freeze", at, at - 4 * ANNOUNCED, words)

    @override
    def __str__(self) -> str:
        return f"no freeze ({'; '.join(map(str, self.windows))})"

    @classmethod
    @override
    def form_field(cls) -> forms.Field:
        """Asks for one window a line."""
        return FreezeWindowsField(
            required=False,
            help_text="One a line, by dates or by cron: 2026-12-20 18:00 to 2027-01-04 08:00 Europe/Berlin: year end, "
            "or 0 18 * * 5 to 0 8 * * 1 Europe/Berlin: weekend. Windows for many rules have a list of their own.",
        )


class FreezeWindowsField(forms.CharField):
    """Freeze windows, one a line."""

    widget = forms.Textarea(attrs={"rows": 3, "cols": 80, "spellcheck": "false"})

    @override
    def prepare_value(self, value: Any) -> Any:
        return "\n".join(map(str, FreezeWindows.parse(value).windows)) if isinstance(value, list) and value else value

    @override
    def clean(self, value: Any) -> list[dict[str, str]]:
        text = super().clean(value)
        if not text.strip():
            return []
        try:
            return FreezeWindows.parse(text).as_json()
        except InvalidInput as wrong:
            raise ValidationError(wrong.message) from None


def _of_line(line: str) -> dict[str, str]:
    found = _LINE.fullmatch(line)
    if found is None:
        raise InvalidInput(f"{line!r} is no freeze window: write its start, to, and its end.", field=FreezeWindows.key)
    return {key: part for key, part in found.groupdict().items() if part}
