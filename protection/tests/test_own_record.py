"""The conditions that go by Checkpoint's own record: met, unmet with their sentence, merged with a second rule."""

from datetime import UTC, datetime, timedelta

import pytest
from django.core.exceptions import ValidationError

from foundation.exceptions import InvalidInput
from protection.conditions import Facts, Judgement, as_document, merged, parse
from protection.conditions.base import Record
from protection.conditions.own_record.makers import Makers
from protection.conditions.own_record.soak import Soak
from protection.matching import Requirement
from registry.makers import Deed, Maker

NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)
ADA, GRACE = 7, 8
KNOWN = (Maker(Deed.REGISTERED, ADA, "ada"), Maker(Deed.CREATED_RUN, ADA, "ada"))
HALF_KNOWN = (Maker(Deed.REGISTERED, ADA, "ada"), Maker(Deed.CREATED_RUN))
BLOCK, PASS = {"makers": {"unknown": "block"}}, {"makers": {"unknown": "pass"}}
UNKNOWN_RUN = (
    "Checkpoint does not know who created this version's run, and the rule wants it approved by people who "
    "did not make it: register it, from a run created there, through Checkpoint."
)


def judged_by(reviewer_id, name, *, approves=True):
    return Judgement(reviewer_id, name, approves=approves, is_fresh=True, at=NOW)


def judge(*rules, makers=(), held=None, given=()):
    """Returns the requirement and the facts as it sees them."""
    requirement = Requirement(conditions=merged([parse(rule) for rule in rules]))
    facts = Facts("linus", tuple(given), NOW, record=Record(makers, held or {}))
    return requirement, requirement.narrowed(facts)


def unmet(*rules, **facts):
    requirement, seen = judge(*rules, **facts)
    return [(missing.code, missing.sentence, missing.until) for missing in requirement.unmet(seen)]


@pytest.mark.parametrize(
    ("rules", "makers", "codes"),
    [
        ([BLOCK], KNOWN, []),
        ([PASS], KNOWN, []),
        ([BLOCK], HALF_KNOWN, ["makers_unknown"]),
        ([PASS], HALF_KNOWN, []),
        ([BLOCK], (), ["makers_unknown"]),
        ([PASS], (), []),
        ([PASS, BLOCK], HALF_KNOWN, ["makers_unknown"]),
        ([BLOCK, PASS], HALF_KNOWN, ["makers_unknown"]),
        ([PASS, PASS], HALF_KNOWN, []),
        ([PASS, {}], HALF_KNOWN, []),
    ],
)
def test_unknown_makers_block_where_one_rule_says_so(rules, makers, codes):
    assert [code for code, _, _ in unmet(*rules, makers=makers)] == codes


def test_it_says_what_nobody_is_known_for():
    assert unmet(BLOCK, makers=HALF_KNOWN) == [("makers_unknown", UNKNOWN_RUN, None)]
    assert "who registered this version, and the rule" in unmet(BLOCK)[0][1]


def test_the_approval_of_a_maker_does_not_count_and_of_others_does():
    rule = {"approvals": 1, **PASS}
    (missing,) = unmet(rule, makers=KNOWN, given=[judged_by(ADA, "ada")])
    assert missing[:2] == (
        "approvals_missing",
        "1 more approval is needed, by somebody other than linus or ada. "
        "ada made this version, so that approval does not count.",
    )
    assert unmet(rule, makers=KNOWN, given=[judged_by(ADA, "ada"), judged_by(GRACE, "grace")]) == []
    assert unmet({"approvals": 1}, makers=KNOWN, given=[judged_by(ADA, "ada")]) == []


def test_a_maker_is_told_what_they_did_and_nobody_else_is_barred():
    requirement, facts = judge(BLOCK, makers=KNOWN)
    assert requirement.barred(facts) == {
        ADA: "You registered this version and created its run, and the rule wants it approved by "
        "people who did not make it: somebody else has to approve it."
    }
    assert judge({"approvals": 1}, makers=KNOWN)[0].barred(facts) == {}


def test_a_makers_request_for_changes_is_dismissed_and_not_approved_away():
    (changes, approvals) = unmet({"approvals": 1, **PASS}, makers=KNOWN, given=[judged_by(ADA, "ada", approves=False)])
    assert changes[1] == (
        "ada asked for changes and may not approve what they made: somebody with the right has to dismiss it."
    )
    assert approvals[1] == "1 more approval is needed, by somebody other than linus or ada."


@pytest.mark.parametrize("value", [True, "block", {"unknown": "perhaps"}, {"unknown": 1}, {"other": "block"}, [], None])
def test_settings_of_makers_that_are_not_are_refused(value):
    with pytest.raises(InvalidInput) as refused:
        parse({"makers": value})
    assert refused.value.field == "makers"


def test_makers_without_a_word_must_be_known():
    assert as_document(parse({"makers": {}})) == BLOCK


def test_the_form_asks_for_makers_in_one_choice():
    field = Makers.form_field()
    assert [field.clean(choice) for choice in ("", "block", "pass")] == [{}, {"unknown": "block"}, {"unknown": "pass"}]
    assert [field.prepare_value(value) for value in (None, {}, {"unknown": "pass"})] == ["", "block", "pass"]
    with pytest.raises(ValidationError):
        field.clean("perhaps")


STAGING, LONGER = {"target": "stage:Staging", "hours": 24}, {"target": "stage:staging", "hours": 48}
CANDIDATE = {"target": "alias:candidate", "hours": 1}


def ago(hours):
    return NOW - timedelta(hours=hours)


@pytest.mark.parametrize(
    ("rules", "held", "sentence", "until"),
    [
        ([STAGING], {"stage:Staging": ago(24)}, "", None),
        (
            [STAGING],
            {"stage:Staging": ago(23)},
            "It has to spend 24 hours in Staging without a break first, until 27 November 2026, 13:00 UTC.",
            ago(-1),
        ),
        ([STAGING], {}, "It has to spend 24 hours in Staging first, and is not there now.", None),
        (
            [STAGING],
            {"stage:Production": ago(99)},
            "It has to spend 24 hours in Staging first, and is not there now.",
            None,
        ),
        (
            [STAGING, LONGER],
            {"stage:Staging": ago(24)},
            "It has to spend 48 hours in Staging without a break first, until 28 November 2026, 12:00 UTC.",
            ago(-24),
        ),
        ([STAGING, CANDIDATE], {"stage:Staging": ago(24), "alias:candidate": ago(1)}, "", None),
        (
            [[STAGING, CANDIDATE]],
            {"stage:Staging": ago(23)},
            "It has to spend 24 hours in Staging without a break first, until 27 November 2026, 13:00 UTC. "
            "It has to spend 1 hour as @candidate first, and is not there now.",
            None,
        ),
        ([CANDIDATE], {"alias:Candidate": ago(2)}, "", None),
    ],
)
def test_a_version_soaks_at_every_target_as_long_as_the_longest_rule_says(rules, held, sentence, until):
    found = unmet(*({"soak": rule} for rule in rules), held=held)
    assert found == ([("soak", sentence, until)] if sentence else [])


@pytest.mark.parametrize(
    "value",
    [
        True,
        "stage:Staging",
        [],
        {},
        {"target": "stage:Staging"},
        {"target": "stage:Staging", "hours": 0},
        {"target": "stage:Staging", "hours": 24 * 365 + 1},
        {"target": "stage:Staging", "hours": True},
        {"target": "stage:Staging", "hours": "24"},
        {"target": "stage:Staging", "hours": 1.5},
        {"target": "stage:Staging", "hours": 1, "minutes": 1},
        {"target": "stage:Live", "hours": 1},
        {"target": "stage:Archived", "hours": 1},
        {"target": "stage:None", "hours": 1},
        {"target": "model:prod", "hours": 1},
        {"target": "Staging", "hours": 1},
        {"target": "alias:", "hours": 1},
        {"target": 7, "hours": 1},
        {"target": "alias:" + "x" * 300, "hours": 1},
        [STAGING, LONGER],
        [STAGING] * 11,
    ],
)
def test_a_soak_that_is_none_is_refused(value):
    with pytest.raises(InvalidInput) as refused:
        parse({"soak": value})
    assert refused.value.field == "soak"


def test_the_form_asks_for_one_target_a_line():
    field = Soak.form_field()
    assert field.clean(" ") == []
    assert field.clean("stage:staging for 24 hours") == STAGING
    assert field.clean("stage:Staging for 24 hours\n\nalias:candidate for 1 hour") == [STAGING, CANDIDATE]
    assert field.prepare_value([STAGING, CANDIDATE]) == "stage:Staging for 24 hours\nalias:candidate for 1 hour"
    for wrong in (
        "stage:Staging",
        "stage:Staging for ever",
        "for 2 hours",
        "stage:Staging for 2 days",
        "x for 2 hours",
    ):
        with pytest.raises(ValidationError):
            field.clean(wrong)


def test_where_a_version_loses_a_target_it_need_not_soak():
    assert (Soak.is_about_quality, Makers.is_about_quality) == (True, False)
