"""Freeze windows: times in which nothing is promoted, as two dates or as two cron expressions in a time zone. Pure."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, Self
from zoneinfo import ZoneInfo, available_timezones

from cronsim import CronSim, CronSimError
from typing_extensions import override

from foundation.exceptions import InvalidInput

LONGEST_NAME = 100
_CRON = {
    "minute": "0 to 59",
    "hour": "0 to 23",
    "day of the month": "1 to 31",
    "month": "1 to 12, or JAN to DEC",
    "day of the week": "0 to 7, or SUN to SAT",
}
"""{field of an expression, in order: what it holds}."""
_INSTEAD = "Write a date such as 2026-12-20 18:00, or five fields of cron such as 0 18 * * 5 (Fridays at 18:00)."


@dataclass(frozen=True, slots=True)
class Period:
    """One stretch of a freeze window; both moments in UTC, the end excluded."""

    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Window:
    """A freeze window.

    Attributes:
        start: ISO 8601 date with time, or a cron expression of five fields.
        end: Of the same kind; for crons the first moment after the start at which it happens.
        timezone: IANA name, such as Europe/Berlin: what `start` and `end` mean where they say no offset.
        name: Why, in a few words.
    """

    start: str
    end: str
    timezone: str = "UTC"
    name: str = ""

    @classmethod
    def parse(cls, value: Any, *, field: str = "") -> Self:
        """Reads `{start, end, timezone, name}`, of which the last two may be left out.

        Args:
            value: The window.
            field: Which field is named when something is wrong; by default the part that is.

        Raises:
            InvalidInput: a part is none of the allowed ones, or the window never begins or ends.
        """
        if not isinstance(value, dict) or not value.keys() <= {"start", "end", "timezone", "name"}:
            raise InvalidInput("A freeze window has start, end, timezone and name.", field=field or "start")
        given = {key: part for key, part in value.items() if part not in (None, "")}
        if not all(isinstance(part, str) for part in given.values()) or not given.keys() >= {"start", "end"}:
            is_start_there = isinstance(given.get("start"), str)
            raise InvalidInput(
                "A freeze window has a start and an end.", field=field or ("end" if is_start_there else "start")
            )
        window = cls(**{key: part.strip() for key, part in given.items()})
        window._check(field)
        return window

    def as_json(self) -> dict[str, str]:
        """Returns what `parse` reads."""
        return {"start": self.start, "end": self.end, "timezone": self.timezone, "name": self.name}

    def period_at(self, now: datetime) -> Period | None:
        """Returns the stretch that `now` is in, or None."""
        return _period_at(self, now.replace(second=0, microsecond=0))

    def next_start(self, now: datetime, within: timedelta) -> datetime | None:
        """Returns when it begins next, in UTC, if that is after `now` and before so much time has passed."""
        found = _next_start(self, now.replace(second=0, microsecond=0))
        return found if found is not None and now < found <= now + within else None

    @property
    def is_recurring(self) -> bool:
        """Whether it is given by cron expressions."""
        return _moment(self.start, "UTC") is None

    def _check(self, field: str) -> None:
        if self.timezone not in available_timezones():
            raise InvalidInput(
                f"There is no time zone {self.timezone!r}: write one such as Europe/Berlin or UTC.",
                field=field or "timezone",
            )
        if len(self.name) > LONGEST_NAME or not (self.name or " ").isprintable():
            raise InvalidInput(
                f"The name of a freeze window has at most {LONGEST_NAME} printable characters.", field=field or "name"
            )
        if not self.is_recurring:
            start, end = _moment(self.start, self.timezone), _moment(self.end, self.timezone)
            if start is None or end is None:
                raise InvalidInput(f"{self.end!r} is no date: write 2027-01-05 08:00.", field=field or "end")
            if start >= end:
                raise InvalidInput("The freeze ends before it begins.", field=field or "end")
            return
        for part, expression in (("start", self.start), ("end", self.end)):
            if wrong := _wrong_cron(expression):
                raise InvalidInput(f"The {part} {expression!r} {wrong} {_INSTEAD}", field=field or part)
        if self.start == self.end:
            raise InvalidInput("The freeze ends when it begins.", field=field or "end")

    @override
    def __str__(self) -> str:
        return f"{self.start} to {self.end} {self.timezone}" + (f": {self.name}" if self.name else "")


def _moment(text: str, timezone: str) -> datetime | None:
    """Returns a date in UTC, or None where the text is no date."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    try:
        return (moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(timezone))).astimezone(UTC)
    except OverflowError:
        return None


def _wrong_cron(expression: str) -> str:
    """Returns the end of the sentence that says what is wrong with an expression, or ""."""
    fields = expression.split()
    if len(fields) != len(_CRON):
        return "is neither a date nor cron."
    for at, (name, holds) in enumerate(_CRON.items()):
        if not _happens(" ".join(field if other == at else "*" for other, field in enumerate(fields))):
            return f"names no {name} ({holds})."
    return "" if _happens(expression) else "never happens: no month that it names has that day."


def _happens(expression: str) -> bool:
    try:
        next(CronSim(expression, datetime(2026, 1, 1, tzinfo=UTC)))
    except (CronSimError, StopIteration):
        return False
    return True


@lru_cache(maxsize=1024)
def _period_at(window: Window, minute: datetime) -> Period | None:
    if not window.is_recurring:
        start, end = _moment(window.start, window.timezone), _moment(window.end, window.timezone)
        return Period(start, end) if start is not None and end is not None and start <= minute < end else None
    local = minute.astimezone(ZoneInfo(window.timezone))
    # The latest start up to this minute, this minute included; the end is the first one after it.
    start = next(CronSim(window.start, local + timedelta(minutes=1), reverse=True), None)
    end = None if start is None else next(CronSim(window.end, start), None)
    if start is None or end is None:
        return None
    period = Period(start.astimezone(UTC), end.astimezone(UTC))
    return period if period.start <= minute < period.end else None


@lru_cache(maxsize=1024)
def _next_start(window: Window, minute: datetime) -> datetime | None:
    if not window.is_recurring:
        return _moment(window.start, window.timezone)
    found = next(CronSim(window.start, minute.astimezone(ZoneInfo(window.timezone))), None)
    return None if found is None else found.astimezone(UTC)
