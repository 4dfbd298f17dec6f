import pytest

from foundation.exceptions import InvalidInput
from protection.conditions import merged, parse
from protection.matching import Requirement, Rulebook, requirement_for
from protection.models import ProtectionRule
from protection.rulebook import rulebook
from registry.targets import Target, TargetKind


def rule(target_pattern, model_pattern="*", **values):
    return ProtectionRule(target_pattern=target_pattern, model_pattern=model_pattern, **values)


def is_protected(a_rule, *, model_name="Fraud", target="stage:Production", workspace=""):
    return requirement_for(
        Rulebook((a_rule,)), workspace=workspace, model_name=model_name, targets=[Target.parse(target)]
    ).is_protected


@pytest.mark.parametrize(
    ("pattern", "target", "protected"),
    [
        ("stage:*", "stage:Production", True),
        ("stage:*", "stage:None", True),
        ("stage:production", "stage:Production", True),
        ("stage:Production", "stage:Staging", False),
        ("alias:champion", "alias:champion", True),
        ("alias:champion", "alias:CHAMPION", True),
        ("alias:champion", "alias:champion2", False),
        ("alias:prod", "alias:pröd", True),
        ("alias:prod", "alias:\uff50\uff52\uff4f\uff44", True),
        ("alias:modèle", "alias:modèle", True),
        ("alias:modèle", "alias:mode\u0300le", True),
        ("alias:modèle", "alias:modell", False),
        ("alias:prod*", "alias:prod-eu", True),
        ("stage:*", "alias:Production", False),
        ("model:prod.*", "model:prod.fraud", True),
    ],
)
def test_a_target_pattern_is_a_glob_without_regard_to_case_accents_and_width(pattern, target, protected):
    assert is_protected(rule(pattern), target=target) is protected


@pytest.mark.parametrize(("pattern", "protected"), [("*", True), ("fraud", True), ("Fra*", True), ("Churn", False)])
def test_a_model_pattern_is_a_glob_without_regard_to_case(pattern, protected):
    assert is_protected(rule("stage:*", pattern)) is protected


def test_a_protected_destination_is_protected_from_every_model():
    assert is_protected(rule("model:prod.fraud", "Other"), model_name="Fraud", target="model:prod.fraud")


def test_a_rule_of_another_workspace_does_not_apply():
    assert not is_protected(rule("stage:*", workspace_pattern="team-b"), workspace="team-a")


def test_no_workspace_counts_as_the_default_one():
    assert is_protected(rule("stage:*", workspace_pattern="default"), workspace="")


@pytest.mark.django_db
@pytest.mark.parametrize("enforcement", ["off", "evaluate"])
def test_a_rule_that_is_not_enforced_protects_nothing(enforcement):
    ProtectionRule.objects.update(enforcement=enforcement)
    assert rulebook().rules == ()


def test_the_strictest_of_each_requirement_applies():
    requirement = requirement_for(
        Rulebook(
            (
                rule("stage:*", conditions={"approvals": 1}, promote_when="pressed"),
                rule("stage:Production", conditions={"approvals": 3}),
                rule("alias:*", conditions={"approvals": 6}),
            )
        ),
        workspace="",
        model_name="Fraud",
        targets=[Target.parse("stage:Production")],
    )
    assert requirement.required_approvals == 3
    assert requirement.promote_when == "pressed"
    assert len(requirement.rules) == 2


def test_an_unprotected_target_still_takes_one_approval_when_somebody_asks():
    requirement = requirement_for(Rulebook(), workspace="", model_name="Fraud", targets=[Target.parse("alias:trial")])
    assert (requirement.is_protected, requirement.required_approvals) == (False, 1)


def of_both(*rules):
    """What a move from Archived to Production asks for, which touches both."""
    places = [Target.parse("stage:Archived"), Target.parse("stage:Production")]
    return requirement_for(Rulebook(tuple(rules)), workspace="", model_name="Fraud", targets=places)


def test_where_a_change_touches_two_places_the_stricter_of_each_applies():
    loose = rule("stage:Archived", promote_when="pressed")
    strict = rule("stage:Production", conditions={"approvals": 2})
    both = of_both(loose, strict)
    assert (both.required_approvals, both.promote_when, both.rules) == (2, "pressed", (loose, strict))


def test_a_place_that_nobody_protects_adds_nothing_to_one_that_somebody_does():
    strict = rule("stage:Production", conditions={"approvals": 3}, promote_when="pressed")
    found = of_both(strict)
    assert (found.required_approvals, found.promote_when, found.rules) == (3, "pressed", (strict,))
    assert not of_both().is_protected


@pytest.mark.parametrize(
    "spelling",
    [
        *(
            "champion",
            "CHAMPION",
            "champi\u00f8n",
            "champ\u0131on",
            "ch\u00e4mpion",
            "champ\u00adion",
            "champ\u200dion",
        ),
        *("champi\ua79dn", "champion\ufe70", "champ\u1cf2ion"),
    ],
)
def test_a_rule_knows_every_spelling_that_a_database_takes_for_the_name(spelling):
    found = requirement_for(
        Rulebook((rule("alias:champion", conditions={"approvals": 3}),)),
        workspace="",
        model_name="Fraud",
        targets=[Target(TargetKind.ALIAS, spelling)],
    )
    assert found.required_approvals == 3


WINDOWS = [
    {"start": f"2026-12-{day:02d}", "end": f"2026-12-{day:02d} 0{hour}:00"} for day in range(1, 31) for hour in (1, 2)
]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"freeze_windows": WINDOWS[:30]}, {"freeze_windows": WINDOWS[30:]}),
        ({"checks": [f"a{number}" for number in range(20)]}, {"checks": [f"b{number}" for number in range(20)]}),
        ({"gates": [f"metric a{n} >= 1" for n in range(20)]}, {"gates": [f"metric b{n} >= 1" for n in range(20)]}),
        ({"owners": [f"a{number}" for number in range(15)]}, {"owners": [f"b{number}" for number in range(15)]}),
        (
            {"soak": [{"target": f"alias:a{number}", "hours": 1} for number in range(6)]},
            {"soak": [{"target": f"alias:b{number}", "hours": 1} for number in range(6)]},
        ),
        (
            {"questions": [{"question": f"Is it {number}?"} for number in range(15)]},
            {"questions": [{"question": f"Was it {number}?"} for number in range(15)]},
        ),
        (
            {"questions": [{"question": "Is it safe?", "required": "yes"}]},
            {"questions": [{"question": "Is it safe?", "required": "no"}]},
        ),
    ],
)
def test_what_rules_ask_together_is_read_again_though_one_alone_could_not_ask_it(one, other):
    together = Requirement(conditions=merged([parse(one), parse(other)]))
    assert Requirement.thaw(together.freeze()).conditions == together.conditions
    with pytest.raises(InvalidInput):
        parse({key: [*one[key], *other[key]] for key in one})
