from dataclasses import replace
from datetime import UTC, datetime

import pytest
from django.core.exceptions import ValidationError

from foundation.exceptions import InvalidInput
from protection.conditions import CONDITIONS, Facts, as_document, merged, parse
from protection.conditions.approvals import Approvals
from protection.models import ProtectionRule


@pytest.mark.parametrize(
    ("document", "field", "says"),
    [
        ({"approvals": -1}, "approvals", "from 0 to 6"),
        ({"approvals": 7}, "approvals", "from 0 to 6"),
        ({"approvals": True}, "approvals", "whole number"),
        ({"approvals": "2"}, "approvals", "whole number"),
        ({"approvals": None}, "approvals", "whole number"),
        ({"changes_requested": False}, "changes_requested", "cannot be switched off"),
        ({"approval": 1}, "conditions", "'approval' is no condition"),
        ([], "conditions", "must be an object"),
        (None, "conditions", "must be an object"),
    ],
)
def test_a_document_that_cannot_be_is_refused_with_its_condition_named(document, field, says):
    with pytest.raises(InvalidInput, match=says) as refused:
        parse(document)
    assert refused.value.field == field
    with pytest.raises(ValidationError, match=says):
        ProtectionRule(target_pattern="stage:*", conditions=document).clean()


def test_a_document_is_read_and_written_alike():
    assert as_document(parse({"approvals": 2})) == {"approvals": 2}


def test_the_stricter_of_two_applies_and_what_always_holds_is_there():
    found = merged([parse({"approvals": 2}), parse({"approvals": 3}), parse({})])
    assert as_document(found) == {"approvals": 3, "changes_requested": True, "unplaced_source": False}


def test_every_condition_says_what_it_asks_for_and_can_be_written_down():
    samples = {
        "approvals": 2,
        "approval_age": 30,
        "freeze_windows": [{"start": "0 18 * * 5", "end": "0 8 * * 1", "timezone": "Europe/Berlin", "name": "weekend"}],
        "owners": ["Risk"],
        "approvers": {"groups": [{"id": 1, "name": "Risk"}], "users": [{"id": 7, "name": "grace"}]},
        "waiting_time": 60,
        "signature": True,
        "questions": [
            {
                "question": "How bad is a wrong answer?",
                "type": "choice",
                "choices": ["low", "high"],
                "groups": [{"id": 1, "name": "Risk"}],
                "required": "low",
            }
        ],
        "changes_requested": True,
        "checks": [{"name": "ci/evals", "reporter": "ci-bot", "hours": 24}],
        "gates": ["metric rmse <= 0.8"],
        "makers": {"unknown": "pass"},
        "present_text": True,
        "soak": {"target": "stage:Staging", "hours": 24},
        "threads": True,
        "unplaced_source": True,
    }
    assert set(samples) == set(CONDITIONS)
    for key, value in samples.items():
        condition = CONDITIONS[key].parse(value)
        assert condition.as_json() == value
        assert str(condition)
    assert str(Approvals(1)) == "1 approval"


@pytest.mark.parametrize(
    ("rules", "opened_by", "says"),
    [
        ([{}], ("grace",), None),
        ([{"threads": True}], (), None),
        ([{"threads": True}], ("grace",), "1 blocking thread is not resolved: opened by grace."),
        ([{"threads": True}, {}], ("grace",), "1 blocking thread is not resolved: opened by grace."),
        (
            [{"threads": True}, {"threads": True}],
            ("grace", "ada", "grace"),
            "3 blocking threads are not resolved: opened by grace (2) and ada.",
        ),
    ],
)
def test_a_rule_may_wait_for_blocking_threads(rules, opened_by, says):
    facts = Facts("ada", (), now=datetime(2026, 11, 27, tzinfo=UTC), blocking_threads=opened_by)
    missing = [one for condition in merged([parse(rule) for rule in rules]) if (one := condition.unmet(facts))]
    found = [one.sentence for one in missing if one.code == "threads_unresolved"]
    assert found == ([] if says is None else [says])


@pytest.mark.parametrize("value", [False, None, 1, "true", [], {}])
def test_waiting_for_threads_is_true_or_left_out(value):
    with pytest.raises(InvalidInput, match="This is true, or left out") as refused:
        parse({"threads": value})
    assert refused.value.field == "threads"


@pytest.mark.parametrize(
    ("rules", "is_allowed"),
    [
        ([], False),
        ([{}], False),
        ([{"unplaced_source": True}], True),
        ([{"unplaced_source": True}, {"unplaced_source": True}], True),
        ([{"unplaced_source": True}, {}], False),
        ([{"approvals": 2}, {"unplaced_source": True}], False),
        ([{"unplaced_source": True}, {"unplaced_source": False}], False),
    ],
)
def test_files_in_an_unknown_place_pass_only_if_every_rule_allows_them(rules, is_allowed):
    (condition,) = [each for each in merged([parse(rule) for rule in rules]) if each.key == "unplaced_source"]
    facts = Facts("ada", (), datetime(2026, 1, 1, tzinfo=UTC), unplaced_source="s3://bucket/root/777")
    unmet = condition.unmet(facts)
    assert (unmet is None) is is_allowed
    assert unmet is None or (unmet.code, "s3://bucket/root/777" in unmet.sentence) == ("unplaced_source", True)
    assert condition.unmet(replace(facts, unplaced_source="")) is None
