import pytest

from foundation.exceptions import InvalidInput
from registry.targets import Target, TargetKind


@pytest.mark.parametrize(
    ("text", "kind", "name"),
    [
        ("stage:Production", TargetKind.STAGE, "Production"),
        ("stage:pRODUCTION ", TargetKind.STAGE, "Production"),
        ("stage:none", TargetKind.STAGE, "None"),
        ("alias:champion", TargetKind.ALIAS, "champion"),
        ("alias:Champion", TargetKind.ALIAS, "Champion"),
        ("model:prod.fraud", TargetKind.MODEL, "prod.fraud"),
        ("model:a:b", TargetKind.MODEL, "a:b"),
        ("status:Active ", TargetKind.STATUS, "active"),
    ],
)
def test_a_target_is_read_from_its_kind_and_name(text, kind, name):
    target = Target.parse(text)
    assert (target.kind, target.name) == (kind, name)


def test_a_target_is_written_as_it_is_read():
    assert str(Target.parse("alias:champion")) == "alias:champion"


@pytest.mark.parametrize(
    "text", ["Production", "stage:Live", "status:deleted", "stage:", "alias:  ", "flag:x", "alias:" + "x" * 257, ""]
)
def test_what_is_no_target_is_refused_by_field(text):
    with pytest.raises(InvalidInput) as refusal:
        Target.parse(text)
    assert refusal.value.field == "target"


@pytest.mark.parametrize(
    ("text", "archives", "champion"),
    [
        ("stage:Production", True, True),
        ("stage:Staging", True, True),
        ("stage:Archived", False, False),
        ("stage:None", False, False),
        ("alias:champion", False, True),
        ("model:prod.fraud", False, True),
        ("status:active", False, True),
        ("status:draft", False, False),
        ("status:deprecated", False, False),
    ],
)
def test_only_active_stages_archive_and_only_lasting_places_have_a_champion(text, archives, champion):
    target = Target.parse(text)
    assert target.can_archive_holders is archives
    assert target.has_champion is champion
