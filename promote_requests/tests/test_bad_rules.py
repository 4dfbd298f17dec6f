"""What nobody can have meant, in each field of rules, windows and owners: said there by page, admin, API and YAML.

Nothing is saved, and nothing that was typed is lost.
"""

from dataclasses import dataclass
from typing import Any

import pytest
import yaml
from django.contrib.auth.models import Group
from django.test import Client
from django.urls import reverse

from protection.documents import files
from protection.forms.warnings import pattern_warnings
from protection.models import FreezeWindow, Ownership, ProtectionRule, RuleVersion
from registry.exceptions import RegistryTimeout
from testing.api_client import Api, assert_refused
from testing.people import AdministratorFactory, UserFactory, by

pytestmark = pytest.mark.django_db
CHOICES = {"promote_when": "approved", "on_direct_write": "refuse", "on_direct_write_by_service_accounts": "same"}
FORMS: dict[str, dict[str, str]] = {
    "rule": {
        "target_pattern": "alias:live",
        "model_pattern": "*",
        "workspace_pattern": "*",
        "approvals": "1",
        "enforcement": "active",
        **CHOICES,
    },
    "freeze": {
        "name": "year end",
        "start": "2026-12-20 18:00",
        "end": "2027-01-04 08:00",
        "timezone": "UTC",
        "target_pattern": "*",
        "model_pattern": "*",
        "workspace_pattern": "*",
    },
    "owners": {
        "section": "Risk",
        "model_pattern": "*",
        "workspace_pattern": "*",
        "people": "user grace",
        "approvals": "1",
    },
}
BODIES: dict[str, dict[str, Any]] = {
    "rule": {"target_pattern": "alias:live", "conditions": {"approvals": 1}},
    "freeze": {"name": "year end", "start": "2026-12-20 18:00", "end": "2027-01-04 08:00"},
    "owners": {"section": "Risk", "users": ["grace"], "approvals": 1},
}
PATHS = {"rule": "protection-rules/", "freeze": "freeze-windows/", "owners": "ownership/"}
LISTS = {"rule": "rules", "freeze": "freeze_windows", "owners": "ownership"}
MODELS: dict[str, Any] = {"rule": ProtectionRule, "freeze": FreezeWindow, "owners": Ownership}


@dataclass(frozen=True)
class Wrong:
    """A value that cannot be.

    Attributes:
        kind: Of the row.
        field: Of the form and, where it is called so there too, of the API.
        typed: In the form; None where a form cannot send it.
        sent: In the API and in YAML; None where these cannot.
        says: Part of the sentence at the field; several where a form, the API and YAML say it in words of their own.
    """

    kind: str
    field: str
    typed: str | None
    sent: Any
    says: str | tuple[str, ...]

    def is_said_in(self, text: str) -> bool:
        said = (self.says,) if isinstance(self.says, str) else self.says
        return any(part in text for part in said)

    @property
    def sent_field(self) -> str:
        """What the API and YAML call the field."""
        if self.field == "people":
            return "groups" if self.sent.get("groups") else "users"
        return SENT_AS.get(self.field, self.field)

    def __str__(self) -> str:
        return f"{self.kind} {self.field} {str(self.typed if self.typed is not None else self.sent)[:24]}"


def condition(key: str, typed: str | None, sent: Any, says: str | tuple[str, ...]) -> Wrong:
    """Returns a wrong setting of a condition of a rule."""
    return Wrong("rule", key, typed, {"conditions": {"approvals": 1, key: sent}}, says)


SENT_AS = {
    "promote_when": "promotion.when",
    "promoter_groups": "promotion.groups",
    "rollback_approvals": "rollback.approvals",
    "re_review_days": "re_review.days",
    "break_glass_consent": "break_glass.consent",
    "magic": "conditions",
}
EMPTY = ("Fill this in.", "may not be blank", "cannot be blank", "at least one group or user")
NO_TEXT = ("Not a valid string", "is a text", "no list")
NO_NUMBER = ("whole number", "A valid integer is required")
NEVER = "0 0 30 2 *"
BERLIN = {"start": "2026-12-20", "end": "2027-01-04", "timezone": "Berlin"}
OF_NOBODY = {"question": "Done?", "groups": ["Empty"]}
ONE_CHOICE = {"question": "Done?", "type": "choice", "choices": ["a"]}
WRONG = [
    Wrong("rule", "target_pattern", "", {"target_pattern": ""}, EMPTY),
    Wrong("rule", "target_pattern", "everything", {"target_pattern": "everything"}, "protects nothing"),
    Wrong("rule", "target_pattern", "stage:Live", {"target_pattern": "stage:Live"}, "No stage is called 'Live'"),
    Wrong("rule", "target_pattern", "tag:live", {"target_pattern": "tag:live"}, "protects nothing"),
    Wrong("rule", "target_pattern", f"alias:{'x' * 270}", {"target_pattern": f"alias:{'x' * 270}"}, "270"),
    Wrong("rule", "target_pattern", None, {"target_pattern": ["stage:*"]}, NO_TEXT),
    Wrong("rule", "model_pattern", "x" * 257, {"model_pattern": "x" * 257}, "256"),
    Wrong("rule", "model_pattern", "fraud[12]", {"model_pattern": "fraud[12]"}, "only * and ? are wildcards"),
    Wrong("rule", "model_pattern", None, {"model_pattern": " fraud"}, "Remove the space"),
    Wrong("rule", "workspace_pattern", "x" * 257, {"workspace_pattern": "x" * 257}, "256"),
    Wrong("rule", "description", "x" * 201, {"description": "x" * 201}, "200"),
    Wrong("rule", "enforcement", "sometimes", {"enforcement": "sometimes"}, "sometimes"),
    Wrong("rule", "on_direct_write", "let", {"on_direct_write": "let"}, "let"),
    Wrong(
        "rule",
        "on_direct_write_by_service_accounts",
        "let",
        {"on_direct_write_by_service_accounts": "let"},
        "let",
    ),
    Wrong("rule", "promote_when", "never", {"promotion": {"when": "never"}}, "never"),
    Wrong(
        "rule",
        "promoter_groups",
        "99",
        {"promotion": {"groups": ["Nobody"]}},
        ("99 is not in it", "no group called 'Nobody'"),
    ),
    condition("approvals", "7", 7, ("6 or less", "from 0 to 6")),
    condition("approvals", "two", "two", "whole number"),
    condition("approvals", "6", 6, "Nobody can meet 6 approvals"),
    condition("approvers", "user nobody", {"users": ["nobody"]}, "no user called 'nobody'"),
    condition("approvers", "group Nobody", {"groups": ["Nobody"]}, "no group called 'Nobody'"),
    condition("approvers", "group Empty", {"groups": ["Empty"]}, "has no active members"),
    condition("approvers", "user gone", {"users": ["gone"]}, "is deactivated"),
    condition("approvers", "everybody", {"everybody": True}, ("is neither", "Name groups and users.")),
    condition("approval_age", "0", 0, ("1 or more", "from 1 to 3650")),
    condition("approval_age", "100000", 100_000, "3650"),
    condition("waiting_time", "-1", -1, ("1 or more", "from 1 to 43200")),
    condition("waiting_time", "soon", "soon", "whole number"),
    condition("owners", "Legal", ["Legal"], "The ownership list has no section"),
    condition("freeze_windows", "2026-12-20 to 2027-01-04 Berlin", [BERLIN], "no time zone 'Berlin'"),
    condition("freeze_windows", f"{NEVER} to 0 8 * * 1 UTC", [{"start": NEVER, "end": "0 8 * * 1"}], "never happens"),
    condition("gates", "auc >=", ["auc >="], "expected a number"),
    condition("checks", "ci by nobody", [{"name": "ci", "reporter": "nobody"}], "no active account called nobody"),
    condition("checks", "x" * 101, ["x" * 101], "1 to 100"),
    condition("questions", "Done?", ["Done?"], "question"),
    condition("questions", "text: " + "x" * 301, [{"question": "x" * 301}], "1 to 300 printable"),
    condition("questions", "yes/no of Nobody: Done?", [{"question": "Done?", "groups": ["Nobody"]}], "'Nobody'"),
    condition("questions", "yes/no of Empty: Done?", [OF_NOBODY], "has no active members"),
    condition("questions", "choice (a): Done?", [ONE_CHOICE], "2 to 20 choices"),
    condition("signature", None, "yes", "true, or left out"),
    condition("threads", None, "yes", "true, or left out"),
    condition("present_text", None, "yes", "true, or left out"),
    condition("unplaced_source", None, "yes", "true or false"),
    condition("makers", "perhaps", {"unknown": "perhaps"}, ("perhaps is not in it", "Unknown makers block, or pass.")),
    condition("makers", None, True, "{unknown: block}"),
    condition("soak", "stage:Staging", {"target": "stage:Staging"}, ("for 24 hours", "a target and hours")),
    condition("soak", "stage:Live for 2 hours", {"target": "stage:Live", "hours": 2}, "'Live' is not a stage"),
    condition("soak", "stage:Staging for 0 hours", {"target": "stage:Staging", "hours": 0}, "1 to 8760"),
    condition("soak", "stage:Staging for 8761 hours", {"target": "stage:Staging", "hours": 8761}, "1 to 8760"),
    condition("soak", "model:x for 2 hours", {"target": "model:x", "hours": 2}, "No version soaks at model:x"),
    condition("soak", f"{'x' * 271} for 2 hours", {"target": "x" * 271, "hours": 2}, "soaks at a target"),
    condition("approval_age", "soon", "soon", "whole number"),
    condition("waiting_time", "43201", 43_201, "43200"),
    condition("owners", "x" * 101, ["x" * 101], "at most 100 characters"),
    condition("owners", None, 5, "a list of sections"),
    condition("freeze_windows", "soon", ["soon"], ("soon", "has start, end, timezone and name")),
    condition("freeze_windows", None, "", "Freeze windows are a list"),
    condition("gates", None, 5, "list of texts"),
    condition("gates", "x" * 501, ["x" * 501], "at most 500 characters"),
    condition("gates", "auc >= 1\n" * 31, ["auc >= 1"] * 31, "at most 30 gates"),
    condition("checks", None, 5, "list of names"),
    condition("checks", "ci within 0 hours", [{"name": "ci", "hours": -1}], "1 to 8760 hours"),
    condition("checks", "ci within 8761 hours", [{"name": "ci", "hours": 8761}], "1 to 8760 hours"),
    condition("checks", None, [{"name": "ci", "hours": "24"}], "1 to 8760 hours"),
    condition("checks", "ci\nCI", ["ci", "CI"], "named twice"),
    condition("approvers", None, {"users": "grace"}, "lists of at most 100 names"),
    condition("approvers", None, {"users": [7]}, "a list of texts"),
    condition("approvals", "1.5", 1.5, "whole number"),
    Wrong("rule", "promoter_groups", None, {"promotion": {"when": "pressed", "groups": ["Empty"]}}, "no active"),
    Wrong("rule", "rollback_approvals", "7", {"rollback": {"approvals": 7}}, ("6 or less", "equal to 6", "0 to 6")),
    Wrong("rule", "re_review_days", "0", {"re_review": {"days": 0}}, ("1 or more", "equal to 1", "1 to 3650")),
    Wrong("rule", "re_review_days", "soon", {"re_review": {"days": "soon"}}, NO_NUMBER),
    Wrong("rule", "re_review_days", "3651", {"re_review": {"days": 3651}}, "3650"),
    Wrong("rule", "break_glass_consent", None, {"break_glass": {"consent": "yes"}}, ("true or", "{consent: true} or")),
    Wrong("rule", "description", None, {"description": ["x"]}, NO_TEXT),
    Wrong("rule", "workspace_pattern", "a[b]", {"workspace_pattern": "a[b]"}, "only * and ? are wildcards"),
    condition("changes_requested", None, False, "cannot be switched off"),
    condition("magic", None, 1, "'magic' is no condition"),
    Wrong("freeze", "name", "", {"name": ""}, EMPTY),
    Wrong("freeze", "name", "x" * 101, {"name": "x" * 101}, "100"),
    Wrong("freeze", "start", "yesterday", {"start": "yesterday"}, "neither a date nor cron"),
    Wrong("freeze", "start", NEVER, {"start": NEVER, "end": "0 8 * * 1"}, "never happens: no month"),
    Wrong("freeze", "start", "61 * * * *", {"start": "61 * * * *"}, "names no minute (0 to 59)"),
    Wrong("freeze", "end", "2026-12-01", {"end": "2026-12-01"}, "ends before it begins"),
    Wrong("freeze", "end", "0 8 * * 1", {"end": "0 8 * * 1"}, "is no date"),
    Wrong("freeze", "timezone", "Berlin", {"timezone": "Berlin"}, "no time zone 'Berlin'"),
    Wrong("freeze", "timezone", None, {"timezone": ["UTC"]}, NO_TEXT),
    Wrong("freeze", "target_pattern", "everything", {"target_pattern": "everything"}, "protects nothing"),
    Wrong("freeze", "name", "a\x07b", {"name": "a\x07b"}, "printable"),
    Wrong("freeze", "start", "", {"start": ""}, EMPTY),
    Wrong("freeze", "start", "x" * 121, {"start": "x" * 121}, "120"),
    Wrong("freeze", "end", "", {"end": ""}, EMPTY),
    Wrong("freeze", "end", None, {"start": "0 8 * * 1", "end": NEVER}, "never happens"),
    Wrong("freeze", "timezone", "x" * 65, {"timezone": "x" * 65}, "64"),
    Wrong("freeze", "target_pattern", "stage:Live", {"target_pattern": "stage:Live"}, "No stage is called 'Live'"),
    Wrong("freeze", "workspace_pattern", "a[b]", {"workspace_pattern": "a[b]"}, "only * and ? are wildcards"),
    Wrong("freeze", "workspace_pattern", "x" * 257, {"workspace_pattern": "x" * 257}, "256"),
    Wrong("freeze", "model_pattern", "x" * 257, {"model_pattern": "x" * 257}, "256"),
    Wrong("owners", "section", None, {"section": ["Risk"]}, NO_TEXT),
    Wrong("owners", "people", None, {"users": "grace"}, ("is a list", "list of names")),
    Wrong("owners", "people", "user gone", {"users": ["gone"]}, "is deactivated"),
    Wrong("owners", "workspace_pattern", "a[b]", {"workspace_pattern": "a[b]"}, "only * and ? are wildcards"),
    Wrong("owners", "model_pattern", "a[b]", {"model_pattern": "a[b]"}, "only * and ? are wildcards"),
    Wrong("freeze", "model_pattern", "a[b]", {"model_pattern": "a[b]"}, "only * and ? are wildcards"),
    Wrong("owners", "section", "", {"section": ""}, EMPTY),
    Wrong("owners", "section", "x" * 101, {"section": "x" * 101}, "100"),
    Wrong("owners", "section", "Ri\x07sk", {"section": "Ri\x07sk"}, "cannot be printed"),
    Wrong("owners", "people", "", {"users": []}, EMPTY),
    Wrong("owners", "people", "user nobody", {"users": ["nobody"]}, "no user called 'nobody'"),
    Wrong("owners", "people", "group Empty", {"users": [], "groups": ["Empty"]}, "has no active members"),
    Wrong("owners", "approvals", "0", {"approvals": 0}, ("1 or more", "greater than or equal to 1")),
    Wrong("owners", "approvals", "7", {"approvals": 7}, ("6 or less", "only 1 person of them can sign in")),
    Wrong("owners", "approvals", "two", {"approvals": "two"}, NO_NUMBER),
    Wrong("owners", "approvals", "2", {"approvals": 2}, "only 1 person of them can sign in"),
    Wrong("owners", "model_pattern", "x" * 257, {"model_pattern": "x" * 257}, "256"),
]


@pytest.fixture
def root(db, ada, grace):
    Group.objects.create(name="Empty")
    UserFactory(username="gone", is_active=False)
    return AdministratorFactory(username="root")


def rows():
    return {name: list(model.objects.order_by("pk").values()) for name, model in MODELS.items()}


@pytest.mark.sampled(every=4)
@pytest.mark.parametrize("wrong", [one for one in WRONG if one.typed is not None], ids=str)
def test_the_page_says_it_at_the_field_and_keeps_what_was_typed(wrong, root):
    client = Client()
    client.force_login(root)
    before, typed = rows(), FORMS[wrong.kind] | {wrong.field: wrong.typed}
    answer = client.post(reverse(f"promote_requests:{wrong.kind}_new"), typed)
    form = answer.context["form"]
    assert answer.status_code == 400
    assert set(form.errors) == {wrong.field}, form.errors
    (said,) = form.errors[wrong.field]
    assert wrong.is_said_in(said), said
    for name, value in typed.items():
        shown = form[name].value()
        assert (shown == value) or shown == [value], name
    assert (rows(), RuleVersion.objects.exists()) == (before, False)


@pytest.mark.sampled(every=4)
@pytest.mark.parametrize("wrong", [one for one in WRONG if one.typed is not None], ids=str)
def test_the_admin_says_it_at_the_field_and_keeps_what_was_typed(wrong, root):
    client = Client()
    client.force_login(root)
    before, typed = rows(), FORMS[wrong.kind] | {wrong.field: wrong.typed}
    answer = client.post(f"/checkpoint/admin/protection/{MODELS[wrong.kind]._meta.model_name}/add/", typed)
    form = answer.context["adminform"].form
    assert set(form.errors) == {wrong.field}, form.errors
    (said,) = form.errors[wrong.field]
    assert wrong.is_said_in(said), said
    assert form[wrong.field].value() in (wrong.typed, [wrong.typed])
    assert (rows(), RuleVersion.objects.exists()) == (before, False)


@pytest.mark.sampled(every=2)
@pytest.mark.parametrize("wrong", WRONG, ids=str)
def test_the_api_names_the_field_and_saves_nothing(wrong, root):
    before = rows()
    answer = Api(root).post(PATHS[wrong.kind], BODIES[wrong.kind] | wrong.sent)
    body = assert_refused(answer, 400, "INVALID_PARAMETER_VALUE")
    assert set(body["field_errors"]) == {wrong.sent_field}, body
    assert wrong.is_said_in(" ".join(body["field_errors"][wrong.sent_field])), body
    assert rows() == before


@pytest.mark.sampled(every=2)
@pytest.mark.parametrize("wrong", WRONG, ids=str)
def test_yaml_is_refused_with_line_and_column_and_saves_nothing(wrong, root):
    before = rows()
    text = yaml.safe_dump({"format": 1, LISTS[wrong.kind]: [BODIES[wrong.kind] | wrong.sent]}, sort_keys=False)
    with pytest.raises(files.Wrong) as refused:
        files.apply(files.parse(text), actor=by(root), delete_others=False, dry_run=False)
    place, _, said = str(refused.value).partition(": ")
    line = int(place.removeprefix("line ").partition(",")[0])
    written = text.splitlines()[line - 1].strip(" -").partition(":")[0]
    assert (written in wrong.sent_field.split("."), wrong.is_said_in(said)) == (True, True), str(refused.value)
    assert rows() == before


@pytest.mark.parametrize("kind", PATHS)
@pytest.mark.parametrize("body", [[], "text", 7, {"unheard_of": 1}])
def test_a_body_that_is_none_is_refused(kind, body, root):
    before = rows()
    assert Api(root).post(PATHS[kind], body).status_code == 400
    assert rows() == before


# A pattern that matches nothing is no mistake: models come later. It is said.


def test_a_pattern_that_no_model_has_is_saved_and_warned_of(fraud, root):
    client = Client()
    client.force_login(root)
    warning = "No registered model is called like fruad-* now: it covers nothing until there is one."
    for kind in FORMS:
        typed = FORMS[kind] | {"model_pattern": "fruad-*"}
        page = client.post(reverse(f"promote_requests:{kind}_new"), typed, follow=True)
        assert warning in page.content.decode(), kind
        MODELS[kind].objects.filter(model_pattern="fruad-*").delete()
        answer = Api(root).post(PATHS[kind], BODIES[kind] | {"model_pattern": "fruad-*"})
        assert (answer.status_code, answer.json()["warnings"]) == (201, [warning])
        MODELS[kind].objects.filter(model_pattern="fruad-*").delete()
        admin = {"rule": "protectionrule", "freeze": "freezewindow", "owners": "ownership"}[kind]
        page = client.post(f"/checkpoint/admin/protection/{admin}/add/", typed, follow=True)
        assert warning in page.content.decode(), kind
        MODELS[kind].objects.filter(model_pattern="fruad-*").delete()
    previewed = client.post(reverse("promote_requests:rule_preview_new"), FORMS["rule"] | {"model_pattern": "fruad-*"})
    assert warning in previewed.content.decode()


@pytest.mark.parametrize(("pattern", "is_warned_of"), [("Fra*", False), ("FRAUD", False), ("*", False), ("x?z", True)])
def test_case_and_wildcards_count_as_for_the_rule_itself(fraud, pattern, is_warned_of):
    assert bool(pattern_warnings(ProtectionRule(target_pattern="stage:*", model_pattern=pattern))) is is_warned_of


def test_nothing_is_warned_of_where_mlflow_cannot_be_asked_or_the_models_do_not_matter(fraud):
    assert pattern_warnings(ProtectionRule(target_pattern="model:prod.*", model_pattern="none")) == []
    fraud.fail_next(RegistryTimeout("MLflow did not answer in time."), call="search_models")
    assert pattern_warnings(ProtectionRule(target_pattern="stage:*", model_pattern="none")) == []
