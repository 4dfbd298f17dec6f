"""External checks: what CI and test harnesses report of a request, and how far the required ones have come. Pure."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from django.db.models import TextChoices

from registry.names import plain


class State(TextChoices):
    """What a report says. `requested` is Checkpoint's own: somebody asked for the check once more."""

    PENDING = "pending", "pending"
    SUCCESS = "success", "passed"
    FAILURE = "failure", "failed"
    ERROR = "error", "could not run"
    NEUTRAL = "neutral", "neither passed nor failed"
    REQUESTED = "requested", "asked for again"


RESERVED = "checkpoint/"
"""How the names of the checks begin that Checkpoint makes itself: nobody reports one of these."""
INSPECTION = "checkpoint/inspection"
"""The built-in check of a version's files, see `evidence.inspection`."""


def is_reserved(name: str) -> bool:
    """Tells whether a name is, in whatever spelling, one that Checkpoint keeps for its own checks."""
    return plain(name).strip().startswith(RESERVED)


REPORTED = tuple(state for state in State if state is not State.REQUESTED)
"""What a reporter may say."""


class Outcome(StrEnum):
    """What a state means for a rule; neutral stops nothing."""

    PASSED = "passed"
    PENDING = "pending"
    FAILED = "failed"


_OUTCOMES = {
    State.SUCCESS: Outcome.PASSED,
    State.NEUTRAL: Outcome.PASSED,
    State.PENDING: Outcome.PENDING,
    State.REQUESTED: Outcome.PENDING,
    State.FAILURE: Outcome.FAILED,
    State.ERROR: Outcome.FAILED,
}


@dataclass(frozen=True, slots=True)
class RequiredCheck:
    """A check that a rule asks for.

    Attributes:
        name: Compared without regard to case, accents and the like.
        reporter: The user whose report counts; empty for whoever reported it first, but never the author.
        hours: From the request's opening on; it failed if nothing final was reported by then. 0 for no end.
    """

    name: str
    reporter: str = ""
    hours: int = 0

    def __str__(self) -> str:
        by = f" by {self.reporter}" if self.reporter else ""
        within = f" within {self.hours} hours" if self.hours else ""
        return f"{self.name}{by}{within}"


@dataclass(frozen=True, slots=True)
class Report:
    """A report of a check.

    Attributes:
        reporter: The name of who reported it, or asked for it again.
        is_authors: Whether that was the request's author.
        is_current: Whether it is about the present facts. One about former facts only tells whose check it is.
        is_authors_now: Whether it came into the author's hands since. Then it passes nothing; it stays whose it is, or
            whoever hands a reporter over would free a check that has failed.
    """

    name: str
    state: State
    reporter: str
    is_authors: bool
    at: datetime
    summary: str = ""
    details_url: str = ""
    is_current: bool = True
    is_authors_now: bool = False


@dataclass(frozen=True, slots=True)
class Standing:
    """How far one check has come.

    Attributes:
        name: As the rule spells it, or as it was first reported.
        latest: The report that counts; None where there is none.
        words: What is to be said of it, to follow its name: by whom, where it has to pass by several.
        required: None for a check that no rule asks for.
    """

    name: str
    outcome: Outcome
    words: str
    latest: Report | None
    required: RequiredCheck | None = None

    @property
    def is_inspection(self) -> bool:
        """Whether it is the built-in check of the version's files."""
        return self.name == INSPECTION


def standings(
    required: Iterable[RequiredCheck], reports: Iterable[Report], *, opened_at: datetime, now: datetime
) -> tuple[Standing, ...]:
    """Returns how far each check has come: the required ones first, then whatever else was reported, by name.

    Args:
        required: What the rules ask for; a check that is to pass by several reporters once for each.
        reports: Of the request, oldest first.
        opened_at: When the request was opened for review.
        now: UTC.
    """
    by_name: dict[str, list[Report]] = {}
    for report in reports:
        by_name.setdefault(plain(report.name), []).append(report)
    wanted = list(required)
    found = [_of_required(check, by_name.get(plain(check.name), []), opened_at, now) for check in wanted]
    names = Counter(plain(check.name) for check in wanted)
    found = [
        replace(each, words=f"by {check.reporter} {each.words}") if names[plain(check.name)] > 1 else each
        for check, each in zip(wanted, found, strict=True)
    ]
    for name in names:
        by_name.pop(name, None)
    current = [[report for report in given if report.is_current] for given in by_name.values()]
    others = [
        Standing(given[0].name, _OUTCOMES[given[-1].state], _said(given[-1]), given[-1]) for given in current if given
    ]
    return (*found, *sorted(others, key=lambda standing: standing.name.casefold()))


def pinned_to(check: RequiredCheck | None, reports: Iterable[Report]) -> str:
    """Returns the name of the only user whose report of a check counts; "" while anybody's does.

    Facts that change free no check: whoever can log a metric would else choose who reports next.

    Args:
        check: What the rule says of it; None for a check that no rule asks for.
        reports: Of this check, also of former facts, oldest first.
    """
    if check is not None and check.reporter:
        return check.reporter
    return next(
        (
            given.reporter
            for given in reports
            if given.state is not State.REQUESTED and not (check and given.is_authors)
        ),
        "",
    )


def _of_required(check: RequiredCheck, reports: list[Report], opened_at: datetime, now: datetime) -> Standing:
    only = pinned_to(check, reports)
    counting = [
        given
        for given in reports
        if given.is_current
        and (
            given.state is State.REQUESTED
            or (given.reporter == only and (bool(check.reporter) or not given.is_authors))
        )
    ]
    latest = counting[-1] if counting else None
    outcome = _OUTCOMES[latest.state] if latest else Outcome.PENDING
    is_nobodys = not check.reporter and any(given.is_authors_now and given.reporter == only for given in reports)
    if latest and is_nobodys and outcome is Outcome.PASSED:
        latest, outcome = None, Outcome.PENDING
    due = opened_at + timedelta(hours=check.hours) if check.hours else None
    if outcome is Outcome.PENDING and is_nobodys:
        is_late = due is not None and now >= due
        return Standing(check.name, Outcome.FAILED if is_late else outcome, _nobodys(only), latest, check)
    if outcome is Outcome.PENDING and due is not None:
        when = f"{due:%Y-%m-%d %H:%M} UTC"
        if now >= due:
            return Standing(check.name, Outcome.FAILED, f"was not reported by {when}", latest, check)
        return Standing(check.name, outcome, f"{_said(latest, check.name)}, due by {when}", latest, check)
    return Standing(check.name, outcome, _said(latest, check.name), latest, check)


def _nobodys(reporter: str) -> str:
    """Returns what is said of a check that stays its first reporter's, and so nobody's, as that is the author now."""
    return (
        f"was reported by {reporter}, whose reports are the author's own now: that does not count, and a rule has to "
        "name another reporter"
    )


def _said(report: Report | None, name: str = "") -> str:
    if report is None:
        return "was not made yet" if is_reserved(name) else "was not reported yet"
    return {
        State.PENDING: "is running",
        State.SUCCESS: "passed",
        State.FAILURE: "failed",
        State.ERROR: "could not run",
        State.NEUTRAL: "neither passed nor failed",
        State.REQUESTED: f"was asked for again by {report.reporter}",
    }[report.state]
