"""Every rule through every door: refused alike, nothing changed, and the refusal told in the trail.

A rule names an act, `WAYS` says how the act is done through each door or why it cannot be. A new door, address, action,
status, service or kind of refusal fails a test here until it has its place.
"""

from typing import Any

import pytest
from django.contrib.auth.models import Group

from accounts import people
from audit.choices import AuditAction
from audit.models import AuditEvent
from promote_requests.choices import Status
from promote_requests.models import Label
from promote_requests.tests.doors import story
from promote_requests.tests.doors.attempts import Attempt, Way
from promote_requests.tests.doors.rule import Rule
from promote_requests.tests.doors.rules import RULES
from promote_requests.tests.doors.story import ENTRIES, Door, World
from promote_requests.tests.doors.ways import AT_THE_DESK, ENTRY_ACTS, LABEL_ACTS, RULE_ACTS, WAYS
from protection.models import ProtectionRule
from testing.people import AdministratorFactory, by

pytestmark = pytest.mark.django_db

world = story.world
VALUES: dict[str, dict[str, Any]] = {
    "create": {"model_name": "Fraud", "version": "2", "target": "stage:Production", "title": "Deeper trees"},
    "edit": {"title": "Mine", "description": "Mine."},
    "check": {"name": "ci/evals"},
    "report a check": {"name": "ci/evals", "state": "success", "evidence_fingerprint": "1:old"},
    "comment": {"body": "A remark."},
    "answer": {"answers": {"0": "yes"}},
    "open a thread": {"body": "Why?", "is_blocking": True},
    "reply": {"thread": World.question, "body": "Because."},
    "resolve": {"thread": World.question},
    "unresolve": {"thread": World.question},
    "edit_comment": {"thread": World.question, "comment": World.remark, "body": "September's."},
    "delete_comment": {"thread": World.question, "comment": World.remark},
    "close": {"reason": "rejected"},
    "set a direction": {"model_name": "Fraud", "metric": "auc", "direction": "lower"},
    "review": {"verdict": "approve"},
    "label": {"labels": ["urgent"]},
    "add a label": {"name": "urgent", "colour": "red"},
    "change a label": {"name": "urgent", "colour": "red"},
    "ask": {"users": ["linus"]},
    "pick up": {"group": "Risk"},
    "decline": {"reason": "On leave."},
    "hand over": {"to": "linus"},
    "dismiss": {"review": 1, "reason": "Answered at the meeting."},
    "supersede": {"by": 999},
    "break_glass": {"reason": "The checkout is down and loses orders."},
    "review_afterwards": {"body": "I looked at it."},
    "re_review": {"body": "Still fit for use."},
    "transition-stage": {"name": "Fraud", "version": "2", "stage": "Production", "archive_existing_versions": True},
    "set-alias": {"name": "Fraud", "alias": "champion", "version": "2"},
    "delete-alias": {"name": "Fraud", "alias": "champion"},
    "delete-version": {"name": "Fraud", "version": "1"},
}
CASES = [
    pytest.param(rule, door, id=f"{rule.name} [{door}]")
    for rule in RULES
    for door in Door
    if isinstance(WAYS[rule.act][door], Way) and door not in rule.but
]


@pytest.mark.sampled(every=4)  # each rule at a door or two, and each door with a quarter of the rules
@pytest.mark.parametrize(("rule", "door"), CASES)
def test_every_rule_refuses_alike_through_every_door(rule: Rule, door: Door, world: World) -> None:
    actor = getattr(world, rule.actor)
    request = world.at(rule.at) if rule.at else None
    if door == Door.ADMIN and actor != world.root:
        actor.is_staff = True
        actor.save()
        actor.groups.set(Group.objects.filter(name=rule.group))
    values = {
        name: value(world) if callable(value) else value
        for name, value in (VALUES.get(rule.act.removesuffix(AT_THE_DESK), {}) | rule.values).items()
    }
    if rule.act in RULE_ACTS[1:]:
        values["pk"] = ProtectionRule.objects.get(target_pattern="stage:*").pk
    if rule.act in LABEL_ACTS[1:]:
        values["pk"] = Label.objects.create(name="late", key="late").pk
    if rule.act in ENTRY_ACTS:
        values["kind"] = ENTRY_ACTS[rule.act]
        if not rule.act.startswith("add"):
            kind, fields = ENTRIES[values["kind"]]
            values["pk"] = kind.objects.create(**fields).pk
    number = request.pk if request else None
    if request and rule.act.endswith("auditevent"):
        number = AuditEvent.objects.latest("pk").pk
    attempt = Attempt(actor, number, values)
    rule.before(world)
    is_deactivated = rule.name.endswith("after deactivation")
    if is_deactivated:
        people.deactivate(actor=by(AdministratorFactory()), user=actor)
        actor.refresh_from_db()
    before, trail = world.state(), set(AuditEvent.objects.values_list("pk", flat=True))

    answer = WAYS[rule.act][door].go(attempt)

    status, says = _expected(rule, door, is_deactivated=is_deactivated)
    assert (answer.status, says in answer.text) == (status, True), answer
    after = world.state()
    assert after.pop("observed") == before.pop("observed") or rule.observes
    assert after == before
    rows = list(AuditEvent.objects.exclude(pk__in=trail))
    if rule.observes:
        assert rows.pop(0).action == AuditAction.EVIDENCE_CHANGED
    if not rule.row or _is_hidden(rule, door) or (is_deactivated and door != Door.SERVICE):
        assert rows == []
        return
    (row,) = rows
    assert row.action == (AuditAction.CALL_REFUSED if door == Door.PROXY else AuditAction.REFUSED)
    assert (row.actor, len(row.request_id)) == (actor, 32)
    assert rule.says.removesuffix("Open it here:") in row.reason
    assert row.promote_request == request
    assert row.target or not rule.act.endswith("create")


SIGN_IN = {
    Door.PAGE: (302, "/checkpoint/accounts/login/?next="),
    Door.API: (401, "credentials"),
    Door.ADMIN: (302, "/login/?next="),
    Door.PROXY: (401, "expired or revoked"),
}
"""Whoever may not sign in any more gets no further than this, so nobody is there to be named in the trail."""


def _is_hidden(rule: Rule, door: Door) -> bool:
    """Tells whether somebody tries their hand at another's draft, which the door does not even admit to be there."""
    return rule.at == Status.DRAFT and rule.actor != "ada" and door in (Door.PAGE, Door.API)


def _expected(rule: Rule, door: Door, *, is_deactivated: bool) -> tuple[int, str]:
    if is_deactivated and door != Door.SERVICE:
        return SIGN_IN[door]
    if _is_hidden(rule, door):
        return 404, "There is no promote request #"
    if door == Door.ADMIN and rule.act in ("review", "close") and rule.group:
        return 302, rule.says
    if door == Door.ADMIN and rule.status == 400 and not WAYS[rule.act][door].is_of_desk:
        return 200, rule.says
    return rule.status, rule.says
