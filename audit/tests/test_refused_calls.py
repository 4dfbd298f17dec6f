"""Refused calls of anonymous callers: a few rows per caller and hour, then a count."""

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.identity.callers import Caller, CallerKind
from audit import refused_calls
from audit.actors import Actor, Door
from audit.choices import AuditAction
from audit.models import AnonymousRefusals, AuditEvent
from audit.refused_calls import ROWS_PER_HOUR
from audit.trail import About
from testing.people import AdministratorFactory, UserFactory, by

pytestmark = pytest.mark.django_db

ABOUT = About(model_name="Fraud", target="stage:Production")


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """Gives the time; its `at` may be set."""
    clock = SimpleNamespace(at=datetime(2026, 11, 26, 9, 30, tzinfo=UTC))
    monkeypatch.setattr(refused_calls, "timezone", SimpleNamespace(now=lambda: clock.at))
    return clock


def anonymous(address: str) -> Actor:
    return Caller(CallerKind.ANONYMOUS, None, "", f"anonymous:{address}").acting(Door.PROXY, "r-1")


def refuse(number: int, actor: Actor) -> None:
    for _ in range(number):
        refused_calls.record(actor=actor, about=ABOUT, reason="POST /x: protected.")


def told(action: AuditAction) -> list[str]:
    return list(AuditEvent.objects.filter(action=action).order_by("pk").values_list("reason", flat=True))


def test_an_anonymous_caller_has_a_few_rows_an_hour_and_one_that_says_how_many_more_there_were(clock: Any) -> None:
    refuse(300, anonymous("10.0.0.1"))
    rows = told(AuditAction.CALL_REFUSED)
    assert len(rows) == ROWS_PER_HOUR
    assert set(rows[:-1]) == {"POST /x: protected."}
    assert rows[-1] == "POST /x: protected. More calls from 10.0.0.1 are only counted until 10:00 UTC."
    assert told(AuditAction.CALLS_COUNTED) == []
    clock.at = datetime(2026, 11, 26, 10, 0, tzinfo=UTC)
    refuse(1, anonymous("10.0.0.1"))
    assert told(AuditAction.CALLS_COUNTED) == ["295 more calls from 10.0.0.1 between 2026-11-26 09:00 and 10:00 UTC."]
    assert len(told(AuditAction.CALL_REFUSED)) == ROWS_PER_HOUR + 1
    assert AuditEvent.objects.count() == ROWS_PER_HOUR + 2


def test_callers_are_counted_apart_and_an_ipv6_network_together(clock: Any) -> None:
    for address in ("10.0.0.1", "10.0.0.2", "2001:db8:1:2::1", "2001:db8:1:2:ffff::9", "2001:db8:1:3::1", "unknown"):
        refuse(ROWS_PER_HOUR - 1, anonymous(address))
    assert len(told(AuditAction.CALL_REFUSED)) == 5 * (ROWS_PER_HOUR - 1) + 1
    assert sorted(AnonymousRefusals.objects.values_list("caller", flat=True)) == [
        "10.0.0.1",
        "10.0.0.2",
        "2001:db8:1:2::/64",
        "2001:db8:1:3::/64",
        "unknown",
    ]


def test_whoever_says_who_they_are_has_a_row_for_each_call(clock: Any) -> None:
    refuse(3 * ROWS_PER_HOUR, by(UserFactory(), Door.PROXY))
    assert told(AuditAction.CALL_REFUSED) == ["POST /x: protected."] * (3 * ROWS_PER_HOUR)
    assert not AnonymousRefusals.objects.exists()


def test_an_hour_with_a_few_calls_ends_without_a_row(clock: Any) -> None:
    refuse(ROWS_PER_HOUR, anonymous("10.0.0.1"))
    clock.at = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)
    refused_calls.end_hours()
    assert told(AuditAction.CALLS_COUNTED) == []
    assert not AnonymousRefusals.objects.exists()


@pytest.mark.parametrize("door", ["admin", "api"])
def test_whoever_reads_the_trail_reads_the_count_of_past_hours(clock: Any, door: str) -> None:
    refuse(ROWS_PER_HOUR + 1, anonymous("10.0.0.1"))
    client = Client()
    client.force_login(AdministratorFactory())
    page = reverse("admin:audit_auditevent_changelist") if door == "admin" else "/checkpoint/api/audit-events/"
    assert "1 more call from" not in client.get(page).content.decode()
    clock.at = datetime(2026, 11, 26, 10, 1, tzinfo=UTC)
    assert "1 more call from 10.0.0.1 between" in client.get(page).content.decode()
    assert client.get(page).content.decode().count("1 more call from") == 1
    stranger = Client()
    stranger.force_login(UserFactory())
    assert stranger.get(page).status_code in {302, 403}
