"""Rules, freeze windows and owners on the portal's pages: edited, previewed, switched, deleted, and their history."""

import pytest
from django.contrib.auth.models import Group, Permission
from django.test import Client
from django.urls import reverse

from audit.choices import AuditAction
from audit.models import AuditEvent
from promote_requests import services
from promote_requests.choices import Verdict
from promote_requests.models import PromoteRequest
from protection import rules
from protection.models import FreezeWindow, Ownership, ProtectionRule, RuleInsight, RuleVersion
from protection.rulebook import save_entry
from registry.exceptions import RegistryRefused
from testing.api_client import Api, assert_refused
from testing.factories import PromoteRequestFactory, RuleFactory
from testing.people import PASSWORD, AdministratorFactory, UserFactory, by, suspended_mark

pytestmark = pytest.mark.django_db
CHOICES = {
    "promote_when": "approved",
    "on_direct_write": "refuse",
    "on_direct_write_by_service_accounts": "same",
    "enforcement": "active",
}
VALUES = {"target_pattern": "alias:live", "model_pattern": "*", "workspace_pattern": "*", "approvals": "1"} | CHOICES
FREEZE = {
    "name": "year end",
    "start": "2026-12-20 18:00",
    "end": "2027-01-04 08:00",
    "timezone": "Europe/Berlin",
    "target_pattern": "*",
    "model_pattern": "*",
    "workspace_pattern": "*",
}
OWNERS = {
    "section": "Risk",
    "model_pattern": "*",
    "workspace_pattern": "*",
    "people": "user grace",
    "approvals": "1",
}
BY_RISK = {"approvals": 1, "approvers": {"groups": ["Risk"]}}


def address(name, pk=None):
    return reverse(f"promote_requests:{name}", args=[] if pk is None else [pk])


@pytest.fixture
def root(db):
    return AdministratorFactory(username="root")


@pytest.fixture
def pages(registry, root, ada, grace):
    client = Client()
    client.force_login(root)
    return client


@pytest.fixture
def editor(ada):
    """ada, who may edit rules and is no member of staff."""
    ada.user_permissions.set(Permission.objects.filter(content_type__app_label="protection"))
    return ada


def words(response):
    return response.content.decode()


# Edited.


def test_whoever_has_the_permission_adds_a_rule_on_the_page_without_the_admin(editor, grace):
    client = Client()
    client.force_login(editor)
    assert address("rule_new") in words(client.get(address("rules")))
    answer = client.post(address("rule_new"), VALUES)
    assert answer.status_code == 302, words(answer)
    made = ProtectionRule.objects.get(target_pattern="alias:live")
    assert (made.conditions, made.version) == ({"approvals": 1}, 1)
    row = AuditEvent.objects.get(action=AuditAction.RULE_CHANGED)
    assert (row.actor, row.door, row.target) == (editor, "page", "alias:live")
    assert RuleVersion.objects.get(rule_id=made.pk).changed_by == editor


def test_the_form_explains_each_condition_and_says_what_it_asks_for_now(pages):
    rule = RuleFactory(conditions={"approvals": 2, "waiting_time": 60})
    page = words(pages.get(address("rule_edit", rule.pk)))
    for told in ("By people other than the author", "Time to object", "Now: 2 approvals.", "Now: nothing."):
        assert told in page


def test_others_see_no_way_to_edit_and_are_told_who_may(ada):
    client = Client()
    client.force_login(ada)
    rule = RuleFactory()
    page = words(client.get(address("rules")))
    assert address("rule_new") not in page
    assert f'"{address("rule_edit", rule.pk)}"' not in page
    answer = client.get(address("rule_edit", rule.pk))
    assert answer.status_code == 403
    assert "permission to edit protection rules" in words(answer)
    assert not AuditEvent.objects.filter(action=AuditAction.REFUSED).exists()
    assert client.get(address("rule_history", rule.pk)).status_code == 200


@pytest.mark.parametrize("name", ["rule_edit", "rule_delete", "rule_history", "freeze_edit", "owners_delete"])
@pytest.mark.parametrize("pk", [404, 2**63])
def test_what_is_not_there_says_so(pages, name, pk):
    assert pages.get(address(name, pk)).status_code == 404


def test_what_is_wrong_is_said_at_its_field_and_nothing_typed_is_lost(pages):
    typed = VALUES | {"target_pattern": "everything", "description": "For the audit.", "gates": "auc >="}
    answer = pages.post(address("rule_new"), typed)
    page = words(answer)
    assert answer.status_code == 400
    assert "protects nothing" in page
    assert "expected a number" in page
    assert 'value="For the audit."' in page
    assert not ProtectionRule.objects.filter(description="For the audit.").exists()


def test_saving_asks_for_the_password_again_where_decisions_do(settings, root):
    settings.CHECKPOINT_CONFIRM_MINUTES = 5
    client = Client()
    client.force_login(root)
    for name, values in (("rule_new", VALUES), ("freeze_new", FREEZE), ("owners_new", OWNERS)):
        assert client.get(address(name)).status_code == 200
        assert "reauthenticate" in client.post(address(name), values)["Location"]
    rule = RuleFactory()
    for name in ("rule_edit", "rule_switch", "rule_delete"):
        asked = client.post(address(name, rule.pk), VALUES)["Location"]
        assert "reauthenticate" in asked
    assert not ProtectionRule.objects.filter(target_pattern="alias:live").exists()
    assert "Delete the rule for" in words(client.get(asked))
    answer = client.post(asked, {"password": PASSWORD, "suspended": suspended_mark(client, asked)})
    assert answer.status_code == 302
    assert not ProtectionRule.objects.filter(pk=rule.pk).exists()


# Two at once.


def test_the_second_of_two_editors_is_told_what_the_first_changed_and_loses_nothing(pages, root, editor):
    rule = rules.save_rule(actor=by(root), rule=ProtectionRule(target_pattern="alias:live"))
    seen = pages.get(address("rule_edit", rule.pk)).context["form"]["seen_version"].value()
    rule.description = "For the audit."
    rules.save_rule(actor=by(editor), rule=rule)
    typed = VALUES | {"approvals": "2", "seen_version": seen}
    answer = pages.post(address("rule_edit", rule.pk), typed)
    page = words(answer)
    assert answer.status_code == 409
    assert "ada changed this rule while you had it open: description: nothing became For the audit." in page
    assert answer.context["form"]["approvals"].value() == "2"
    rule.refresh_from_db()
    assert (rule.conditions, rule.version) == ({"approvals": 1}, 2)
    again = typed | {"seen_version": answer.context["form"]["seen_version"].value()}
    assert pages.post(address("rule_edit", rule.pk), again).status_code == 302
    rule.refresh_from_db()
    assert (rule.conditions, rule.version) == ({"approvals": 2}, 3)


def test_the_admin_says_the_same_and_loses_nothing_either(pages, root, editor):
    rule = rules.save_rule(actor=by(root), rule=ProtectionRule(target_pattern="alias:live"))
    rule.description = "For the audit."
    rules.save_rule(actor=by(editor), rule=rule)
    answer = pages.post(
        f"/checkpoint/admin/protection/protectionrule/{rule.pk}/change/", VALUES | {"approvals": "2", "seen_version": 1}
    )
    assert answer.status_code == 200
    assert "ada changed this rule while you had it open" in words(answer)
    assert answer.context["adminform"].form["approvals"].value() == "2"
    rule.refresh_from_db()
    assert rule.conditions == {"approvals": 1}


def test_the_api_refuses_a_change_of_another_version_than_the_one_that_was_read(root):
    api = Api(root)
    made = api.post("protection-rules/", {"target_pattern": "alias:live"}).json()
    path = f"protection-rules/{made['id']}/"
    assert api.patch(path, {"description": "One.", "version": 1}).json()["version"] == 2
    assert_refused(
        api.patch(path, {"description": "Two.", "version": 1}), 409, "INVALID_STATE", "root changed this rule"
    )
    assert api.patch(path, {"description": "Three."}).json()["version"] == 3


@pytest.mark.parametrize(("kind", "values", "page"), [(FreezeWindow, FREEZE, "freeze"), (Ownership, OWNERS, "owners")])
def test_windows_and_owners_are_added_changed_and_deleted_and_never_overwritten_unseen(pages, kind, values, page, root):
    assert pages.post(address(f"{page}_new"), values).status_code == 302
    row = kind.objects.get()
    seen = pages.get(address(f"{page}_edit", row.pk)).context["form"]["seen_version"].value()
    row.model_pattern = "fraud-*"
    save_entry(actor=by(root), entry=row)
    typed = values | {"model_pattern": "risk-*", "seen_version": seen}
    answer = pages.post(address(f"{page}_edit", row.pk), typed)
    assert (answer.status_code, "it says now: " in words(answer)) == (409, True)
    assert answer.context["form"]["model_pattern"].value() == "risk-*"
    again = typed | {"seen_version": answer.context["form"]["seen_version"].value()}
    assert pages.post(address(f"{page}_edit", row.pk), again).status_code == 302
    row.refresh_from_db()
    assert (row.model_pattern, row.version) == ("risk-*", 3)
    assert "risk-*" in words(pages.get(address("rules")))
    assert pages.get(address(f"{page}_delete", row.pk)).status_code == 200
    assert pages.post(address(f"{page}_delete", row.pk)).status_code == 302
    assert not kind.objects.exists()
    assert AuditEvent.objects.filter(action=AuditAction.RULE_CHANGED).count() == 4


# Switched and deleted.


def test_a_rule_is_switched_off_and_on_again(pages):
    rule = RuleFactory()
    for to in ("off", "evaluate", "active"):
        pages.post(address("rule_switch", rule.pk), {"to": to})
        rule.refresh_from_db()
        assert rule.enforcement == to
    answer = pages.post(address("rule_switch", rule.pk), {"to": "sometimes"}, follow=True)
    assert "Switch it to one of active, evaluate, off" in words(answer)


@pytest.mark.parametrize(
    ("enforcement", "said"),
    [
        ("active", "holds from now on."),
        ("evaluate", "is evaluated only: it refuses nothing."),
        ("off", "is off: it holds nothing."),
    ],
)
def test_what_is_said_of_a_saved_or_switched_rule_names_it_and_what_it_does_now(pages, enforcement, said):
    told = pages.post(address("rule_new"), VALUES | {"enforcement": enforcement}, follow=True)
    assert f"The rule alias:live of * is saved, and {said}" in words(told)
    rule = ProtectionRule.objects.get(target_pattern="alias:live")
    switched = pages.post(address("rule_switch", rule.pk), {"to": enforcement})
    assert switched["Location"] == f"{address('rules')}#rule-{rule.pk}"
    told = pages.get(address("rules"))
    assert f"The rule alias:live of * {said}" in words(told)
    assert f'id="rule-{rule.pk}"' in words(told)


def test_a_rule_that_nobody_can_meet_waits_switched_off_and_is_not_enforced(pages):
    empty = Group.objects.create(name="Nobody yet")
    typed = VALUES | {"approvers": "group Nobody yet"}
    answer = pages.post(address("rule_new"), typed)
    assert (answer.status_code, "has no active members" in words(answer)) == (400, True)
    assert pages.post(address("rule_new"), typed | {"enforcement": "off"}).status_code == 302
    rule = ProtectionRule.objects.get(target_pattern="alias:live")
    told = pages.post(address("rule_switch", rule.pk), {"to": "active"}, follow=True)
    assert "has no active members" in words(told)
    empty.user_set.add(UserFactory())
    pages.post(address("rule_switch", rule.pk), {"to": "active"})
    rule.refresh_from_db()
    assert rule.is_active


def test_deleting_asks_first_and_keeps_the_history(pages):
    rule = ProtectionRule.objects.get(target_pattern="stage:*")
    assert "anybody may change directly" in words(pages.get(address("rule_delete", rule.pk)))
    assert ProtectionRule.objects.filter(pk=rule.pk).exists()
    assert pages.post(address("rule_delete", rule.pk)).status_code == 302
    page = words(pages.get(address("rule_history", rule.pk)))
    assert "Somebody deleted this rule." in page
    assert "Checkpoint" in page


def test_the_history_says_in_words_what_each_version_changed(pages, grace):
    Group.objects.create(name="Risk").user_set.add(grace)
    rule = ProtectionRule.objects.get(target_pattern="stage:*")
    asked = {"target_pattern": "stage:*", "approvals": "2", "approvers": "user grace\nuser ada"}
    pages.post(address("rule_edit", rule.pk), VALUES | asked)
    pages.post(address("rule_switch", rule.pk), {"to": "off"})
    versions = pages.get(address("rule_history", rule.pk)).context["versions"]
    assert [(row.number, row.changed_by_name) for row, _ in versions] == [(3, "root"), (2, "root"), (1, "Checkpoint")]
    assert versions[0][1] == ["enforcement: active became off"]
    assert versions[1][1][0].startswith("asks for: 1 approval became 2 approvals, 2 approvals by ")


# Previewed.


def test_the_preview_names_what_would_change_and_saves_nothing(pages, fraud, open_request):
    typed = VALUES | {"target_pattern": "stage:Production", "approvals": "2"}
    answer = pages.post(address("rule_preview_new"), typed)
    (change,) = answer.context["touched"].requests
    assert change.promote_request == open_request
    assert change.additions == ["2 more approvals are needed, by somebody other than ada."]
    assert f"#{open_request.number}" in words(answer)
    assert answer.context["form"]["approvals"].value() == "2"
    assert not ProtectionRule.objects.filter(target_pattern="stage:Production").exists()


def test_the_preview_does_not_name_a_gate_that_was_asked_for_already(pages, fraud, ada):
    saved = ProtectionRule(target_pattern="stage:Production", conditions={"approvals": 1, "gates": ["metric auc >= 2"]})
    rules.save_rule(actor=by(AdministratorFactory()), rule=saved)
    PromoteRequestFactory(actor=ada)
    typed = VALUES | {"target_pattern": "stage:Production", "gates": "metric auc >= 2\nmetric auc >= 3"}
    (change,) = pages.post(address("rule_preview", saved.pk), typed).context["touched"].requests
    (added,) = change.additions
    assert added.startswith("The gate metric auc >= 3 is not passed")


@pytest.mark.parametrize(
    ("field", "typed", "said"),
    [
        ("target_pattern", "", "Fill this in."),
        ("enforcement", "sometimes", "Choose one of the list: sometimes is not in it."),
        ("re_review_days", "soon", "Write a whole number."),
        ("re_review_days", "0", "Write 1 or more."),
        ("promoter_groups", "404", "Choose one of the list: 404 is not in it."),
        ("description", "x" * 2000, "Write at most "),
    ],
)
def test_what_is_wrong_with_a_field_is_said_in_our_own_words(pages, field, typed, said):
    answer = pages.post(address("rule_new"), VALUES | {field: typed})
    assert answer.status_code == 400
    assert answer.context["form"].errors[field][0].startswith(said)


def test_the_page_of_an_evaluated_rule_says_what_it_would_have_refused(pages):
    rule = RuleFactory(enforcement="evaluate")
    page = words(pages.get(address("rule_edit", rule.pk)))
    assert "As it is saved now: In the last 30 days it would have refused nothing." in page


def test_the_preview_of_a_change_names_what_the_rule_would_let_go(pages, fraud, open_request):
    rule = ProtectionRule.objects.get(target_pattern="stage:*")
    rules.save_rule(actor=by(AdministratorFactory()), rule=ProtectionRule(target_pattern="stage:Prod*"))
    answer = pages.post(address("rule_preview", rule.pk), VALUES | {"target_pattern": "stage:Archived"})
    (change,) = answer.context["touched"].requests
    assert change.is_unmoved


def test_the_preview_lists_each_judged_call_once_and_hides_drafts_of_others(pages, fraud, ada):
    PromoteRequestFactory(actor=ada, draft=True)
    for rule_id in (1, 2):
        RuleInsight.objects.create(
            rule_id=rule_id,
            rule_version=1,
            rule_name="x",
            outcome="refused",
            actor_name="ada",
            model_name="Fraud",
            version="2",
            target="stage:Production",
        )
    RuleInsight.objects.create(
        rule_id=1, rule_version=1, rule_name="x", outcome="refused", actor_name="ada", target="alias:x"
    )
    touched = pages.post(address("rule_preview_new"), VALUES | {"target_pattern": "stage:Prod*"}).context["touched"]
    assert (touched.requests, len(touched.calls), touched.more_calls) == ([], 1, 0)


def test_a_preview_of_what_is_wrong_says_so_at_the_field_for_htmx_too(pages):
    typed = VALUES | {"target_pattern": "everything"}
    answer = pages.post(address("rule_preview_new"), typed, headers={"HX-Request": "true"})
    assert (answer.status_code, answer["HX-Retarget"], answer["HX-Reselect"]) == (400, "#main", "#main")
    assert "protects nothing" in words(answer)


def test_who_may_not_edit_gets_no_preview(ada):
    client = Client()
    client.force_login(ada)
    assert client.post(address("rule_preview_new"), VALUES).status_code == 403


# On the request.


def test_a_request_says_that_nobody_can_meet_its_rule_any_more(pages, fraud, open_request, grace, root):
    risk = Group.objects.create(name="Risk")
    risk.user_set.add(grace)
    rules.save_rule(
        actor=by(root),
        rule=ProtectionRule(
            target_pattern="stage:Production", conditions={"approvals": 1, "approvers": {"groups": ["Risk"]}}
        ),
    )
    shown = pages.get(open_request.get_absolute_url())
    assert shown.context["impossible"] == []
    risk.user_set.clear()
    says = "Nobody can meet 1 approval by the group Risk: only 0 people of them other than ada can sign in."
    assert says in words(pages.get(open_request.get_absolute_url())).replace("<wbr>", "")
    assert Api(grace).get(f"promote-requests/{open_request.number}/").json()["impossible"] == [says]


def test_a_rule_that_only_the_author_could_meet_is_impossible_for_them_alone(
    pages, fraud, open_request, ada, grace, root
):
    risk = Group.objects.create(name="Risk")
    risk.user_set.add(ada)
    rules.save_rule(
        actor=by(root),
        rule=ProtectionRule(
            target_pattern="stage:Production", conditions={"approvals": 1, "approvers": {"groups": ["Risk"]}}
        ),
    )
    assert pages.get(open_request.get_absolute_url()).context["impossible"]
    fraud.add_version("Fraud")
    other = PromoteRequestFactory(actor=grace, version="3")
    assert pages.get(other.get_absolute_url()).context["impossible"] == []


@pytest.mark.parametrize("moved", [False, True])
def test_a_rule_that_the_author_changes_while_it_is_open_is_marked(pages, fraud, editor, moved):
    asked = PromoteRequestFactory(actor=editor)
    rule = ProtectionRule.objects.get(target_pattern="stage:*")
    rule.conditions = {"approvals": 0}
    if moved:
        rule.target_pattern = "stage:Archived"
    rules.save_rule(actor=by(editor), rule=rule)
    rules.save_rule(actor=by(editor), rule=ProtectionRule(target_pattern="alias:live"))
    (told,) = pages.get(asked.get_absolute_url()).context["authors_changes"]
    assert told.startswith("ada made version 2 of a rule that covers this request on ")
    assert "asks for: 1 approval became no approval" in told
    assert Api(editor).get(f"promote-requests/{asked.number}/").json()["rule_changes_by_author"] == [told]
    assert "The author changed the rules" in words(
        pages.get(f"/checkpoint/admin/promote_requests/promoterequest/{asked.number}/change/")
    )


def test_a_freeze_window_that_the_author_deletes_is_marked_and_what_others_change_is_not(pages, fraud, editor, root):
    pages.post(address("freeze_new"), FREEZE)
    asked = PromoteRequestFactory(actor=editor)
    client = Client()
    client.force_login(editor)
    client.post(address("freeze_delete", FreezeWindow.objects.get().pk))
    rules.save_rule(actor=by(root), rule=ProtectionRule(target_pattern="stage:Production"))
    (told,) = services.changes_by_the_author(asked)
    assert "deleted: freeze window year end" in told


def test_what_the_author_changes_after_a_promotion_failed_is_marked(fraud, editor, grace):
    asked = PromoteRequestFactory(actor=editor)
    fraud.fail_next(RegistryRefused("Stage is full."), call="transition_stage")
    services.review(actor=by(grace), promote_request=asked, verdict=Verdict.APPROVE)
    rule = ProtectionRule.objects.get(target_pattern="stage:*")
    rule.conditions = {"approvals": 0}
    rules.save_rule(actor=by(editor), rule=rule)
    assert len(services.changes_by_the_author(PromoteRequest.objects.get())) == 1


def test_what_the_author_changes_after_the_decision_is_not_marked(fraud, editor, grace):
    asked = PromoteRequestFactory(actor=editor)
    services.review(actor=by(grace), promote_request=asked, verdict=Verdict.APPROVE)
    rule = ProtectionRule.objects.get(target_pattern="stage:*")
    rule.conditions = {"approvals": 0}
    rules.save_rule(actor=by(editor), rule=rule)
    assert services.changes_by_the_author(PromoteRequest.objects.get()) == []
