import json
import math
import re
from dataclasses import replace

import pytest

from evidence.compare import compare_evidence
from evidence.freeze import UnreadableEvidence, fingerprint, freeze, thaw
from evidence.observe import Evidence, is_at_target, observe
from registry.exceptions import RegistryNotFound, RegistryUnreachable
from registry.fake import FakeRegistry, measured
from registry.measurements import Measurement, Origin
from registry.proposals import Change, Proposal
from registry.targets import Target

pytestmark = pytest.mark.django_db
PRODUCTION = Target.parse("stage:Production")


@pytest.fixture
def registry() -> FakeRegistry:
    registry = FakeRegistry()
    registry.add_version("Fraud", stage="Production", params={"depth": "4"}, metrics={"auc": 0.8})
    registry.add_version("Fraud", stage="Production", params={"depth": "5"}, metrics={"auc": 0.9})
    registry.add_version("Fraud", params={"depth": "6"}, metrics={"auc": 0.95, "loss": math.nan})
    return registry


def look(registry, *, version="3", target=PRODUCTION, change=Change.SET) -> Evidence:
    return observe(registry, Proposal("Fraud", version, target, change))


def test_of_several_holders_the_newest_is_the_champion(registry):
    evidence = look(registry)
    assert evidence.champion_version == "2"
    assert evidence.champion is not None
    assert evidence.champion.metrics == measured({"auc": 0.9})
    assert evidence.other_holders == ("1",)
    assert evidence.challenger.params == {"depth": "6"}


@pytest.mark.parametrize("target", ["stage:Staging", "alias:champion", "model:prod.fraud"])
def test_where_nobody_holds_the_target_there_is_no_champion(registry, target):
    evidence = look(registry, target=Target.parse(target))
    assert (evidence.champion, evidence.champion_version, evidence.other_holders) == (None, None, ())


@pytest.mark.parametrize("target", ["stage:Archived", "stage:None"])
def test_stages_that_replace_nobody_have_no_champion(registry, target):
    registry.add_version("Fraud", stage="Archived")
    assert look(registry, target=Target.parse(target)).champion is None


def test_the_holder_of_an_alias_is_its_champion(registry):
    registry.set_alias("Fraud", "champion", "1")
    assert look(registry, target=Target.parse("alias:champion")).champion_version == "1"


def test_the_champion_of_a_copy_is_the_destinations_newest_version(registry):
    registry.add_version("prod.fraud")
    registry.add_version("prod.fraud")
    evidence = look(registry, target=Target.parse("model:prod.fraud"))
    assert evidence.champion is not None
    assert (evidence.champion.version.name, evidence.champion.version.version) == ("prod.fraud", "2")
    assert evidence.other_holders == ()


def test_taking_an_alias_away_has_no_champion_and_says_so(registry):
    registry.set_alias("Fraud", "champion", "3")
    evidence = look(registry, target=Target.parse("alias:champion"), change=Change.REMOVE)
    assert evidence.removing
    assert evidence.champion is None
    assert evidence.challenger.version.aliases == ("champion",)


def test_taking_away_an_alias_that_another_version_has_now_shows_that_version(registry):
    registry.set_alias("Fraud", "champion", "2")
    evidence = look(registry, target=Target.parse("alias:champion"), change=Change.REMOVE)
    assert evidence.champion_version == "2"


def test_a_challenger_that_holds_the_target_already_is_its_own_champion(registry):
    evidence = look(registry, version="2")
    assert evidence.champion is evidence.challenger
    assert is_at_target(evidence.challenger.version, PRODUCTION)


def test_being_at_a_target_is_told_for_stages_and_aliases_and_never_for_copies(registry):
    registry.set_alias("Fraud", "champion", "3")
    version = registry.get_version("Fraud", "3")
    assert is_at_target(version, Target.parse("alias:champion"))
    assert is_at_target(version, Target.parse("stage:None"))
    assert not is_at_target(version, Target.parse("alias:other"))
    assert not is_at_target(version, PRODUCTION)
    assert not is_at_target(version, Target.parse("model:Fraud"))


def test_an_unknown_version_and_a_registry_that_is_down_are_passed_on(registry):
    with pytest.raises(RegistryNotFound):
        look(registry, version="9")
    registry.fail_next(RegistryUnreachable("down"), call="holders")
    with pytest.raises(RegistryUnreachable):
        look(registry)


def test_the_same_evidence_has_the_same_fingerprint_whatever_the_order_of_its_facts(registry):
    evidence = look(registry)
    facts = evidence.challenger
    turned = replace(facts, metrics=dict(reversed(facts.metrics.items())))
    assert fingerprint(evidence) == fingerprint(look(registry)) == fingerprint(replace(evidence, challenger=turned))
    assert re.fullmatch("1:[0-9a-f]{64}", fingerprint(evidence))


def test_a_fingerprint_changes_with_every_fact_that_is_judged(registry):
    evidence = look(registry)
    facts, version = evidence.challenger, evidence.challenger.version
    champion = evidence.champion
    assert champion is not None
    others = [
        replace(evidence, champion=None),
        replace(evidence, champion=replace(champion, version=replace(champion.version, version="1"))),
        replace(evidence, champion=replace(champion, version=replace(champion.version, name="Other"))),
        *(
            replace(evidence, challenger=changed)
            for changed in (
                replace(facts, params={"depth": "7"}),
                replace(facts, metrics=measured({"auc": math.nextafter(0.95, 1), "loss": math.nan})),
                replace(facts, metrics=measured({"auc": 0.95, "loss": math.inf})),
                replace(facts, metrics=measured({"auc": 0.95, "loss": -math.inf})),
                replace(facts, metrics=facts.metrics | {"auc": Measurement("auc", 0.95, dataset_name="test")}),
                replace(facts, metrics=facts.metrics | {"auc": Measurement("auc", 0.95, dataset_digest="d1")}),
                replace(facts, prompt_text=""),
                replace(facts, prompt_settings={"model_config": "{}"}),
                replace(facts, gone=("run",)),
                replace(facts, gone=("logged_model",)),
                replace(facts, version=replace(version, name="Other")),
                replace(facts, version=replace(version, version="4")),
                replace(facts, version=replace(version, source="models:/m-1")),
                replace(facts, version=replace(version, run_id="r")),
                replace(facts, version=replace(version, model_id="m")),
            )
        ),
    ]
    assert len({fingerprint(other) for other in (evidence, *others)}) == 1 + len(others)


def test_a_fingerprint_stays_when_only_labels_change(registry):
    evidence = look(registry)
    version = replace(evidence.challenger.version, stage="Staging", aliases=("a",), description="x", tags={"k": "v"})
    assert fingerprint(replace(evidence, challenger=replace(evidence.challenger, version=version))) == fingerprint(
        evidence
    )


def test_a_fingerprint_stays_when_the_same_value_is_measured_again(registry):
    evidence = look(registry)
    again = Measurement("auc", 0.95, 7, 99, origin=Origin.LOGGED_MODEL, run_id="r", other=Measurement("auc", 0.5))
    facts = replace(evidence.challenger, metrics=evidence.challenger.metrics | {"auc": again})
    assert fingerprint(replace(evidence, challenger=facts)) == fingerprint(evidence)


def test_frozen_facts_are_json_that_postgresql_takes_and_thaw_to_themselves():
    registry = FakeRegistry()
    registry.add_version(
        "Fraud",
        aliases=("champion", "prod"),
        params={"π": "3"},
        metrics={
            **{"third": 1 / 3, "huge": 1.7976931348623157e308, "tiny": 5e-324, "up": math.inf, "down": -math.inf},
            "loss": Measurement(
                "loss", 0.3, 29, 1_795_678_348_361, "test", "d1", Origin.BOTH, "r", Measurement("loss", math.inf)
            ),
        },
        tags={"team": "risk"},
        prompt_text="Hello {{name}}",
        run_id="r",
        model_id="m",
        experiment_id="7",
        run_name="calm-owl-1",
    )
    facts = registry.get_facts("Fraud", "1")
    stored = json.loads(json.dumps(freeze(facts), allow_nan=False))
    assert thaw(stored) == facts


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"format": 99}, "cannot read (99)"),
        ({"format": "1"}, "cannot read (1)"),
        ({"format": None}, "none is named"),
        ({"a fact of a newer release": 1}, "damaged row"),
        ({"metrics": {"auc": 0.9}}, "damaged row"),
        ({"version": None}, "damaged row"),
    ],
)
def test_facts_in_a_format_that_nobody_here_wrote_are_said_to_be_unreadable(registry, change, says):
    with pytest.raises(UnreadableEvidence, match=re.escape(says)):
        thaw(freeze(look(registry).challenger) | change)


@pytest.mark.parametrize("frozen", [None, [], "facts", 7, {}])
def test_what_is_no_frozen_evidence_at_all_is_unreadable(frozen):
    with pytest.raises(UnreadableEvidence):
        thaw(frozen)


def test_nan_survives_freezing_and_thawing(registry):
    frozen = freeze(look(registry).challenger)
    assert frozen["metrics"]["loss"]["value"] == "NaN"
    assert math.isnan(thaw(frozen).metrics["loss"].value)


def test_numbers_that_a_database_gives_back_as_integers_thaw_to_floats():
    registry = FakeRegistry()
    registry.add_version("Fraud", metrics={"n": 1e22})
    frozen = freeze(registry.get_facts("Fraud", "1"))
    frozen["metrics"]["n"]["value"] = 10_000_000_000_000_000_000_000
    assert isinstance(thaw(frozen).metrics["n"].value, float)
    assert thaw(frozen).metrics["n"].value == 1e22


def test_characters_that_postgresql_refuses_are_replaced():
    registry = FakeRegistry()
    registry.add_version("Fraud", params={"a\x00b": "c\ud800d", "fine": "é😀"})
    assert freeze(registry.get_facts("Fraud", "1"))["params"] == {
        "a\ufffdb": "c\ufffdd",
        "fine": "é😀",
    }


def test_what_the_registered_models_say_of_themselves_stands_beside_what_the_versions_say(registry):
    registry.add_model("prod.fraud", description="What the shop asks.")
    registry.add_version("prod.fraud", description="copied in May")
    registry.add_model("Tried", description="What we try.")
    registry.add_version("Tried", description="deeper")
    proposal = Proposal("Tried", "1", Target.parse("model:prod.fraud"))
    evidence = observe(registry, proposal)
    rows = {row.key: row.as_dict() for row in compare_evidence(evidence).descriptions.rows}
    assert {key: (row["champion"], row["challenger"]) for key, row in rows.items()} == {
        "model's description": ("What the shop asks.", "What we try."),
        "version's description": ("copied in May", "deeper"),
    }
    assert thaw(freeze(evidence.challenger)).model_description == "What we try."
    assert not compare_evidence(look(registry)).descriptions.rows  # nobody described Fraud


def test_a_copy_is_judged_by_the_directions_of_the_model_that_it_goes_into(registry):
    registry.add_version("prod.fraud", metrics={"auc": 0.9})
    registry.set_model_tags("Fraud", {"checkpoint.metric.auc.direction": "lower"})
    copy = look(registry, target=Target.parse("model:prod.fraud"))
    assert copy.directions.of("auc").word == "higher"
    assert look(registry).directions.of("auc").word == "lower"
    registry.set_model_tags("prod.fraud", {"checkpoint.metric.auc.direction": "none"})
    assert look(registry, target=Target.parse("model:prod.fraud")).directions.of("auc").word == "none"


def test_one_model_is_asked_about_once_and_two_twice(registry):
    registry.add_version("prod.fraud")
    for target, times in (("stage:Production", 1), ("model:prod.fraud", 2)):
        registry.calls.clear()
        look(registry, target=Target.parse(target))
        assert [call for call, _ in registry.calls].count("get_model") == times
