from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.test import Client

from audit.choices import AuditAction
from audit.models import AuditEvent
from foundation.exceptions import WrongState
from protection import rules
from protection.models import ProtectionRule
from registry.targets import Target
from testing.factories import PromoteRequestFactory, RuleFactory, UserFactory, cut_off
from testing.people import AdministratorFactory

pytestmark = pytest.mark.django_db

LIST = "/checkpoint/admin/protection/protectionrule/"
VALUES = {
    "description": "The copy for production.",
    "workspace_pattern": "*",
    "model_pattern": "fraud-*",
    "target_pattern": "model:prod.*",
    "approvals": "2",
    "promote_when": "approved",
    "on_direct_write": "refuse",
    "on_direct_write_by_service_accounts": "same",
    "enforcement": "active",
}


@pytest.fixture
def administrator(db):
    UserFactory.create_batch(2)  # who could give the two approvals
    return AdministratorFactory(username="root")


@pytest.fixture
def client(administrator):
    client = Client()
    client.force_login(administrator)
    return client


def changes():
    return AuditEvent.objects.filter(action=AuditAction.RULE_CHANGED)


def test_adding_a_rule_leaves_a_row_that_says_what_it_says(client, administrator):
    assert client.post(f"{LIST}add/", VALUES).status_code == 302
    event = changes().get()
    assert (event.actor, event.target, event.model_name) == (administrator, "model:prod.*", "fraud-*")
    assert event.reason == (
        "added: target model:prod.*, model fraud-*, workspace *, asks for 2 approvals, promotes at once, "
        "by the last approval, on a direct change refuse, enforcement active, description The copy for production."
    )
    assert len(event.request_id) == 32


def test_changing_a_rule_leaves_a_row_with_before_and_after(client):
    rule = RuleFactory(target_pattern="alias:live")
    values = VALUES | {"target_pattern": "alias:live", "model_pattern": "*", "description": ""}
    values["enforcement"] = "off"
    assert client.post(f"{LIST}{rule.pk}/change/", values).status_code == 302
    was, now = "asks for: '1 approval' became '2 approvals'", "enforcement: 'active' became 'off'"
    assert changes().get().reason == f"alias:live of *: {was}; {now}"
    rule.refresh_from_db()
    assert (rule.conditions, rule.enforcement, rule.version) == ({"approvals": 2}, "off", 2)


def test_saving_a_rule_as_it_is_leaves_no_row(client):
    rule = RuleFactory(**{name: VALUES[name] for name in ("description", "model_pattern", "target_pattern")})
    client.post(f"{LIST}{rule.pk}/change/", VALUES | {"approvals": "1"})
    assert not changes().exists()


def test_deleting_a_rule_leaves_a_row_that_says_what_it_said(client):
    rule = RuleFactory(target_pattern="alias:live")
    assert client.post(f"{LIST}{rule.pk}/delete/", {"post": "yes"}).status_code == 302
    assert not ProtectionRule.objects.filter(pk=rule.pk).exists()
    assert changes().get().reason.startswith("deleted: target alias:live, model *")


def test_deleting_several_rules_leaves_a_row_each(client):
    rules = [RuleFactory(), RuleFactory()]
    chosen = {"action": "delete_selected", "_selected_action": [rule.pk for rule in rules], "post": "yes"}
    assert client.post(LIST, chosen).status_code == 302
    assert changes().count() == 2
    assert not ProtectionRule.objects.filter(pk__in=[rule.pk for rule in rules]).exists()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"target_pattern": "*"}, "start with stage:, alias:, model: or status:"),
        ({"target_pattern": "Production"}, "start with stage:, alias:, model: or status:"),
        ({"target_pattern": "tag:x"}, "start with stage:, alias:, model: or status:"),
        ({"target_pattern": "alias:"}, "start with stage:, alias:, model: or status:"),
        ({"target_pattern": "Stage:*"}, "start with stage:, alias:, model: or status:"),
        ({"target_pattern": "stage:Prod"}, "No stage is called"),
        ({"target_pattern": "alias:[a-z]*"}, "only * and ? are wildcards"),
        ({"model_pattern": "fraud[v2]"}, "only * and ? are wildcards"),
        ({"model_pattern": ""}, "Fill this in."),
        ({"approvals": "-1"}, "Write 0 or more."),
        ({"approvals": "7"}, "Write 6 or less."),
    ],
)
def test_a_rule_that_protects_nothing_is_refused_with_a_clear_word(client, change, words):
    before = ProtectionRule.objects.count()
    answer = client.post(f"{LIST}add/", VALUES | change)
    assert words in answer.content.decode()
    assert ProtectionRule.objects.count() == before
    assert not changes().exists()


def test_the_same_patterns_twice_are_refused(client):
    client.post(f"{LIST}add/", VALUES)
    again = client.post(f"{LIST}add/", VALUES)
    assert "already exists" in again.content.decode()
    assert changes().count() == 1


def test_a_rules_page_names_the_requests_that_it_covers(client, open_request):
    rule = ProtectionRule.objects.get(target_pattern="stage:*")
    assert str(open_request) in client.get(f"{LIST}{rule.pk}/change/").content.decode()
    other = RuleFactory()
    assert "None." in client.get(f"{LIST}{other.pk}/change/").content.decode()
    assert "Shown once the rule is saved." in client.get(f"{LIST}add/").content.decode()


def test_a_rules_page_names_no_request_that_is_being_promoted(client, fraud):
    promoting = cut_off(fraud, ago=timedelta(0))
    for rule in (ProtectionRule.objects.get(target_pattern="stage:*"), RuleFactory()):
        page = client.get(f"{LIST}{rule.pk}/change/").content.decode()
        assert (str(promoting) in page, "None." in page) == (False, True)


def test_a_rules_page_names_only_so_many_requests(client, open_request, fraud, monkeypatch):
    monkeypatch.setattr("promote_requests.admin.rules._SHOWN", 1)
    PromoteRequestFactory(target=Target.parse("stage:Staging"))
    rule = ProtectionRule.objects.get(target_pattern="stage:*")
    page = client.get(f"{LIST}{rule.pk}/change/").content.decode()
    assert "and 1 more" in page
    assert "&lt;a href" not in page


def test_somebody_with_view_permission_only_reads_rules():
    reader = UserFactory(is_staff=True)
    reader.user_permissions.add(Permission.objects.get(codename="view_protectionrule"))
    client = Client()
    client.force_login(reader)
    rule = ProtectionRule.objects.first()
    assert client.get(LIST).status_code == 200
    assert client.post(f"{LIST}add/", VALUES).status_code == 403
    assert client.post(f"{LIST}{rule.pk}/change/", VALUES).status_code == 403
    assert client.post(f"{LIST}{rule.pk}/delete/", {"post": "yes"}).status_code == 403


def test_a_rule_that_somebody_deleted_meanwhile_is_told_not_a_fault(client, monkeypatch):
    rule = RuleFactory()

    def refuse(**_):
        raise WrongState("Somebody else deleted this rule meanwhile.")

    monkeypatch.setattr(rules, "save_rule", refuse)
    monkeypatch.setattr(rules, "delete_rule", refuse)
    values = VALUES | {"target_pattern": rule.target_pattern}
    for answer in (
        client.post(f"{LIST}{rule.pk}/change/", values, follow=True),
        client.post(f"{LIST}{rule.pk}/delete/", {"post": "yes"}, follow=True),
        client.post(LIST, {"action": "delete_selected", "_selected_action": [rule.pk], "post": "yes"}, follow=True),
    ):
        assert any("meanwhile" in str(message) for message in answer.context["messages"])


def test_what_the_service_refuses_stays_in_the_trail_though_the_admin_undoes_its_transaction(
    client, administrator, monkeypatch
):
    def gone(_):
        raise WrongState("Somebody else deleted this rule meanwhile.")

    rule = RuleFactory()
    monkeypatch.setattr("protection.rules._lock", gone)
    client.post(f"{LIST}{rule.pk}/change/", VALUES | {"target_pattern": rule.target_pattern})
    client.post(f"{LIST}{rule.pk}/delete/", {"post": "yes"})
    client.post(LIST, {"action": "delete_selected", "_selected_action": [rule.pk], "post": "yes"})
    refused = AuditEvent.objects.filter(action=AuditAction.REFUSED, actor=administrator)
    assert [row.reason.partition(":")[0] for row in refused] == ["save rule", "delete rule", "delete rule"]
