"""Every condition that does not hold keeps the target from changing, through every door, by the same sentence."""

import pytest
from django.contrib.auth.models import Group
from django.core.management import call_command

from audit.choices import AuditAction
from audit.models import AuditEvent
from promote_requests import services
from promote_requests.choices import Status
from promote_requests.services.by_itself.due import promote_all_due
from promote_requests.tests.doors import story
from promote_requests.tests.doors.attempts import Attempt
from promote_requests.tests.doors.held_back import HELD, Held, Scene
from promote_requests.tests.doors.story import Door, World
from promote_requests.tests.doors.ways import WAYS
from protection.conditions import CONDITIONS
from protection.models import ProtectionRule
from testing.api_client import Api

pytestmark = pytest.mark.django_db

world = story.world
CALL = {"name": "Fraud", "stage": "Production", "archive_existing_versions": True}
EACH = pytest.mark.parametrize("key", HELD)


@pytest.fixture
def scene(world: World, monkeypatch: pytest.MonkeyPatch) -> Scene:
    return Scene(world, monkeypatch)


def promotes(when: str) -> None:
    ProtectionRule.objects.filter(target_pattern="stage:*").update(promote_when=when)


def is_live(scene: Scene) -> bool:
    return scene.world.fraud.get_version("Fraud", scene.request().version).stage == "Production"


def missing(scene: Scene) -> list[str]:
    return [missing.code for missing in services.decision_of(scene.request()).unmet]


def held(scene: Scene, key: str, when: str) -> Held:
    """Brings the request there; returns what is expected."""
    case = HELD[key]
    case.hold(scene)
    promotes(when)
    assert case.code in missing(scene)
    return case


def rows() -> set[int]:
    return set(AuditEvent.objects.values_list("pk", flat=True))


def rows_since(trail: set[int]) -> list[AuditEvent]:
    return list(AuditEvent.objects.exclude(pk__in=trail).order_by("pk"))


def test_every_condition_is_in_the_table() -> None:
    assert set(HELD) == set(CONDITIONS)


@EACH
def test_nobody_gets_past_it_by_page_api_or_a_call_and_each_refusal_is_in_the_trail(key: str, scene: Scene) -> None:
    case = held(scene, key, "pressed")
    number, grace = scene.request().pk, scene.world.grace
    grace.is_staff = True
    grace.save()
    grace.groups.add(Group.objects.get(name="Record readers"))
    attempt = Attempt(grace, number, {})
    for door in (Door.SERVICE, Door.PAGE, Door.API, Door.ADMIN):
        trail = rows()
        answer = WAYS["promote"][door].go(attempt)
        assert (answer.status, case.says in answer.text) == (409, True), (door, answer)
        (row,) = rows_since(trail)
        assert (row.action, row.actor, row.promote_request_id) == (AuditAction.REFUSED, grace, number)
        assert case.says in row.reason
    trail, attempt.values = rows(), CALL | {"version": scene.request().version}
    answer = WAYS["transition-stage"][Door.PROXY].go(attempt)
    assert (answer.status, "Open it here:" in answer.text) == (403, True), answer
    (row,) = rows_since(trail)
    assert (row.action, row.actor, row.target) == (AuditAction.CALL_REFUSED, grace, "stage:Production")
    told = Api(grace).get(f"promote-requests/{number}/").json()["unmet"]
    (said,) = [one for one in told if one["code"] == case.code]
    assert said["message"].startswith(case.says)
    assert bool(said["until"]) is (key in ("freeze_windows", "soak", "waiting_time"))
    assert not is_live(scene)


@EACH
def test_an_approval_in_the_admin_promotes_nothing(key: str, scene: Scene) -> None:
    case = held(scene, key, "approved")
    attempt = Attempt(scene.world.root, scene.request().pk, {"seen_fingerprint": scene.request().evidence_fingerprint})
    trail = rows()
    answer = WAYS["review"][Door.ADMIN].go(attempt)
    assert answer.status == 302, answer
    assert [row.action for row in rows_since(trail)] == [AuditAction.REVIEWED]
    assert (case.code in missing(scene), scene.request().status, is_live(scene)) == (True, Status.OPEN, False)


@EACH
def test_worker_and_command_leave_it_until_it_holds_and_promote_it_then(key: str, scene: Scene) -> None:
    case = held(scene, key, "due")
    trail = rows()
    call_command("promote_due")
    promote_all_due()
    assert (rows_since(trail), scene.request().status, is_live(scene)) == ([], Status.OPEN, False)
    case.mend(scene)
    promotes("due")
    promote_all_due()
    call_command("promote_due")  # also measures the gates again, which the worker does as a task of its own
    assert (missing(scene), scene.request().status, is_live(scene)) == ([], Status.PROMOTED, True)
    assert AuditAction.PROMOTED in [row.action for row in rows_since(trail)]
