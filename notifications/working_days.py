"""Counts working days: Monday to Friday, in a time zone. Holidays are nobody's here. Pure."""

from datetime import UTC, datetime, timedelta, tzinfo

_SATURDAY = 5


def after(start: datetime, days: int, zone: tzinfo) -> datetime:
    """Returns the moment so many working days after another one, at the same time of day in that zone; UTC.

    What begins on a weekend counts from Monday, 0:00, on.
    """
    moment = start.astimezone(zone)
    if moment.weekday() >= _SATURDAY:
        moment = _next_working_day(moment).replace(hour=0, minute=0, second=0, microsecond=0)
    for _ in range(days):
        moment = _next_working_day(moment)
    return moment.astimezone(UTC)


def _next_working_day(moment: datetime) -> datetime:
    moment += timedelta(days=1)  # of the wall clock, which the zone's summer time does not disturb
    while moment.weekday() >= _SATURDAY:
        moment += timedelta(days=1)
    return moment
