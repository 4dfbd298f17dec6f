"""Gates in the life of a request: when they are measured, who is stopped, and that every door says the same."""

import pytest

from promote_requests import services
from promote_requests.choices import Status, Verdict
from promote_requests.exceptions import RuleNotMet
from promote_requests.models import PromoteRequest
from promote_requests.services import promotion
from protection.models import ProtectionRule
from registry.exceptions import RegistryUnreachable
from registry.proposals import Change
from registry.targets import Target
from testing.factories import PromoteRequestFactory, RuleFactory, UserFactory
from testing.people import AdministratorFactory, by

pytestmark = pytest.mark.django_db
_MLMODEL = b"""
flavors: {}
signature:
  inputs: '[{"type": "long", "name": "age", "required": true}]'
"""
_INPUT = b'  params: null\n  inputs: \'[{"type": "long", "name": "years", "required": true}]\'\n'


def gate(*gates: str, target: str = "stage:Production", **values: object) -> ProtectionRule:
    ProtectionRule.objects.all().delete()
    return RuleFactory(target_pattern=target, conditions={"approvals": 1, "gates": list(gates)}, **values)


def approve(promote_request, reviewer):
    return services.review(actor=by(reviewer), promote_request=promote_request, verdict=Verdict.APPROVE)


def current():
    return PromoteRequest.objects.get()


def after_the_first_look(monkeypatch, deed):
    """Does something when everything was judged and the promotion has begun."""
    start = promotion._start
    monkeypatch.setattr(promotion, "_start", lambda *arguments: (start(*arguments), deed())[0])


def unmet():
    return [missing.sentence for missing in services.decision_of(current()).unmet if missing.code == "gate_not_passed"]


def test_an_approved_request_waits_for_its_gate_and_says_by_how_much(fraud, ada, grace):
    gate("metric auc >= 0.95")
    asked = PromoteRequestFactory(actor=ada)
    assert unmet() == ["The gate metric auc >= 0.95 is not passed: it is 0.94, 0.01 too little."]
    outcome = approve(asked, grace)
    assert (outcome.promote_request.status, outcome.failure) == (Status.OPEN, None)
    with pytest.raises(RuleNotMet, match=r"it is 0\.94, 0\.01 too little"):
        services.promote(actor=by(grace), promote_request=current())
    assert fraud.get_version("Fraud", "2").stage == "None"


def test_a_gate_that_is_passed_lets_the_approval_promote(fraud, ada, grace):
    gate("metric auc no worse than champion")
    assert approve(PromoteRequestFactory(actor=ada), grace).promote_request.status == Status.PROMOTED
    assert current().gates["metric auc no worse than champion"].words.startswith("it is 0.94, the champion's is 0.91")


def test_a_gate_that_a_rule_got_meanwhile_is_measured_before_the_promotion(fraud, ada, grace):
    gate("metric auc >= 0.9", promote_when="pressed")
    asked = PromoteRequestFactory(actor=ada)
    approve(asked, grace)
    gate("metric auc >= 0.99", promote_when="pressed")
    assert unmet() == [
        "The gate metric auc >= 0.99 is not passed: it has not been measured yet: open the request's page once."
    ]
    with pytest.raises(RuleNotMet, match=r"0\.05 too little"):
        services.promote(actor=by(grace), promote_request=current())


@pytest.mark.parametrize(("least", "unmet_then"), [("0.9", []), ("0.95", ["it is 0.94, 0.01 too little"])])
def test_a_reopened_request_is_measured_by_the_rules_of_today(fraud, ada, least, unmet_then):
    gate("metric recall >= 0.9")
    closed = services.withdraw(actor=by(ada), promote_request=PromoteRequestFactory(actor=ada))
    gate(f"metric auc >= {least}")
    services.reopen(actor=by(ada), promote_request=closed)
    assert list(current().gate_results) == [f"metric auc >= {least}"]
    assert unmet() == [f"The gate metric auc >= {least} is not passed: {words}." for words in unmet_then]


def test_a_tag_that_is_taken_back_before_the_promotion_stops_it(fraud, ada, grace):
    fraud.set_version_tags("Fraud", "2", {"validated": "yes"})
    gate("tag validated = yes", promote_when="pressed")
    approve(PromoteRequestFactory(actor=ada), grace)
    assert services.decision_of(current()).is_approved
    fraud.set_version_tags("Fraud", "2", {"validated": "no"})
    with pytest.raises(RuleNotMet, match="it is no"):
        services.promote(actor=by(grace), promote_request=current())
    assert not services.decision_of(current()).is_approved  # and the list says so


@pytest.mark.parametrize(
    ("expression", "spoil"),
    [
        ("tag validated = yes", lambda fraud: fraud.set_version_tags("Fraud", "2", {"validated": "no"})),
        ("artifact model_card.md exists", lambda fraud: fraud.files.pop(("Fraud", "2", "model_card.md"), None)),
        ("size <= 1 KiB", lambda fraud: fraud.files.update({("Fraud", "2", "more.bin"): b"x" * 2_000})),
        ("signature compatible", lambda fraud: fraud.files.update({("Fraud", "2", "MLmodel"): _MLMODEL + _INPUT})),
    ],
)
def test_what_turns_at_the_last_moment_is_not_promoted(fraud, ada, grace, monkeypatch, expression, spoil):
    fraud.set_version_tags("Fraud", "2", {"validated": "yes"})
    fraud.files["Fraud", "2", "model_card.md"] = b"# Card"
    fraud.files["Fraud", "1", "MLmodel"] = fraud.files["Fraud", "2", "MLmodel"] = _MLMODEL
    gate(expression, promote_when="pressed")
    asked = PromoteRequestFactory(actor=ada)
    approve(asked, grace)
    assert services.decision_of(current()).is_approved

    after_the_first_look(monkeypatch, lambda: spoil(fraud))
    with pytest.raises(RuleNotMet, match="is not passed"):
        services.promote(actor=by(grace), promote_request=current())
    assert fraud.get_version("Fraud", "2").stage == "None"
    assert current().status == Status.OPEN
    assert "is not passed" in current().last_failure
    assert len(unmet()) == 1


def test_what_is_kept_is_what_was_seen_last(fraud, ada, grace, monkeypatch):
    gate("tag validated in (yes, surely)", promote_when="pressed")
    fraud.set_version_tags("Fraud", "2", {"validated": "yes"})
    approve(PromoteRequestFactory(actor=ada), grace)

    after_the_first_look(monkeypatch, lambda: fraud.set_version_tags("Fraud", "2", {"validated": "surely"}))
    services.promote(actor=by(grace), promote_request=current())
    assert current().status == Status.PROMOTED
    assert services.evidence_of(current()).challenger.tags == {"validated": "surely"}
    assert current().gates["tag validated in (yes, surely)"].words == "it is surely"


def test_an_approval_measures_files_as_they_are_now(fraud, ada, grace, client):
    gate("size <= 1 KiB", promote_when="pressed")
    fraud.files["Fraud", "2", "model.bin"] = b"x"
    asked = PromoteRequestFactory(actor=ada)
    client.force_login(grace)
    client.post(f"{asked.get_absolute_url()}now/")
    fraud.files["Fraud", "2", "model.bin"] = b"x" * 2_000
    approve(asked, grace)
    assert len(unmet()) == 1


def test_files_that_cannot_be_listed_pass_no_gate(fraud, ada, grace):
    gate("artifact model_card.md exists")
    fraud.files["Fraud", "2", "model_card.md"] = b"# Card"
    asked = PromoteRequestFactory(actor=ada)
    assert unmet() == []
    fraud.fail_next(RegistryUnreachable("MLflow cannot be reached."), call="list_files")
    fraud.fail_next(RegistryUnreachable("MLflow cannot be reached."), call="list_files")
    outcome = approve(asked, grace)
    assert outcome.promote_request.status == Status.OPEN
    assert "could not all be listed" in unmet()[0]


def test_how_good_a_version_is_does_not_keep_it_where_it_is(fraud, ada, grace):
    gate("metric auc >= 0.99")
    leaving = PromoteRequestFactory(actor=ada, version="1", target=Target.parse("stage:Archived"))
    assert approve(leaving, grace).promote_request.status == Status.PROMOTED
    gate("metric auc >= 0.99", target="alias:champion")
    removal = PromoteRequestFactory(actor=ada, version="1", target=Target.parse("alias:champion"), change=Change.REMOVE)
    assert approve(removal, grace).promote_request.status == Status.PROMOTED


def test_a_description_that_is_asked_for_counts_as_soon_as_it_is_written_and_no_longer_when_taken_back(fraud, ada):
    gate("description required")
    asked = PromoteRequestFactory(actor=ada)
    assert len(unmet()) == 1
    services.edit(actor=by(ada), promote_request=asked, title="Live", description="Why.")
    assert unmet() == []
    services.edit(actor=by(ada), promote_request=current(), title="Live", description="")
    assert len(unmet()) == 1


def test_the_page_measures_again_and_the_list_agrees_with_it(fraud, ada, grace, client):
    gate("metric auc >= 0.95")
    asked = PromoteRequestFactory(actor=ada)
    fraud.change_facts("Fraud", "2", metrics={"auc": 0.96})
    client.force_login(grace)
    page = client.post(f"{asked.get_absolute_url()}now/").content.decode()
    assert "metric auc &gt;= 0.95" in page
    assert unmet() == []


def test_the_frozen_request_shows_what_was_measured_then(fraud, ada, grace, client):
    gate("metric auc >= 0.9")
    approve(PromoteRequestFactory(actor=ada), grace)
    fraud.change_facts("Fraud", "2", metrics={"auc": 0.1})
    client.force_login(grace)
    client.post(f"{current().get_absolute_url()}now/")
    assert current().gate_results == {"metric auc >= 0.9": {"passed": True, "words": "it is 0.94, 0.04 to spare"}}


def test_gates_are_tried_on_a_version_before_a_rule_is_saved(fraud, client):
    client.force_login(AdministratorFactory())
    address = "/checkpoint/admin/protection/protectionrule/try/"
    asked = {"gates": "auc >= 0.95\nauc no worse than champion", "try_model": "Fraud", "try_version": "2"}
    page = client.post(address, {**asked, "try_target": "stage:Production"})
    words = page.content.decode().replace("<wbr>", "")
    assert "Fraud version 2 for stage:Production, beside version 1, which holds it now" in words
    assert "it is 0.94, 0.01 too little" in words
    assert "0.03 better" in words
    assert not ProtectionRule.objects.filter(conditions__has_key="gates").exists()
    for wrong, status, says in (
        ({"gates": "auc >="}, 400, "expected a number"),
        ({"try_version": "9"}, 404, "not found"),
        ({"try_model": ""}, 400, "Name the model"),
        ({"try_target": "Production"}, 400, "is not a target"),
    ):
        page = client.post(address, {**asked, "try_target": "stage:Production", **wrong})
        assert (page.status_code, says in page.content.decode()) == (status, True), wrong
    assert client.get(address).status_code == 405


def test_only_people_who_edit_rules_try_gates(fraud, grace, client):
    grace.is_staff = True
    grace.save()
    client.force_login(grace)
    assert client.post("/checkpoint/admin/protection/protectionrule/try/", {"gates": "auc >= 1"}).status_code == 403


def test_a_gate_with_an_error_keeps_what_was_typed_in_the_rules_form(client, db):
    client.force_login(AdministratorFactory())
    UserFactory(username="ci-bot")
    typed = {"target_pattern": "alias:live", "model_pattern": "*", "workspace_pattern": "*", "approvals": 1}
    typed |= {
        "promote_when": "approved",
        "on_direct_write": "refuse",
        "on_direct_write_by_service_accounts": "same",
        "enforcement": "active",
    }
    typed |= {"gates": "auc >= 0.9\nrmse <=", "checks": "ci/evals by ci-bot within 24 hours"}
    page = client.post("/checkpoint/admin/protection/protectionrule/add/", typed)
    words = page.content.decode()
    assert page.status_code == 200
    assert "At character 8 of the gate &#x27;rmse &lt;=&#x27;: expected a number, found the end." in words
    assert "auc &gt;= 0.9\nrmse &lt;=" in words
    assert "ci/evals by ci-bot within 24 hours" in words
    client.post("/checkpoint/admin/protection/protectionrule/add/", {**typed, "gates": "auc >= 0.9"})
    rule = ProtectionRule.objects.get(target_pattern="alias:live")
    assert rule.conditions == {
        "approvals": 1,
        "checks": [{"name": "ci/evals", "reporter": "ci-bot", "hours": 24}],
        "gates": ["metric auc >= 0.9"],
    }
    page = client.get(f"/checkpoint/admin/protection/protectionrule/{rule.pk}/change/").content.decode()
    assert "metric auc &gt;= 0.9" in page
    assert "ci/evals by ci-bot within 24 hours" in page
