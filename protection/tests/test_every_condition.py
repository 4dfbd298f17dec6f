"""The table: each condition met, not met with its whole sentence, and merged with a second rule, the stricter.

What is peculiar to one is in the tests beside this one; how each door refuses, in `promote_requests/tests/doors/`.
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from protection.asked.questions import Question
from protection.checks import Report, State
from protection.conditions import CONDITIONS, Facts, Judgement, merged, parse
from protection.conditions.base import Record
from protection.gates import GateResult
from protection.matching import Requirement
from registry.makers import Deed, Maker

NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)
RISK, ML = {"id": 1, "name": "Risk"}, {"id": 2, "name": "ML leads"}
SAFE = {"question": "Is it safe?", "type": "yes_no"}
FRIDAY = {"start": "2026-11-27", "end": "2026-11-28", "timezone": "UTC", "name": "audit"}
SUNDAY = {"start": "2026-11-29", "end": "2026-11-30", "timezone": "UTC", "name": "fair"}
MORE = "1 more approval is needed, by somebody other than ada."


def ago(**span: int) -> datetime:
    return NOW - timedelta(**span)


def owned(name: str, group: dict[str, Any]) -> dict[str, Any]:
    """Returns what a rule asks of a model whose section has this group as its owners."""
    found = {"section": name, "approvals": 1, "groups": [group], "users": []}
    return {"owners": {"sections": [name], "found": [found]}}


GRACE = Judgement(7, "grace", approves=True, is_fresh=True, at=ago(minutes=1), groups=frozenset({1}))
LINUS = Judgement(8, "linus", approves=True, is_fresh=True, at=ago(minutes=1), groups=frozenset({2}))
EVALS = Report("ci/evals", State.SUCCESS, "nightly", is_authors=False, at=ago(hours=1))
KEY = Question.parse(SAFE).key
BOUND = "metric auc >= 2"


def facts(*judgements: Judgement, **values: Any) -> Facts:
    return Facts("ada", judgements or (GRACE, LINUS), NOW, opened_at=ago(hours=2), **values)


@dataclass(frozen=True)
class Case:
    """A condition in two rules.

    Attributes:
        lenient: A rule that the facts meet; {} where the condition is on or off.
        strict: A rule that they do not.
        between: The facts.
        code, says: What is missing.
        good: Facts that both rules are met by.
    """

    lenient: dict[str, Any]
    strict: dict[str, Any]
    between: Facts
    code: str
    says: str
    good: Facts


CASES: dict[str, Case] = {
    "approval_age": Case(
        {"approvals": 1, "approval_age": 10},
        {"approval_age": 2},
        facts(replace(GRACE, at=ago(days=3))),
        "approvals_missing",
        f"{MORE} grace approved too long ago: a fresh look is needed.",
        facts(GRACE),
    ),
    "approvals": Case({"approvals": 1}, {"approvals": 2}, facts(GRACE), "approvals_missing", MORE, facts()),
    "approvers": Case(
        {"approvers": {"groups": [RISK]}},
        {"approvers": {"groups": [ML]}},
        facts(GRACE),
        "approver_missing",
        "1 approval is needed from the group ML leads.",
        facts(),
    ),
    "changes_requested": Case(
        {},
        {"changes_requested": True},
        facts(GRACE, replace(LINUS, approves=False)),
        "changes_requested",
        "linus asked for changes and has to approve first.",
        facts(),
    ),
    "checks": Case(
        {"checks": ["ci/evals"]},
        {"checks": [{"name": "ci/evals", "reporter": "ci-bot"}]},
        facts(checks=(EVALS,)),
        "check_pending",
        "The check ci/evals was not reported yet.",
        facts(checks=(replace(EVALS, reporter="ci-bot"),)),
    ),
    "freeze_windows": Case(
        {"freeze_windows": [SUNDAY]},
        {"freeze_windows": [FRIDAY]},
        facts(),
        "frozen",
        "Promotions are frozen until 28 November 2026, 00:00 UTC: audit.",
        replace(facts(), now=NOW + timedelta(days=1)),
    ),
    "gates": Case(
        {"gates": ["metric auc >= 0.9"]},
        {"gates": [BOUND]},
        facts(gates={"metric auc >= 0.9": GateResult(True, "it is 0.94"), BOUND: GateResult(False, "it is 0.94")}),
        "gate_not_passed",
        "The gate metric auc >= 2 is not passed: it is 0.94.",
        facts(gates=dict.fromkeys(("metric auc >= 0.9", BOUND), GateResult(True, "it is 2"))),
    ),
    "makers": Case(
        {"makers": {"unknown": "pass"}},
        {"makers": {"unknown": "block"}},
        facts(),
        "makers_unknown",
        "Checkpoint does not know who registered this version, and the rule wants it approved by people who did not "
        "make it: register it, from a run created there, through Checkpoint.",
        facts(record=Record((Maker(Deed.REGISTERED, 9, "vera"),))),
    ),
    "owners": Case(
        owned("Risk", RISK),
        owned("Research", ML),
        facts(GRACE),
        "owner_missing",
        "1 approval is needed for Research, from the group ML leads.",
        facts(),
    ),
    "present_text": Case(
        {},
        {"present_text": True},
        facts(replace(GRACE, is_of_present_description=False)),
        "text_edited",
        "grace approved before the description was edited: a fresh look is needed.",
        facts(),
    ),
    "questions": Case(
        {"questions": [SAFE]},
        {"questions": [{**SAFE, "required": "yes"}]},
        facts(answers={KEY: "no"}),
        "question_unanswered",
        "ada answered no, and the rule wants yes: “Is it safe?”",
        facts(answers={KEY: "yes"}),
    ),
    "signature": Case(
        {},
        {"signature": True},
        facts(GRACE),
        "signature_missing",
        "grace approved without a signature: approve once more on the page, with the password.",
        facts(replace(GRACE, is_signed=True)),
    ),
    "soak": Case(
        {"soak": {"target": "stage:Staging", "hours": 24}},
        {"soak": {"target": "stage:Staging", "hours": 48}},
        facts(record=Record(held_since={"stage:Staging": ago(hours=30)})),
        "soak",
        "It has to spend 48 hours in Staging without a break first, until 28 November 2026, 06:00 UTC.",
        facts(record=Record(held_since={"stage:Staging": ago(hours=48)})),
    ),
    "threads": Case(
        {},
        {"threads": True},
        facts(blocking_threads=("grace",)),
        "threads_unresolved",
        "1 blocking thread is not resolved: opened by grace.",
        facts(),
    ),
    "unplaced_source": Case(
        {"unplaced_source": True},
        {"unplaced_source": False},
        facts(unplaced_source="s3://bucket/root/777"),
        "unplaced_source",
        "Where the version's files lie cannot be told from s3://bucket/root/777, so they cannot be kept from being "
        "changed: register it from a run or a logged model, or have a rule allow it.",
        facts(),
    ),
    "waiting_time": Case(
        {"approvals": 1, "waiting_time": 30},
        {"waiting_time": 60},
        facts(replace(GRACE, at=ago(minutes=45))),
        "waiting_time",
        "It waits for 60 minutes after the approval, until 27 November 2026, 12:15 UTC.",
        facts(replace(GRACE, at=ago(minutes=60))),
    ),
}
EACH = pytest.mark.parametrize("key", CASES)


def unmet(*rules: dict[str, Any], of: Facts) -> list[tuple[str, str]]:
    requirement = Requirement(conditions=merged([parse(rule) for rule in rules]))
    return [(missing.code, missing.sentence) for missing in requirement.unmet(requirement.narrowed(of))]


def test_every_condition_is_in_the_table() -> None:
    assert set(CASES) == set(CONDITIONS)


@EACH
def test_it_is_met_or_says_one_whole_sentence(key: str) -> None:
    case = CASES[key]
    rule = {"approvals": 1, **case.strict}
    assert (case.code, case.says) in unmet(rule, of=case.between)
    assert unmet(rule, of=case.good) == []
    # What always applies has no rule without it.
    assert unmet(case.lenient, of=case.between) == ([(case.code, case.says)] if key == "changes_requested" else [])


@EACH
def test_of_two_rules_the_stricter_applies_whichever_comes_first(key: str) -> None:
    case = CASES[key]
    for rules in ((case.lenient, case.strict), (case.strict, case.lenient)):
        assert (case.code, case.says) in unmet(*rules, of=case.between)
        assert unmet(*rules, of=case.good) == []
