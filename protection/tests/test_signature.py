"""The condition that approvals are signed: which count, what is said of the others, merged, and what it may not be."""

from datetime import UTC, datetime

import pytest

from foundation.exceptions import InvalidInput
from protection.conditions import Facts, Judgement, merged, parse
from protection.conditions.signature import Signature
from protection.matching import Requirement

NOW = datetime(2026, 11, 27, tzinfo=UTC)
SAYS = "grace approved without a signature: approve once more on the page, with the password."


def judged(*, approves=True, **of_grace):
    """Returns the codes and the sentences of what is missing after grace's judgement."""
    requirement = Requirement(merged([parse({"approvals": 1, "signature": True})]))
    grace = Judgement(2, "grace", approves, **{"is_fresh": True, "at": NOW} | of_grace)
    unmet = requirement.unmet(requirement.narrowed(Facts("ada", (grace,), NOW)))
    return [missing.code for missing in unmet], [missing.sentence for missing in unmet]


def test_a_signed_approval_counts():
    assert judged(is_signed=True) == ([], [])


def test_an_unsigned_one_does_not_and_is_named():
    codes, sentences = judged()
    assert codes == ["approvals_missing", "signature_missing"]
    assert sentences == ["1 more approval is needed, by somebody other than ada.", SAYS]


def test_a_signature_of_earlier_facts_is_an_approval_of_earlier_facts():
    codes, sentences = judged(is_signed=False, is_fresh=False)
    assert codes == ["approvals_missing"]
    assert "grace approved earlier facts" in sentences[0]


def test_a_request_for_changes_needs_no_signature():
    codes, _ = judged(approves=False)
    assert "signature_missing" not in codes


def test_one_rule_that_wants_signatures_wants_them_for_all():
    requirement = Requirement(merged([parse({"approvals": 1}), parse({"approvals": 1, "signature": True})]))
    assert requirement.wants_signatures
    assert Signature().stricter(Signature()) == Signature()
    assert not Requirement(merged([parse({"approvals": 1})])).wants_signatures


@pytest.mark.parametrize("value", [False, None, 1, "true", [], {}])
def test_it_is_true_or_left_out(value):
    with pytest.raises(InvalidInput, match="true, or left out"):
        parse({"signature": value})
