"""The conditions that ask who approved and when: met, unmet, merged with a second rule."""

from datetime import UTC, datetime, timedelta

import pytest

from protection.conditions import Facts, Judgement, as_document, merged, parse
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
    assert as_document(together)["waiting_time"] == {"minutes": 60, "approvals": 2}


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


@pytest.mark.parametrize(("minutes", "is_met"), [(59, False), (60, True)])
def test_without_approvals_it_waits_from_the_opening_on(minutes, is_met):
    opened_at = NOW - timedelta(minutes=minutes)
    assert (unmet({"approvals": 0, "waiting_time": 60}, opened_at=opened_at) == []) is is_met
