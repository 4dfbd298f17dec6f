"""The pages of the way back, of a broken glass and of second looks can be read and used by everybody."""

from typing import Any

import pytest
import requests

from promote_requests.tests.browser.test_accessibility import PHONE, TOO_SMALL, examine
from testing.browser.people import CallAs, Manage, SignIn
from testing.browser.registry_content import Seeded

pytestmark = [pytest.mark.browser, pytest.mark.mlflow]
_PREPARE = """
from django.contrib.auth.models import Permission
from accounts.models import User
from protection.models import ProtectionRule
moves = {"rollback": {"approvals": 1}, "break_glass": {"consent": True}, "re_review": {"days": 1}}
ProtectionRule.objects.filter(target_pattern__in=["alias:production", "stage:*"]).update(moves=moves)
for name in ("ada", "grace"):
    User.objects.get(username=name).user_permissions.add(Permission.objects.get(codename="break_glass"))
"""
_AGED = """
from datetime import timedelta
from promote_requests.models import PromoteRequest
for one in PromoteRequest.objects.exclude(promoted_at=None):
    PromoteRequest.objects.filter(pk=one.pk).update(promoted_at=one.promoted_at - timedelta(days=3))
"""


@pytest.fixture(scope="module")
def places(call_as: CallAs, manage: Manage, seeded: Seeded) -> dict[str, str]:
    """Gives the pages: a champion that is overdue, its way back, a broken glass, and two requests for one target."""
    manage("shell", "--command", _PREPARE)
    ada, grace = call_as("ada"), call_as("grace")

    def asked(version: str, kind: str, name: str, **more: Any) -> int:
        values = {"model_name": seeded.model, "version": version, "target": {"kind": kind, "name": name}, **more}
        number: int = ada("", {"title": f"Let {name} be version {version}", **values})["number"]
        return number

    champion = asked("1", "stage", "Production")
    grace(f"{champion}/reviews/", {"verdict": "approve"})
    second = asked("2", "stage", "Production")
    grace(f"{second}/reviews/", {"verdict": "approve"})
    back = grace(f"{second}/roll-back/", {"message": "It refuses good customers."})["number"]
    broken = asked("2", "alias", "production")
    grace(f"{broken}/consent/", {"words": "The checkout is down: do it."})
    ada(f"{broken}/break-glass/", {"reason": "The checkout is down and loses orders by the minute."})
    waiting = asked("1", "alias", "production")
    demotion = asked("2", "stage", "Archived")
    manage("shell", "--command", _AGED)
    found = {
        "champion": second,
        "back": back,
        "broken": broken,
        "waiting": waiting,
        "demotion": demotion,
    }
    pages = {name: f"/checkpoint/promote-requests/{number}/" for name, number in found.items()}
    return pages | {"model": f"/checkpoint/models/{requests.utils.quote(seeded.model, safe='')}/"}


PAGES = (
    "{champion}",
    "{champion}re-review/",
    "{back}",
    "{broken}",
    "{waiting}break-glass/",
    "{demotion}",
    "{model}",
    "/checkpoint/second-looks/",
    "/checkpoint/inbox/",
    "/checkpoint/?q=is:flagged",
    "/checkpoint/rules/",
)


@pytest.mark.parametrize("address", PAGES)
def test_page_can_be_used_by_everybody(sign_in: SignIn, places: dict[str, str], address: str) -> None:
    examine(sign_in("grace"), address.format(**places))


@pytest.mark.parametrize("address", PAGES)
def test_finger_finds_every_control_large_enough(sign_in: SignIn, places: dict[str, str], address: str) -> None:
    page = sign_in("grace", **PHONE)
    page.goto(address.format(**places))
    assert page.evaluate(TOO_SMALL) == []
