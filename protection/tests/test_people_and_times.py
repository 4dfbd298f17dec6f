"""The conditions that ask who approved and when: met, unmet, merged with a second rule."""

from datetime import UTC, datetime, timedelta

import pytest

from protection.conditions import Facts, Judgement, as_document, merged, parse
from protection.conditions.owners import Owners
from protection.matching import Requirement

NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)
RISK, ML = {"id": 1, "name": "Risk"}, {"id": 2, "name": "ML leads"}
GRACE = {"id": 7, "name": "grace"}


def approval(reviewer_id=7, groups=(), minutes_ago=0, **values):
    at = NOW - timedelta(minutes=minutes_ago)
    return Judgement(reviewer_id, f"user {reviewer_id}", True, True, at, groups=frozenset(groups), **values)


def unmet(*rules, given=(), opened_at=NOW):
    requirement = Requirement(conditions=merged([parse(rule) for rule in rules]))
    facts = requirement.narrowed(Facts("ada", tuple(given), NOW, opened_at=opened_at))
    return [(missing.code, missing.sentence) for missing in requirement.unmet(facts)]


def test_a_request_alone_is_enough_where_a_rule_asks_for_no_approval():
    assert unmet({"approvals": 0}) == []
    assert unmet({"approvals": 0}, {"approvals": 1}) != []


def test_only_the_named_approve():
    rule = {"approvals": 1, "approvers": {"groups": [RISK], "users": [GRACE]}}
    missing = [("approver_missing", "1 approval is needed from the group Risk or grace.")]
    assert unmet(rule, given=[approval(9)]) == missing
    assert unmet(rule, given=[approval(9, groups=[2])]) == missing
    assert unmet(rule, given=[approval(9, groups=[1])]) == []
    assert unmet(rule, given=[approval(7)]) == []


def test_of_two_rules_each_has_its_own_people_and_somebody_in_both_counts_once_for_each():
    rules = (
        {"approvals": 2, "approvers": {"groups": [RISK]}},
        {"approvals": 1, "approvers": {"groups": [ML]}},
    )
    both = approval(9, groups=[1, 2])
    assert unmet(*rules, given=[both]) == [
        ("approvals_missing", "1 more approval is needed, by somebody other than ada."),
        ("approver_missing", "1 approval is needed from the group Risk."),
    ]
    assert unmet(*rules, given=[both, approval(8, groups=[1])]) == []
    assert unmet(*rules, given=[approval(8, groups=[1]), approval(9, groups=[1])]) == [
        ("approver_missing", "1 approval is needed from the group ML leads.")
    ]


def test_the_same_people_twice_are_asked_for_the_more_approvals():
    few, many = ({"approvals": count, "approvers": {"groups": [RISK]}} for count in (1, 3))
    (found,) = [each for each in merged([parse(few), parse(many)]) if each.key == "approvers"]
    assert [demand.needed for demand in found.demands] == [3]


def test_what_rules_ask_of_people_together_can_be_kept_and_read_again():
    rules = [
        parse({"approvals": 2, "approvers": {"groups": [RISK]}, "waiting_time": 5}),
        parse({"approvals": 1, "approvers": {"users": [GRACE]}, "waiting_time": 60}),
    ]
    together = merged(rules)
    assert parse(as_document(together)) == together
    assert as_document(together)["waiting_time"] == 60


def test_an_approval_grows_too_old():
    rule = {"approvals": 1, "approval_age": 2}
    assert unmet(rule, given=[approval(minutes_ago=60 * 47)]) == []
    more = "1 more approval is needed, by somebody other than ada."
    too_old = f"{more} user 7 approved too long ago: a fresh look is needed."
    assert unmet(rule, given=[approval(minutes_ago=60 * 49)]) == [("approvals_missing", too_old)]
    assert unmet(rule, {"approval_age": 10}, given=[approval(minutes_ago=60 * 49)]) != []


def test_it_waits_after_the_last_approval_that_was_needed():
    rule = {"approvals": 2, "waiting_time": 60}
    first, last, third = approval(7, minutes_ago=90), approval(8, minutes_ago=30), approval(9)
    assert ("waiting_time", "It waits for 60 minutes after the last approval that is needed.") in unmet(
        rule, given=[first]
    )
    until = [("waiting_time", "It waits for 60 minutes after the approval, until 27 November 2026, 12:30 UTC.")]
    assert unmet(rule, given=[first, last]) == until
    assert unmet(rule, given=[first, last, third]) == until
    assert unmet(rule, given=[first, approval(8, minutes_ago=60)]) == []
    assert unmet(rule, {"waiting_time": 200}, given=[first, approval(8, minutes_ago=60)]) != []


OWNED = Owners.parse({"sections": [], "found": [{"section": "Risk", "approvals": 2, "groups": [RISK], "users": []}]})


@pytest.mark.parametrize(
    ("rules", "given", "began"),
    [
        # Whoever is not asked for begins nothing, before or after those who are.
        ([{"approvals": 1, "approvers": {"groups": [RISK]}}], [((), 90)], None),
        ([{"approvals": 1, "approvers": {"groups": [RISK]}}], [((), 90), ((1,), 30)], 30),
        ([{"approvals": 1, "approvers": {"groups": [RISK]}}], [((1,), 30), ((), 20)], 30),
        ([{"approvals": 2, "approvers": {"groups": [RISK]}}], [((1,), 90), ((), 80), ((1,), 40), ((1,), 20)], 40),
        # Nor does the right approval where another one is still missing.
        ([{"approvals": 2}, {"approvals": 1, "approvers": {"groups": [RISK]}}], [((1,), 90)], None),
        ([{"approvals": 2}, {"approvals": 1, "approvers": {"groups": [RISK]}}], [((1,), 90), ((), 30)], 30),
        # Also one that a rule without a waiting time asks for: it waits after the decision, which is one of all rules.
        ([{"approvals": 1}, {"approvals": 3}], [((), 90), ((), 80), ((), 10)], 10),
        # A rule for no approval that names people wants to hear them.
        ([{"approvals": 0, "approvers": {"groups": [RISK]}}], [((), 90)], None),
        ([{"approvals": 0, "approvers": {"groups": [RISK]}}], [((), 90), ((1,), 30)], 30),
        ([{"approvals": 0}], [((), 90), ((), 30)], 120),
        # Owners.
        ([{"approvals": 0, "owners": True}], [((1,), 90)], None),
        ([{"approvals": 1, "owners": True}], [((), 90), ((1,), 60), ((), 50), ((1,), 20)], 20),
        ([{"approvals": 1, "owners": True}, {"approvers": {"groups": [ML]}}], [((1,), 90), ((1, 2), 30)], 30),
        ([{"approvals": 1, "owners": True}, {"approvers": {"groups": [ML]}}], [((1,), 90), ((1,), 30)], None),
    ],
)
def test_the_wait_begins_when_the_last_of_those_approved_who_have_to(rules, given, began):
    rules = [parse(rule) for rule in ({"waiting_time": 100} | rules[0], *rules[1:])]
    asked = [[OWNED if one.key == "owners" else one for one in rule] for rule in rules]
    approvals = [approval(number, groups, ago) for number, (groups, ago) in enumerate(given, start=1)]
    requirement = Requirement(conditions=merged(asked))
    opened_at = NOW - timedelta(minutes=120)

    def until(order):
        facts = requirement.narrowed(Facts("ada", tuple(order), NOW, opened_at=opened_at))
        found = [missing for missing in requirement.unmet(facts) if missing.code == "waiting_time"]
        assert len(list(requirement.endings(facts))) == (began is not None and began < 100)
        return [missing.until for missing in found]

    expected = [None] if began is None else [NOW + timedelta(minutes=100 - began)] if began < 100 else []
    assert until(approvals) == until(reversed(approvals)) == expected


def test_an_approval_that_no_longer_counts_began_no_wait():
    rule = {"approvals": 1, "approval_age": 1, "waiting_time": 60}
    too_old = approval(7, minutes_ago=60 * 30)
    codes = [code for code, _ in unmet(rule, given=[too_old])]
    assert codes == ["approvals_missing", "waiting_time"]
    assert "12:50 UTC" in unmet(rule, given=[too_old, approval(8, minutes_ago=10)])[0][1]


@pytest.mark.parametrize(("minutes", "is_met"), [(59, False), (60, True)])
def test_without_approvals_it_waits_from_the_opening_on(minutes, is_met):
    opened_at = NOW - timedelta(minutes=minutes)
    assert (unmet({"approvals": 0, "waiting_time": 60}, opened_at=opened_at) == []) is is_met
