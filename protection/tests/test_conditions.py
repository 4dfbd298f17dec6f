import pytest
from django.core.exceptions import ValidationError

from foundation.exceptions import InvalidInput
from protection.conditions import CONDITIONS, as_document, merged, parse
from protection.conditions.approvals import Approvals
from protection.models import ProtectionRule


@pytest.mark.parametrize(
    ("document", "field", "says"),
    [
        ({"approvals": 0}, "approvals", "from 1 to 6"),
        ({"approvals": 7}, "approvals", "from 1 to 6"),
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
    assert as_document(found) == {"approvals": 3, "changes_requested": True}


def test_every_condition_says_what_it_asks_for_and_can_be_written_down():
    samples = {"approvals": 2, "changes_requested": True, "present_text": True}
    assert set(samples) == set(CONDITIONS)
    for key, value in samples.items():
        condition = CONDITIONS[key].parse(value)
        assert condition.as_json() == value
        assert str(condition)
    assert str(Approvals(1)) == "1 approval"
