"""Freeze windows and owners: read, judged, merged, and written through API and admin."""

from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import Group
from django.test import Client

from audit.models import AuditEvent
from foundation.exceptions import InvalidInput
from protection.conditions import Facts, Judgement
from protection.conditions.owners import Section
from protection.matching import Cover, Owned, Requirement, Rulebook, requirement_for
from protection.models import FreezeWindow, Ownership, ProtectionRule
from protection.references import People, Reference
from protection.rulebook import save_entry
from protection.windows import Window
from registry.targets import Target
from testing.api_client import Api, assert_refused
from testing.factories import UserFactory
from testing.people import AdministratorFactory, by

NOT_THERE = "No registered model is called like fraud-* now: it covers nothing until there is one."
FRIDAY_EVENING = datetime(2026, 11, 27, 17, 30, tzinfo=UTC)  # 18:30 in Berlin
WEEKEND = {"start": "0 18 * * 5", "end": "0 8 * * 1", "timezone": "Europe/Berlin", "name": "weekend"}
YEAR_END = {"start": "2026-12-20 18:00", "end": "2027-01-04T08:00", "timezone": "Europe/Berlin", "name": "year end"}


@pytest.mark.parametrize(
    ("window", "now", "until"),
    [
        (WEEKEND, FRIDAY_EVENING, datetime(2026, 11, 30, 7, tzinfo=UTC)),
        (WEEKEND, datetime(2026, 11, 27, 17, 0, 30, tzinfo=UTC), datetime(2026, 11, 30, 7, tzinfo=UTC)),
        (WEEKEND, datetime(2026, 11, 27, 16, 59, 59, tzinfo=UTC), None),
        (WEEKEND, datetime(2026, 11, 30, 6, 59, 59, tzinfo=UTC), datetime(2026, 11, 30, 7, tzinfo=UTC)),
        (WEEKEND, datetime(2026, 11, 30, 7, tzinfo=UTC), None),
        # The clocks go forward in the night to 28 March 2027: the same words are another hour in UTC.
        (WEEKEND, datetime(2027, 3, 27, 12, tzinfo=UTC), datetime(2027, 3, 29, 6, tzinfo=UTC)),
        (YEAR_END, datetime(2026, 12, 20, 16, 59, tzinfo=UTC), None),
        (YEAR_END, datetime(2026, 12, 20, 17, tzinfo=UTC), datetime(2027, 1, 4, 7, tzinfo=UTC)),
        (YEAR_END, datetime(2027, 1, 4, 7, tzinfo=UTC), None),
    ],
)
def test_a_window_lasts_from_its_start_to_its_end_in_its_own_time_zone(window, now, until):
    found = Window.parse(window, field="start").period_at(now)
    assert (found and found.end) == until


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"timezone": "Berlin"}, "no time zone 'Berlin'"),
        ({"start": "Friday"}, "'Friday' is neither a date nor cron"),
        ({"start": "60 18 * * 5"}, "'60 18 * * 5' names no minute (0 to 59). Write a date"),
        ({"start": "0 24 * * 5"}, "names no hour (0 to 23)"),
        ({"start": "0 18 0 * *"}, "names no day of the month (1 to 31)"),
        ({"start": "0 18 * FOO *"}, "names no month (1 to 12, or JAN to DEC)"),
        ({"start": "0 18 * * 9"}, "names no day of the week (0 to 7, or SUN to SAT)"),
        ({"start": "*/0 18 * * 5"}, "names no minute"),
        ({"start": "0 0 31 4,6 *"}, "'0 0 31 4,6 *' never happens: no month that it names has that day. Write a date"),
        ({"start": "0 0 30 FEB *"}, "never happens"),
        ({"start": "0 0 0 18 * 5"}, "is neither a date nor cron"),
        ({"end": ""}, "a start and an end"),
        ({"end": 5}, "a start and an end"),
        ({"end": "0 18 * * 5"}, "ends when it begins"),
        ({"start": "2026-12-24", "end": "0 8 * * 1"}, "'0 8 * * 1' is no date"),
        ({"start": "2026-12-24", "end": "2026-12-24"}, "ends before it begins"),
        ({"ends": "x"}, "has start, end, timezone and name"),
        ({"name": "x" * 101}, "at most 100"),
    ],
)
def test_a_window_that_cannot_be_is_refused_with_a_sentence(change, says):
    with pytest.raises(InvalidInput) as refused:
        Window.parse(WEEKEND | change, field="start")
    assert says in refused.value.message


def requirement(*rules, freezes=(), ownership=(), model_name="Fraud"):
    book = Rulebook(
        tuple(ProtectionRule(target_pattern="stage:*", conditions=conditions) for conditions in rules),
        tuple(freezes),
        tuple(ownership),
    )
    return requirement_for(book, workspace="", model_name=model_name, targets=[Target.parse("stage:Production")])


def unmet(asked, *given, now=FRIDAY_EVENING):
    facts = asked.narrowed(Facts("ada", given, now, opened_at=now))
    return [(missing.code, missing.sentence, missing.until) for missing in asked.unmet(facts)]


def test_nothing_is_promoted_while_a_window_of_the_rule_or_for_all_lasts():
    until = datetime(2026, 11, 30, 7, tzinfo=UTC)
    sentence = "Promotions are frozen until 30 November 2026, 07:00 UTC: weekend."
    own = requirement({"approvals": 0, "freeze_windows": [WEEKEND]})
    for_all = requirement({"approvals": 0}, freezes=[Cover(Window(**WEEKEND), model_pattern="fra*")])
    both = requirement(
        {"approvals": 0, "freeze_windows": [WEEKEND]}, freezes=[Cover(Window(**{**WEEKEND, "name": "audit"}))]
    )
    assert unmet(own) == unmet(for_all) == [("frozen", sentence, until)]
    assert unmet(both)[0][1].endswith("weekend and audit.")
    assert unmet(own, now=until) == []
    other = requirement({"approvals": 0}, freezes=[Cover(Window(**WEEKEND), model_pattern="Churn")])
    staging = requirement({"approvals": 0}, freezes=[Cover(Window(**WEEKEND), target_pattern="stage:Staging")])
    assert unmet(other) == unmet(staging) == []
    assert Requirement.thaw(both.freeze()).conditions == both.conditions


def test_a_freeze_for_all_leaves_what_a_rule_allows():
    allowed = requirement({"approvals": 0, "unplaced_source": True}, freezes=[Cover(Window(**YEAR_END))])
    facts = Facts("ada", (), FRIDAY_EVENING, unplaced_source="s3://bucket/root/777")
    assert allowed.unmet(facts) == ()


def test_a_freeze_is_announced_a_day_ahead():
    asked = requirement({"approvals": 0, "freeze_windows": [WEEKEND]})
    for hours, says in ((25, ()), (23, ("A freeze begins on 27 November 2026, 17:00 UTC: weekend.",))):
        now = datetime(2026, 11, 27, 17, tzinfo=UTC) - timedelta(hours=hours)
        assert asked.announcements(Facts("ada", (), now)) == says
    assert asked.announcements(Facts("ada", (), FRIDAY_EVENING)) == ()


RISK, ML = People((Reference(1, "Risk"),)), People((), (Reference(7, "grace"),))


def approval(reviewer_id, *groups):
    return Judgement(reviewer_id, "somebody", True, True, FRIDAY_EVENING, groups=frozenset(groups))


def test_of_every_section_the_owners_of_the_closest_pattern_approve():
    rows = [
        Owned(Section("Risk", RISK, 1), model_pattern="*"),
        Owned(Section("ML", RISK, 1), model_pattern="*"),
        Owned(Section("ML", ML, 1), model_pattern="fra*"),
        Owned(Section("ML", RISK, 2), model_pattern="Churn"),
        Owned(Section("Law", RISK, 1), workspace_pattern="team-b"),
    ]
    asked = requirement({"approvals": 1, "owners": True}, ownership=rows)
    assert unmet(asked, approval(9)) == [
        (
            "owner_missing",
            "1 approval is needed for ML, from grace. 1 approval is needed for Risk, from the group Risk.",
            None,
        )
    ]
    assert unmet(asked, approval(7), approval(9, 1)) == unmet(asked, approval(7, 1)) == []
    only_risk = requirement({"approvals": 1, "owners": ["risk"]}, ownership=rows)
    assert unmet(only_risk, approval(9, 1)) == []
    assert Requirement.thaw(asked.freeze()).conditions == asked.conditions
    both = requirement({"owners": ["risk"]}, {"owners": ["ML"]}, ownership=rows)
    assert [code for code, *_ in unmet(both, approval(9, 1))] == ["owner_missing"]


def test_a_model_without_an_owner_is_promoted_by_nobody():
    for rule, rows, says in (
        ({"owners": True}, [], "No owner is named"),
        ({"owners": ["Law"]}, [Owned(Section("Risk", RISK, 1))], "No owner of Law is named"),
    ):
        ((code, sentence, _),) = unmet(requirement(rule, ownership=rows), approval(7, 1))
        assert (code, says in sentence) == ("owner_unknown", True)


def copied(into, model_pattern, rule, target_pattern="*"):
    """Returns what is asked of copying a version of Fraud into a model, of rows for the models of a pattern."""
    book = Rulebook(
        (ProtectionRule(target_pattern="model:prod.*", model_pattern="Nothing", conditions=rule),),
        (Cover(Window(**WEEKEND), model_pattern=model_pattern, target_pattern=target_pattern),),
        (Owned(Section("Risk", RISK, 1), model_pattern=model_pattern),),
    )
    return requirement_for(book, workspace="", model_name="Fraud", targets=[Target.parse(f"model:{into}")])


@pytest.mark.parametrize(
    ("model_pattern", "is_of_it"), [("prod.*", True), ("Prod.Fraud", True), ("Fraud", False), ("*", True)]
)
def test_a_copy_is_frozen_and_owned_as_the_model_is_into_which_it_goes(model_pattern, is_of_it):
    frozen = unmet(copied("prod.fraud", model_pattern, {"approvals": 0}))
    assert [code for code, *_ in frozen] == (["frozen"] if is_of_it else [])
    owned = unmet(copied("prod.fraud", model_pattern, {"owners": True}), now=datetime(2026, 11, 25, tzinfo=UTC))
    assert [code for code, *_ in owned] == ["owner_missing" if is_of_it else "owner_unknown"]


def test_a_freeze_of_copies_into_some_models_leaves_the_others():
    for into, codes in (("prod.fraud", ["frozen"]), ("prod.churn", [])):
        assert [code for code, *_ in unmet(copied(into, "*", {"approvals": 0}, "model:prod.f*"))] == codes


@pytest.fixture
def api(db, registry):
    return Api(AdministratorFactory(username="root"))


@pytest.mark.django_db
def test_a_freeze_window_is_written_by_the_api_and_leaves_rows(api, ada):
    made = api.post("freeze-windows/", {**WEEKEND, "model_pattern": "fraud-*"}).json()
    assert made == {
        "id": made["id"],
        "version": 1,
        "warnings": [NOT_THERE],
        **WEEKEND,
        "workspace_pattern": "*",
        "model_pattern": "fraud-*",
        "target_pattern": "*",
    }
    assert api.patch(f"freeze-windows/{made['id']}/", {"timezone": "UTC"}).json()["timezone"] == "UTC"
    assert Api(ada).get("freeze-windows/").json()["results"][0]["name"] == "weekend"
    assert_refused(Api(ada).post("freeze-windows/", {**WEEKEND, "name": "mine"}), 403, "PERMISSION_DENIED")
    assert_refused(api.post("freeze-windows/", WEEKEND), 400, "INVALID_PARAMETER_VALUE", field="name")
    wrong = api.post("freeze-windows/", {**WEEKEND, "name": "x", "timezone": "Mars"})
    assert_refused(wrong, 400, "INVALID_PARAMETER_VALUE", "no time zone", field="timezone")
    assert api.delete(f"freeze-windows/{made['id']}/").status_code == 204
    assert api.get(f"freeze-windows/{made['id']}/").status_code == 404
    reasons = AuditEvent.objects.filter(action="rule_changed").order_by("pk").values_list("reason", flat=True)
    assert [reason.partition(":")[0] for reason in reasons] == ["added", "freeze window weekend", "deleted"]


@pytest.mark.django_db
@pytest.mark.parametrize("part", sorted(WEEKEND))
def test_a_freeze_window_is_the_same_with_spaces_around_its_parts(api, part):
    made = api.post("freeze-windows/", {**WEEKEND, part: f"\t{WEEKEND[part]} "}).json()
    assert {name: made[name] for name in WEEKEND} == WEEKEND
    again = api.patch(f"freeze-windows/{made['id']}/", {part: f" {WEEKEND[part]} "}).json()
    assert (again["version"], again[part]) == (1, WEEKEND[part])
    assert AuditEvent.objects.filter(action="rule_changed").count() == 1
    assert_refused(api.post("freeze-windows/", {**WEEKEND, "name": " weekend "}), 400, "INVALID_PARAMETER_VALUE")


@pytest.mark.django_db
def test_owners_are_written_by_the_api_by_their_names(api, ada, grace):
    Group.objects.create(name="Empty")
    made = api.post("ownership/", {"section": "Risk", "model_pattern": "fraud-*", "users": ["grace"]}).json()
    assert made == {
        "id": made["id"],
        "version": 1,
        "warnings": [NOT_THERE],
        "section": "Risk",
        "workspace_pattern": "*",
        "model_pattern": "fraud-*",
        "groups": [],
        "users": ["grace"],
        "approvals": 1,
    }
    for body, says in (
        ({"users": []}, "at least one group or user"),
        ({"groups": ["Empty"]}, "no active members"),
        ({"approvals": 2}, "only 1 person of them"),
        ({"approvals": 7}, "only 1 person of them"),
        ({"section": " Risk"}, "Remove spaces"),
    ):
        refused = api.patch(f"ownership/{made['id']}/", body)
        assert (refused.status_code, says in refused.json()["message"]) == (400, True), refused.json()
    assert_refused(Api(ada).delete(f"ownership/{made['id']}/"), 403, "PERMISSION_DENIED")
    rule = api.post("protection-rules/", {"target_pattern": "alias:live", "conditions": {"owners": ["Law"]}})
    assert_refused(rule, 400, "INVALID_PARAMETER_VALUE", "no section Law", field="owners")
    rule = api.post("protection-rules/", {"target_pattern": "alias:live", "conditions": {"owners": ["risk"]}})
    assert rule.status_code == 201


@pytest.mark.django_db
def test_both_are_written_in_the_admin_and_what_is_wrong_is_said_at_the_field(api, grace):
    UserFactory(username="linus", is_active=False)
    browser = Client()
    browser.force_login(AdministratorFactory(username="admin"))
    admin = "/checkpoint/admin/protection"
    window = {**WEEKEND, "workspace_pattern": "*", "model_pattern": "*", "target_pattern": "*"}
    page = browser.post(f"{admin}/freezewindow/add/", {**window, "start": "0 18 * * 9"})
    assert "names no day of the week" in page.content.decode()
    assert browser.post(f"{admin}/freezewindow/add/", window).status_code == 302
    row = {"section": "Risk", "workspace_pattern": "*", "model_pattern": "*", "approvals": 1}
    page = browser.post(f"{admin}/ownership/add/", {**row, "people": "user linus"})
    assert "linus is deactivated" in page.content.decode()
    page = browser.post(f"{admin}/ownership/add/", {**row, "people": "team Risk"})
    assert "write group and its name, or user and the name" in page.content.decode()
    assert browser.post(f"{admin}/ownership/add/", {**row, "people": "user grace"}).status_code == 302
    assert "user grace" in browser.get(f"{admin}/ownership/{Ownership.objects.get().pk}/change/").content.decode()
    assert FreezeWindow.objects.get().cover.window == Window(**WEEKEND)


def test_owners_of_a_group_that_is_renamed_are_the_same_and_those_of_one_that_took_its_name_are_not(ada):
    actor = by(AdministratorFactory())

    def risk():
        made = Group.objects.create(name="Risk")
        made.user_set.add(ada)
        return made

    former = risk()
    row = save_entry(actor=actor, entry=Ownership(section="Risk", people={"groups": ["Risk"]}))
    Group.objects.filter(pk=former.pk).update(name="Risk and compliance")
    assert save_entry(actor=actor, entry=row).version == 1
    Group.objects.filter(pk=former.pk).update(name="Risk")
    assert save_entry(actor=actor, entry=row).version == 1
    former.delete()
    risk()
    row.people = {"groups": ["Risk"]}
    assert save_entry(actor=actor, entry=row).version == 2
    reason = AuditEvent.objects.filter(action="rule_changed").latest("pk").reason
    assert reason == "owners Risk: the same words, for other people, groups or settings"
