from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from notifications import working_days

BERLIN = ZoneInfo("Europe/Berlin")


def utc(day, hour=12, month=11, minute=0):
    return datetime(2026, month, day, hour, minute, tzinfo=UTC)


@pytest.mark.parametrize(
    ("start", "days", "expected"),
    [
        (utc(24), 2, utc(26)),  # Tuesday to Thursday
        (utc(26), 2, utc(30)),  # Thursday to Monday
        (utc(27), 1, utc(30)),  # Friday to Monday
        (utc(28), 1, utc(1, 0, 12)),  # Saturday counts from Monday, 0:00
        (utc(29, 23), 0, utc(30, 0)),
        (utc(24), 10, utc(8, 12, 12)),
    ],
)
def test_weekends_are_left_out(start, days, expected):
    assert working_days.after(start, days, UTC) == expected


def test_the_weekend_is_that_of_the_zone():
    friday_night = utc(27, 23)  # Saturday in Berlin
    assert working_days.after(friday_night, 1, UTC) == utc(30, 23)
    assert working_days.after(friday_night, 1, BERLIN) == utc(30, 23)  # Monday, 0:00, and a day
    assert working_days.after(friday_night, 1, ZoneInfo("America/New_York")) == utc(30, 23)


def test_the_time_of_day_stays_where_the_clocks_change():
    friday = utc(23, 10, 10)  # 12:00 of summer time
    assert working_days.after(friday, 1, BERLIN) == utc(26, 11, 10)  # 12:00 of winter time
