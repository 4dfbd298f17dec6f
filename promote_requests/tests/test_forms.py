import pytest
from django.http import QueryDict

from foundation.exceptions import InvalidInput
from promote_requests import links, sentences
from promote_requests.pages.forms import NewRequestForm, initial_from_post, initial_from_query
from promote_requests.pages.new import offers
from promote_requests.pages.new.offers import chosen_change
from protection.conditions.approvals import Approvals
from protection.matching import Requirement
from registry.proposals import Change, Proposal
from registry.targets import Target
from registry.types import ModelVersion, RegisteredModel

FRAUD = RegisteredModel("Fraud", aliases={"champion": "1"})
HOLDER = ModelVersion("Fraud", "1", stage="Production", aliases=("champion",))


def _values(groups: offers.Groups) -> list[str]:
    return [value for _, choices in groups for value, _ in choices]


@pytest.mark.parametrize(
    ("choice", "name", "expected"),
    [
        ("stage:production", "", (Target.parse("stage:Production"), Change.SET)),
        ("alias:champion", "ignored", (Target.parse("alias:champion"), Change.SET)),
        ("alias:", "blue", (Target.parse("alias:blue"), Change.SET)),
        ("model:", " prod.fraud ", (Target.parse("model:prod.fraud"), Change.SET)),
        ("remove:alias:champion", "", (Target.parse("alias:champion"), Change.REMOVE)),
    ],
)
def test_choice_is_read_as_target_and_change(choice: str, name: str, expected: tuple[Target, Change]) -> None:
    assert chosen_change(choice, name) == expected


@pytest.mark.parametrize(
    ("choice", "name", "field"),
    [("", "", "target"), ("alias:", " ", "target_name"), ("model:", "", "target_name"), ("stage:Live", "", "target")],
)
def test_choice_that_says_nothing_names_the_field(choice: str, name: str, field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        chosen_change(choice, name)
    assert refused.value.field == field


@pytest.mark.parametrize(
    ("status", "offered"),
    [
        ("draft", ["status:active"]),
        ("active", ["status:draft", "status:deprecated"]),
        ("deprecated", ["status:active"]),
        (None, ["status:draft", "status:active", "status:deprecated"]),
    ],
)
def test_an_entry_offers_aliases_and_what_its_status_can_become(status: str | None, offered: list[str]) -> None:
    skill = RegisteredModel("skill:@acme/reader", aliases={"champion": "1"})
    version = ModelVersion(skill.name, "1", aliases=("champion",), status=status) if status else None
    away = ["remove:alias:champion"] if status else []
    assert _values(offers.target_choices(skill, version, ["prod"])) == [
        *("alias:champion", "alias:prod", "alias:"),
        *offered,
        *away,
    ]


def test_link_of_the_guard_fills_in_the_form() -> None:
    path = links.form_path(
        Proposal(
            model_name="Fraud & Co",
            version="2",
            target=Target.parse("alias:champion"),
            change=Change.REMOVE,
            workspace="team",
            archive_existing_versions=False,
        )
    )
    assert initial_from_query(QueryDict(path.partition("?")[2])) == {
        "workspace": "team",
        "model_name": "Fraud & Co",
        "version": "2",
        "target": "remove:alias:champion",
        "archive_existing_versions": False,
        "archive_shown_for": "alias:champion",
    }


def test_refresh_keeps_what_was_typed() -> None:
    initial = initial_from_post(QueryDict("model_name=Fraud&title=Mine&description=Because&refresh=1"))
    assert (initial["model_name"], initial["title"], initial["description"]) == ("Fraud", "Mine", "Because")
    assert initial["archive_existing_versions"] is False


def test_model_offers_stages_aliases_and_copies() -> None:
    values = _values(offers.target_choices(FRAUD, None, ["prod"]))
    assert values == [
        *("stage:Production", "stage:Staging", "stage:Archived", "stage:None"),
        *("alias:champion", "alias:prod", "alias:", "model:"),
    ]


def test_prompt_offers_aliases_only() -> None:
    prompt = RegisteredModel("greeting", is_prompt=True)
    assert _values(offers.target_choices(prompt, None, ["champion"])) == ["alias:champion", "alias:"]


def test_version_offers_to_lose_its_own_aliases() -> None:
    assert "remove:alias:champion" in _values(offers.target_choices(FRAUD, HOLDER, []))


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        ("stage:Production", ("stage:Production", "")),
        ("model:prod.fraud", ("model:", "prod.fraud")),
        ("alias:blue", ("alias:", "blue")),
        ("remove:alias:blue", ("remove:alias:blue", "")),
        ("nonsense", ("nonsense", "")),
    ],
)
def test_what_a_link_asks_for_is_always_in_the_menu_or_typed(choice: str, expected: tuple[str, str]) -> None:
    value, typed, groups = offers.placed(choice, "", offers.target_choices(FRAUD, None, []))
    assert (value, typed) == expected
    assert value in _values(groups)


def test_versions_say_where_they_are() -> None:
    other = ModelVersion("Fraud", "2")
    assert offers.version_choices([other, HOLDER], "") == [
        ("2", "Version 2"),
        ("1", "Version 1 (Production, @champion)"),
    ]


def test_chosen_version_is_offered_though_it_is_older_than_those_listed() -> None:
    assert offers.version_choices([HOLDER], "17")[-1] == ("17", "Version 17")


def test_aliases_come_from_rules_without_wildcards() -> None:
    patterns = ["alias:champion", "alias:prod*", "stage:*", "alias:staging", "model:prod", "alias:a[bc]"]
    assert offers.aliases_named_by(patterns) == ["champion", "staging"]


def test_explanation_says_how_many_approvals_and_what_follows() -> None:
    assert sentences.needs(Requirement()) == "It needs 1 approval by somebody else and then is promoted at once."
    waits = Requirement(conditions=(Approvals(2),), promote_when="pressed")
    assert (
        sentences.needs(waits) == "It needs 2 approvals by somebody else and then waits for somebody to press Promote."
    )


@pytest.mark.parametrize(
    ("shown_for", "ticked", "expected"),
    [
        ("stage:Production", True, True),
        ("stage:Production", False, False),
        ("stage:Staging", True, None),
        ("", True, None),
    ],
)
def test_box_counts_only_where_it_was_shown_for_the_chosen_target(
    shown_for: str, ticked: bool, expected: bool | None
) -> None:
    data = {"model_name": "Fraud", "version": "2", "target": "stage:Production", "title": "x"}
    data["archive_shown_for"] = shown_for
    if ticked:
        data["archive_existing_versions"] = "on"
    form = NewRequestForm(data, versions=[], targets=offers.target_choices(FRAUD, None, []))
    assert form.is_valid()
    assert form.proposal().archive_existing_versions is expected


def test_wrong_fields_look_it_and_the_first_has_the_focus() -> None:
    form = NewRequestForm({"model_name": "Fraud"}, versions=[], targets=[])
    assert not form.is_valid()
    form.add_error("model_name", "No such model.")
    marked = [field.name for field in form if "is-invalid" in field.as_widget()]
    focused = [field.name for field in form if "autofocus" in field.as_widget()]
    assert marked == ["model_name", "version", "target"]
    assert focused == ["model_name"]
