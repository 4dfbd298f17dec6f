"""What Checkpoint has on record of a version, through the doors: who made it, and whether it has soaked."""

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db.models import QuerySet
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from audit.choices import AuditAction
from audit.holding.models import Holding
from audit.making.makers import makers_of
from audit.making.models import RegisteredVersion
from audit.models import AuditEvent
from evidence.kept import load
from foundation.exceptions import NotAllowed
from promote_requests import services
from promote_requests.choices import Status, Verdict
from promote_requests.models import PromoteRequest, Review
from promote_requests.services.by_itself.soaking import look_at_soaking
from protection.models import ProtectionRule
from registry.exceptions import RegistryUnreachable
from registry.makers import Deed
from registry.targets import Target
from testing.api_client import Api
from testing.factories import PromoteRequestFactory, UserFactory, register
from testing.people import AdministratorFactory, by

pytestmark = pytest.mark.django_db

BECAUSE = "the rule wants it approved by people who did not make it: somebody else has to approve it."


def rules(**conditions):
    ProtectionRule.objects.filter(target_pattern="stage:*").update(conditions={"approvals": 1, **conditions})


@pytest.fixture
def linus(db):
    return UserFactory(username="linus")


@pytest.fixture
def made(fraud, grace):
    """Has grace registered version 2 and a rule that lets no maker approve."""
    register(fraud.get_version("Fraud", "2"), grace)
    rules(makers={"unknown": "block"})
    return fraud


def signed_in(user):
    client = Client()
    client.force_login(user)
    return client


def page(user, asked):
    return signed_in(user).post(f"{asked.get_absolute_url()}now/").content.decode()


def approve(user, asked, **further):
    return services.review(actor=by(user), promote_request=asked, verdict=Verdict.APPROVE, **further)


def later(monkeypatch, hours):
    now = timezone.now() + timedelta(hours=hours)
    monkeypatch.setattr("django.utils.timezone.now", lambda: now)


def test_the_page_says_who_made_it_and_keeps_a_maker_from_pressing_approve(made, ada, grace, linus):
    asked = PromoteRequestFactory(actor=ada)
    for user, may in ((grace, False), (linus, True)):
        shown = page(user, asked)
        assert "Registered by grace (known to Checkpoint)" in shown
        assert (f"You registered this version, and {BECAUSE}" in shown) is not may
        assert ('value="approve"' in shown) is may
        assert 'value="request_changes"' in shown


def test_the_desk_of_the_admin_says_it_too(made, ada, grace, linus):
    asked = PromoteRequestFactory(actor=ada)
    root = AdministratorFactory(username="root")
    address = reverse("admin:promote_requests_promoterequest_change", args=[asked.number])
    shown = signed_in(root).get(address).content.decode()
    assert "Registered by grace (known to Checkpoint)" in shown
    assert 'value="approve"' in shown
    grace.is_staff = grace.is_superuser = True
    grace.save()
    shown = signed_in(grace).get(address).content.decode()
    assert f"You registered this version, and {BECAUSE}" in shown
    assert 'value="approve"' not in shown


def test_the_api_names_makers_and_says_whose_approval_would_be_refused(made, ada, grace, linus):
    asked = PromoteRequestFactory(actor=ada)
    address = reverse("promote_requests_api:detail", args=[asked.number])
    shown = {user.username: signed_in(user).get(address).json() for user in (grace, linus)}
    assert shown["linus"]["makers"] == [{"deed": "registered", "name": "grace", "answered_for_by": None}]
    assert shown["linus"]["approval_refusal"] == ""
    assert shown["grace"]["approval_refusal"] == f"You registered this version, and {BECAUSE}"
    assert "review" in shown["grace"]["available_actions"]


def test_unknown_makers_are_said_so_and_block(fraud, ada, linus):
    rules(makers={"unknown": "block"})
    asked = PromoteRequestFactory(actor=ada)
    assert "Registered by unknown" in page(linus, asked)
    outcome = approve(linus, asked)
    assert outcome.promote_request.status == Status.OPEN
    assert [missing.code for missing in services.decision_of(outcome.promote_request).unmet] == ["makers_unknown"]


def test_makers_may_still_ask_for_changes_and_comment(made, ada, grace):
    asked = PromoteRequestFactory(actor=ada)
    services.review(actor=by(grace), promote_request=asked, verdict=Verdict.REQUEST_CHANGES, body="Wait.")
    services.comment(actor=by(grace), promote_request=asked, body="A remark.")
    with pytest.raises(NotAllowed, match="somebody else has to approve it"):
        approve(grace, asked)
    assert [review.verdict for review in Review.objects.all()] == [Verdict.REQUEST_CHANGES]
    (refused,) = AuditEvent.objects.filter(action=AuditAction.REFUSED)
    assert (refused.actor, BECAUSE in refused.reason) == (grace, True)


def test_a_maker_who_becomes_known_after_the_request_was_opened_may_not_approve(fraud, ada, grace):
    rules(makers={"unknown": "pass"})
    asked = PromoteRequestFactory(actor=ada)
    register(fraud.get_version("Fraud", "2"), grace)
    with pytest.raises(NotAllowed):
        approve(grace, asked)


def test_an_approval_of_a_maker_from_before_the_rule_does_not_promote(fraud, ada, grace, linus):
    rules(approvals=2)
    register(fraud.get_version("Fraud", "2"), grace)
    asked = PromoteRequestFactory(actor=ada)
    approve(grace, asked)
    rules(makers={"unknown": "block"})
    asked.refresh_from_db()
    assert not services.decision_of(asked).is_approved
    assert "grace approved what they made" in page(linus, asked)
    assert approve(linus, asked).promote_request.approved_by == ["linus"]


def test_what_was_decided_keeps_who_made_it(made, ada, grace, linus):
    asked = PromoteRequestFactory(actor=ada)
    done = approve(linus, asked).promote_request
    assert [maker.name for maker in load(done.evidence_digest).challenger.makers] == ["grace"]
    assert [maker.name for maker in done.record.makers] == ["grace"]


def test_that_makers_become_known_does_not_ask_for_approvals_again(fraud, ada, grace, linus):
    rules(approvals=2)
    asked = PromoteRequestFactory(actor=ada)
    approve(linus, asked)
    register(fraud.get_version("Fraud", "2"), grace)
    page(linus, asked)
    asked.refresh_from_db()
    assert services.decision_of(asked).approvers == ("linus",)
    assert [maker.name for maker in asked.record.makers] == ["grace"]


def test_a_promotions_copy_is_made_by_who_made_the_original(made, ada, grace, linus):
    made.add_model("prod")
    asked = PromoteRequestFactory(actor=ada, target=Target.parse("model:prod"))
    done = approve(linus, asked).promote_request
    assert done.status == Status.PROMOTED
    copy = made.get_version("prod", done.promoted_version)
    assert {(maker.deed, maker.name) for maker in makers_of(copy, workspace="")} == {(Deed.REGISTERED, "grace")}
    assert RegisteredVersion.objects.get(model_name="prod").maker is None


def test_lists_take_no_query_for_makers(made, ada, grace, django_assert_max_num_queries):
    address = reverse("promote_requests_api:list")
    client = signed_in(grace)
    PromoteRequestFactory(actor=ada)
    with django_assert_max_num_queries(40) as few:
        client.get(address)
    for number in range(3, 8):
        made.add_version("Fraud")
        PromoteRequestFactory(actor=ada, version=str(number))
    with django_assert_max_num_queries(len(few.captured_queries)):
        assert len(client.get(address).json()["results"]) == 6


@pytest.fixture
def soaking(fraud, ada):
    """Gives the request for a version that is in Staging, where it has to be for two hours."""
    rules(soak={"target": "stage:Staging", "hours": 2})
    ProtectionRule.objects.filter(target_pattern="stage:*").update(promote_when="due")
    fraud.transition_stage("Fraud", "2", "Staging", archive_existing_versions=False)
    return PromoteRequestFactory(actor=ada)


def codes(asked):
    asked.refresh_from_db()
    return [missing.code for missing in services.decision_of(asked).unmet]


def test_what_has_soaked_is_promoted_by_itself_and_not_before(soaking, linus, monkeypatch):
    approve(linus, soaking)
    assert codes(soaking) == ["soak"]
    (missing,) = services.decision_of(soaking).unmet
    assert missing.until is not None
    call_command("promote_due")
    assert PromoteRequest.objects.get().status == Status.OPEN
    later(monkeypatch, 2.1)
    call_command("promote_due")
    assert PromoteRequest.objects.get().status == Status.PROMOTED


def test_what_left_meanwhile_is_not_promoted_and_begins_anew(soaking, fraud, linus, monkeypatch):
    approve(linus, soaking)
    fraud.transition_stage("Fraud", "2", "None", archive_existing_versions=False)
    later(monkeypatch, 3)
    with pytest.raises(CommandError, match="Not promoted: 1"):
        call_command("promote_due")
    soaking.refresh_from_db()
    assert soaking.status == Status.OPEN
    assert "soak" in codes(soaking)


def test_the_worker_sees_that_an_alias_goes_and_comes_back(fraud, ada, linus, monkeypatch):
    rules(soak={"target": "alias:candidate", "hours": 2})
    fraud.set_alias("Fraud", "candidate", "2")
    asked = PromoteRequestFactory(actor=ada)
    look_at_soaking()
    fraud.delete_alias("Fraud", "candidate")
    look_at_soaking()
    assert (codes(asked), asked.held_since) == (["approvals_missing", "soak"], {})
    fraud.set_alias("Fraud", "candidate", "2")
    later(monkeypatch, 3)
    look_at_soaking()
    asked.refresh_from_db()
    assert services.decision_of(asked).unmet[-1].until == timezone.now() + timedelta(hours=2)
    assert Holding.objects.filter(version="2", ended_at=None).count() == 1


def test_the_worker_asks_mlflow_only_where_a_rule_asks_for_it(fraud, ada, caplog):
    PromoteRequestFactory(actor=ada)
    fraud.calls.clear()
    look_at_soaking()
    assert fraud.calls == []
    rules(soak={"target": "alias:candidate", "hours": 2})
    fraud.fail_next(RegistryUnreachable("away"), call="get_version")
    look_at_soaking()
    assert "still soaks cannot be told: away" in caplog.text


def test_the_worker_has_read_its_list_before_it_asks_mlflow(fraud, ada, monkeypatch):
    """While MLflow is asked no connection is held, so on a file or a server a list half read would be cut off."""
    rules(soak={"target": "alias:candidate", "hours": 2})
    PromoteRequestFactory(actor=ada)
    events, whole = [], QuerySet.iterator

    def iterated(rows, *args, **kwargs):
        yield from whole(rows, *args, **kwargs)
        events.append("read")

    monkeypatch.setattr(QuerySet, "iterator", iterated)
    fraud.before("get_version", lambda: events.append("asked"))
    look_at_soaking()
    assert events == ["read", "asked"]


def test_an_alias_that_a_promotion_gave_counts_from_then(fraud, ada, linus):
    asked = PromoteRequestFactory(actor=ada, target=Target.parse("alias:candidate"))
    assert approve(linus, asked).promote_request.status == Status.PROMOTED
    assert [row.target for row in Holding.objects.filter(version="2", ended_at=None)] == ["alias:candidate"]


def test_rules_about_makers_and_soak_are_written_and_read_through_every_door(tmp_path, client):
    root = AdministratorFactory(username="root")
    conditions = {"approvals": 1, "makers": {"unknown": "pass"}, "soak": {"target": "stage:Staging", "hours": 24}}
    made = Api(root).post("protection-rules/", {"target_pattern": "alias:live", "conditions": conditions})
    assert (made.status_code, made.json()["conditions"]) == (201, conditions)
    rule = ProtectionRule.objects.get(target_pattern="alias:live")
    client.force_login(root)
    address = f"/checkpoint/admin/protection/protectionrule/{rule.pk}/change/"
    form = client.get(address).context["adminform"].form
    assert (form["makers"].value(), form["soak"].value()) == ("pass", "stage:Staging for 24 hours")
    values = {
        "target_pattern": "alias:live",
        "model_pattern": "*",
        "workspace_pattern": "*",
        "approvals": "1",
        "makers": "block",
        "soak": "stage:staging for 2 hours\nalias:candidate for 1 hour",
        "promote_when": "approved",
        "on_direct_write": "refuse",
        "on_direct_write_by_service_accounts": "same",
        "enforcement": "active",
    }
    for soak, status in ((values["soak"], 302), ("stage:Live for 2 hours", 200)):
        assert client.post(address, values | {"soak": soak}).status_code == status
    rule.refresh_from_db()
    assert rule.conditions["makers"] == {"unknown": "block"}
    assert rule.conditions["soak"] == [
        {"target": "stage:Staging", "hours": 2},
        {"target": "alias:candidate", "hours": 1},
    ]
    out = StringIO()
    call_command("rules", "export", stdout=out)
    file = tmp_path / "rules.yaml"
    file.write_text(out.getvalue())
    call_command("rules", "check", str(file), stdout=StringIO())
    assert "unknown: block" in out.getvalue()


@pytest.mark.parametrize(
    ("conditions", "says"),
    [
        ({"makers": {"unknown": "perhaps"}}, "Unknown makers block, or pass."),
        ({"makers": True}, "{unknown: block}"),
        ({"soak": {"target": "stage:Live", "hours": 2}}, "'Live' is not a stage"),
        ({"soak": {"target": "model:prod", "hours": 2}}, "No version soaks at model:prod"),
        ({"soak": {"target": "stage:Staging", "hours": 0}}, "from 1 to 8760"),
    ],
)
def test_wrong_settings_are_refused_with_the_sentence_at_their_name(conditions, says):
    api = Api(AdministratorFactory())
    answer = api.post("protection-rules/", {"target_pattern": "alias:live", "conditions": conditions})
    assert (answer.status_code, says in answer.content.decode()) == (400, True), answer.content
    assert not ProtectionRule.objects.filter(target_pattern="alias:live").exists()
