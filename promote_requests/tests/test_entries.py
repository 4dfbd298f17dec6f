"""Requests about skills and MCP servers: the same services, pages and sentences as for models."""

import pytest
from django.test import Client
from django.urls import reverse

from evidence.compare import compare
from evidence.freeze import fingerprint, freeze, thaw
from evidence.observe import observe
from evidence.rows import Kind
from foundation.exceptions import InvalidInput
from promote_requests import sentences, services
from promote_requests.choices import Status, Verdict
from promote_requests.exceptions import ChampionChanged, EvidenceChanged
from protection.models import ProtectionRule
from registry import get_registry
from registry.exceptions import RegistryRefused, RegistryTimeout
from registry.proposals import Change, Proposal
from registry.targets import Target
from testing.factories import PromoteRequestFactory
from testing.people import by

pytestmark = pytest.mark.django_db

SKILL, SERVER = "skill:@acme/reader", "mcp:com.example/own"


@pytest.fixture
def entries(registry):
    """Version 1 is active with the alias champion, 2 a draft, 3 deprecated."""
    registry.version = "3.18.0"
    for name in (SKILL, SERVER):
        registry.add_version(name, aliases=("champion",), prompt_text="Read it.\n", settings={"digest": "1"})
        registry.add_version(name, status="draft", prompt_text="Read it twice.\n", settings={"digest": "2"})
        registry.add_version(name, status="deprecated", prompt_text="Read.\n", settings={"digest": "3"})
    return registry


@pytest.fixture(params=[SKILL, SERVER])
def name(request, entries):
    return request.param


def version(name: str, number: int) -> str:
    return f"{number}.0.0" if name == SERVER else str(number)


def ask(actor, name, target, number=2, **values):
    return PromoteRequestFactory(
        actor=actor, model_name=name, version=version(name, number), target=Target.parse(target), **values
    )


def approved(promote_request, reviewer):
    return services.review(actor=by(reviewer), promote_request=promote_request, verdict=Verdict.APPROVE).promote_request


def test_an_alias_is_set_when_somebody_else_approves(entries, name, ada, grace):
    done = approved(ask(ada, name, "alias:champion"), grace)
    assert done.status == Status.PROMOTED
    assert done.is_prompt is False
    assert entries.get_model(name).aliases == {"champion": version(name, 2)}
    assert entries.get_version(name, version(name, 2)).tags["checkpoint.approved_by"] == "grace"


def test_an_alias_is_taken_away(entries, name, ada, grace):
    approved(ask(ada, name, "alias:champion", 1, change=Change.REMOVE), grace)
    assert entries.get_model(name).aliases == {}


def test_a_status_is_given_and_others_keep_theirs(entries, name, ada, grace):
    asked = ask(ada, name, "status:active")
    assert (asked.champion_version, asked.challenger_stage) == (version(name, 1), "draft")
    assert approved(asked, grace).status == Status.PROMOTED
    statuses = {found.version: found.status for found in entries.list_versions(name)}
    assert statuses == {version(name, 1): "active", version(name, 2): "active", version(name, 3): "deprecated"}


@pytest.mark.parametrize("target", ["alias:champion", "status:active"])
def test_an_answer_that_was_lost_is_settled_by_looking(entries, name, ada, grace, target):
    asked = ask(ada, name, target)
    call = "set_alias" if target.startswith("alias") else "set_status"
    entries.fail_next(RegistryTimeout("slow", may_be_done=True), call=call, after=True)
    assert approved(asked, grace).status == Status.PROMOTED
    assert [called for called, _ in entries.calls].count(call) == 1


def test_a_refusal_of_mlflow_leaves_the_request_open(entries, name, ada, grace):
    asked = ask(ada, name, "status:active")
    entries.fail_next(RegistryRefused("MLflow refused: no."), call="set_status")
    approved(asked, grace)
    asked.refresh_from_db()
    assert (asked.status, asked.last_failure) == (Status.OPEN, "MLflow refused: no.")


def test_another_champion_stops_the_promotion(entries, name, ada, grace):
    ProtectionRule.objects.update(promote_when="pressed")
    asked = approved(ask(ada, name, "alias:champion"), grace)
    entries.set_alias(name, "champion", version(name, 3))
    with pytest.raises(ChampionChanged):
        services.promote(actor=by(grace), promote_request=asked)
    assert entries.get_model(name).aliases == {"champion": version(name, 3)}


def test_another_text_stops_the_promotion(entries, ada, grace):
    ProtectionRule.objects.update(promote_when="pressed")
    asked = approved(ask(ada, SERVER, "alias:champion"), grace)
    stored = entries._facts[SERVER]["2.0.0"]
    entries._facts[SERVER]["2.0.0"] = thaw(freeze(stored) | {"prompt_text": "Steal it.\n"})
    with pytest.raises(EvidenceChanged):
        services.promote(actor=by(grace), promote_request=asked)


def test_a_change_of_status_is_told_as_one(entries, ada):
    asked = ask(ada, SKILL, "status:active", 3)
    entries.set_status(SKILL, "3", "active")
    entries.set_status(SKILL, "3", "draft")
    found = observe(entries, asked.proposal)
    assert sentences.what_changed(asked, found) == "Version 3 has the status draft now; it had deprecated."


@pytest.mark.parametrize(
    ("target", "number", "says"),
    [
        ("stage:Production", 2, "aliases and a status only"),
        ("model:prod.fraud", 2, "aliases and a status only"),
        ("alias:latest", 2, "MLflow reserves"),
        ("alias:champion", 1, "has the alias champion already"),
        ("status:active", 1, "is active already"),
        ("status:deprecated", 2, "is draft: MLflow lets it become active."),
        ("status:draft", 3, "is deprecated: MLflow lets it become active."),
        ("status:active", 9, "has no version"),
    ],
)
def test_what_cannot_be_done_is_refused_at_once(entries, name, ada, target, number, says):
    with pytest.raises(InvalidInput, match=says):
        ask(ada, name, target, number)


def test_a_model_has_no_status(registry, ada):
    registry.add_version("Fraud")
    with pytest.raises(InvalidInput, match="Only a skill or an MCP server has a status"):
        PromoteRequestFactory(actor=by(ada), model_name="Fraud", version="1", target=Target.parse("status:active"))


@pytest.mark.parametrize(
    ("name", "number", "says"),
    [
        ("skill:nobody", "1", "There is no skill 'skill:nobody'"),
        ("mcp:com.example/nobody", "1.0.0", "There is no MCP server 'mcp:com.example/nobody'"),
        (SERVER, "1", "is written as 1.4.0 is"),
        (SERVER, "1.0.0/../x", "is written as 1.4.0 is"),
        (SKILL, "1.0.0", "is a whole number"),
    ],
)
def test_what_is_not_there_is_said_in_its_own_words(entries, ada, name, number, says):
    with pytest.raises(InvalidInput, match=says):
        PromoteRequestFactory(actor=by(ada), model_name=name, version=number, target=Target.parse("alias:champion"))


def test_an_mlflow_without_skills_has_none_to_ask_for(entries, ada):
    entries.version = "3.17.2"
    with pytest.raises(InvalidInput, match="There is no skill"):
        ask(ada, SKILL, "alias:champion")


def test_text_and_metadata_are_compared(entries, name):
    old, new = (get_registry("").get_facts(name, version(name, number)) for number in (1, 2))
    found = compare(new, old)
    assert [line.kind for line in found.prompt.lines] == ["hunk", "removed", "added", "context"]
    assert [(row.key, row.kind) for row in found.settings.rows] == [("digest", Kind.CHANGED)]
    assert found.contents is None


def test_what_is_frozen_of_an_entry_is_read_again(entries, name):
    facts = get_registry("").get_facts(name, version(name, 1))
    assert thaw(freeze(facts)) == facts


def test_the_fingerprint_is_of_what_the_version_says_and_not_of_its_status(entries, ada):
    asked = ask(ada, SERVER, "alias:champion")
    before = fingerprint(observe(entries, asked.proposal))
    entries.set_status(SERVER, "2.0.0", "active")
    assert fingerprint(observe(entries, asked.proposal)) == before


@pytest.mark.parametrize(
    ("target", "change", "sentence", "consequence", "effect"),
    [
        (
            "alias:champion",
            Change.SET,
            "skill:own version 2 became champion of skill:own, replacing version 1.",
            "MLflow points the alias champion of skill:own at version 2. Version 1 loses it.",
            "give @champion to version 2",
        ),
        (
            "status:active",
            Change.SET,
            "skill:own version 2 became active, beside version 1, which stays.",
            "MLflow gives skill:own version 2 the status active. No other version changes.",
            "give version 2 the status active",
        ),
        (
            "status:deprecated",
            Change.SET,
            "skill:own version 2 became deprecated.",
            "MLflow gives skill:own version 2 the status deprecated. No other version changes.",
            "give version 2 the status deprecated",
        ),
    ],
)
def test_the_sentences_are_true(target, change, sentence, consequence, effect):
    proposal = Proposal("skill:own", "2", Target.parse(target), change)
    champion = "1" if proposal.target.has_champion else None
    story = sentences.Story(proposal, "ada", champion, Status.PROMOTED)
    assert sentences.sentence(story) == sentence
    assert sentences.consequence(proposal, ["1"]) == consequence
    assert sentences.effect(proposal) == effect


def test_who_was_refused_reads_why(entries):
    assert sentences.arrived(Target.parse("status:active"), SKILL) == (
        f"MLflow changed nothing: the status active of {SKILL} is protected. Ask for the change here, and colleagues "
        "decide."
    )


def page(ada, path: str) -> str:
    client = Client()
    client.force_login(ada)
    answer = client.get(path)
    assert answer.status_code == 200
    return answer.content.decode().replace("<wbr>", "")


def test_the_pages_show_what_an_entry_is(entries, name, ada):
    kind = "MCP server" if name == SERVER else "Skill"
    listed = page(ada, reverse("promote_requests:models"))
    assert f'<span class="tag">{kind}</span>' in listed
    shown = page(ada, reverse("promote_requests:model", args=[name]))
    assert '<th scope="col">Status</th>' in shown
    assert '<th scope="col">Stage</th>' not in shown
    assert "deprecated" in shown
    assert "Older versions" not in shown
    asked = ask(ada, name, "status:active")
    detail = page(ada, asked.get_absolute_url())
    assert f"{name} version {version(name, 2)}" in detail
    assert f", beside version {version(name, 1)}, which stays" in detail
    assert f">{kind}<" in detail
    assert "Read it" in detail
    new = page(ada, f"{reverse('promote_requests:new')}?model={name}&version={version(name, 1)}")
    assert 'value="status:deprecated"' in new
    assert 'value="stage:Production"' not in new


def test_the_shipped_rules_protect_their_aliases_and_statuses(name, ada):
    for target in (
        "alias:champion",
        "alias:production",
        "alias:prod",
        "alias:staging",
        "status:active",
        "status:draft",
    ):
        proposal = Proposal(name, version(name, 2), Target.parse(target))
        assert services.requirement_for_proposal(proposal).is_protected, target
    assert not services.requirement_for_proposal(
        Proposal(name, version(name, 2), Target.parse("alias:trial"))
    ).is_protected


def test_a_rule_for_a_status_covers_leaving_it(name, ada):
    ProtectionRule.objects.filter(target_pattern="status:*").update(target_pattern="status:active")
    proposal = Proposal(name, version(name, 1), Target.parse("status:deprecated"))
    assert services.requirement_for_proposal(proposal, leaving="active").is_protected
    assert not services.requirement_for_proposal(proposal, leaving="draft").is_protected
