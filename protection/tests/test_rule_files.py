"""Rules as code: out, in, and what is wrong with a file."""

from io import StringIO

import pytest
from django.contrib.auth.models import Group
from django.core.management import call_command
from django.core.management.base import CommandError

from audit.models import AuditEvent
from protection.documents import files
from protection.models import FreezeWindow, Ownership, ProtectionRule
from testing.people import AdministratorFactory

pytestmark = pytest.mark.django_db

FILE = """\
format: 1
rules:
- target_pattern: stage:Production
  model_pattern: fraud-*
  promotion: {when: pressed, groups: [Risk]}
  conditions:
    approvals: 2
    owners: [Risk]
    approvers: {groups: [Risk], users: [ada]}
freeze_windows:
- name: weekend
  start: 0 18 * * 5
  end: 0 8 * * 1
  timezone: Europe/Berlin
ownership:
- section: Risk
  groups: [Risk]
"""


@pytest.fixture
def risk(registry, ada, grace):
    AdministratorFactory(username="root")
    risk = Group.objects.create(name="Risk")
    risk.user_set.add(grace)
    return risk


def run(*args, **options):
    out = StringIO()
    call_command("rules", *args, stdout=out, **options)
    return out.getvalue()


def write(tmp_path, text=FILE):
    file = tmp_path / "rules.yaml"
    file.write_text(text)
    return str(file)


def test_what_is_exported_is_imported_again_and_changes_nothing(tmp_path, risk):
    run("import", write(tmp_path), "--as", "root")
    out = run("export")
    assert out == run("export")
    assert "fraud-*" in out
    assert "id:" not in out
    assert run("import", write(tmp_path, out), "--as", "root", "--delete-others") == "Nothing differs.\n"
    assert files.parse(out).entries["rules"][0]["workspace_pattern"] == "*"


def test_a_freeze_window_with_spaces_around_its_parts_is_imported_again_and_changes_nothing(tmp_path, risk):
    spaced = FILE.replace("name: weekend", 'name: " weekend"').replace("start: 0 18 * * 5", 'start: "0 18 * * 5 "')
    assert spaced.count('"') == 4
    run("import", write(tmp_path, spaced), "--as", "root", "--delete-others")
    for text in (spaced, FILE):
        assert run("import", write(tmp_path, text), "--as", "root", "--delete-others") == "Nothing differs.\n"
    assert (FreezeWindow.objects.get().name, FreezeWindow.objects.get().version) == ("weekend", 1)


def test_an_import_is_in_the_trail_as_somebodys_and_tells_the_difference(tmp_path, risk):
    shipped = ProtectionRule.objects.count()
    lines = run("import", write(tmp_path), "--as", "root").splitlines()
    assert lines[:3] == [
        "added: owners Risk of *",
        "added: freeze window weekend",
        "added: rule stage:Production of fraud-*",
    ]
    assert len(lines) == 3 + shipped
    assert "not in the file, left: rule stage:* of *" in lines
    assert set(AuditEvent.objects.filter(action="rule_changed").values_list("actor_name", "door")) == {
        ("root", "command")
    }
    changed = run("import", write(tmp_path, FILE.replace("approvals: 2", "approvals: 1")), "--as", "root")
    assert "changed: rule stage:Production of fraud-*: asks for: '2 approvals" in changed
    assert ProtectionRule.objects.get(model_pattern="fraud-*").version == 2


@pytest.mark.parametrize("dry_run", [False, True])
def test_a_pattern_that_no_model_has_is_warned_of_with_its_line(tmp_path, risk, fraud, dry_run):
    said = StringIO()
    twice = f"{FILE}  model_pattern: Fraud\n- section: Risk\n  groups: [Risk]\n  model_pattern: nobody-?\n"
    run("import", write(tmp_path, twice), "--as", "root", stderr=said, dry_run=dry_run)
    lines = [line.partition("rules.yaml: ")[2] for line in said.getvalue().splitlines()]
    assert lines == [
        f"line {line}, column 3: No registered model is called like {pattern} now: "
        "it covers nothing until there is one."
        for line, pattern in ((4, "fraud-*"), (21, "nobody-?"))
    ]
    assert Ownership.objects.exists() is not dry_run


def test_what_is_not_in_the_file_goes_where_somebody_says_so(tmp_path, risk):
    lines = run("import", write(tmp_path), "--as", "root", "--delete-others")
    assert "deleted: rule stage:* of *" in lines
    assert [rule.model_pattern for rule in ProtectionRule.objects.all()] == ["fraud-*"]


def test_a_dry_run_tells_the_difference_and_changes_nothing(tmp_path, risk):
    out = run("import", write(tmp_path), "--as", "root", "--dry-run", "--delete-others")
    assert "added: rule stage:Production of fraud-*" in out
    assert "Nothing was changed" in out
    assert not Ownership.objects.exists()
    assert not FreezeWindow.objects.exists()
    assert not AuditEvent.objects.filter(action="rule_changed").exists()
    assert ProtectionRule.objects.filter(target_pattern="stage:*").exists()


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("format: 1", "format: 2", "line 1, column 1: a file of rules begins with format: 1."),
        ("  model_pattern: fraud-*", "  model: fraud-*", "line 4, column 3: 'model' is unknown"),
        ("rules:", "rule:", "line 2, column 1: 'rule' is unknown"),
        ("    approvals: 2", "    approvals: 7", "line 7, column 5: Approvals must be a whole number"),
        ("    approvals: 2", "    approval: 2", "line 6, column 3: 'approval' is no condition"),
        ("    approvals: 2", "    approvals: 2\n    approvals: 1", "line 8, column 5: 'approvals' stands here twice."),
        ("when: pressed, ", "when: later, ", "line 5, column 15: Value 'later' is not a valid choice."),
        ("users: [ada]", "users: [nobody]", "line 9, column 5: There is no user called 'nobody'."),
        ("owners: [Risk]", "owners: [Law]", "line 8, column 5: The ownership list has no section Law"),
        ("0 18 * * 5", "0 18 30 2 *", "line 12, column 3: The start '0 18 30 2 *' never happens"),
        ("0 18 * * 5", "0 18 * * 9", "line 12, column 3: The start '0 18 * * 9' names no day of the week"),
        ("Europe/Berlin", "Mars", "line 14, column 3: There is no time zone 'Mars'"),
        ("- section: Risk\n  groups: [Risk]", "- section: Risk", "line 16, column 3: Name at least one group or user."),
        ("- section: Risk", "- section: 5", "line 16, column 3: section is a text"),
        ("- name: weekend", "- names: weekend", "line 11, column 3: 'names' is unknown"),
        ("- target_pattern: stage:Production", "- description: x", "line 3, column 3: target_pattern is missing."),
        ("ownership:\n", "ownership: 5\nx:\n", "line 16, column 1: 'x' is unknown"),
        ("format: 1", "format: [", "this is no YAML"),
    ],
)
def test_what_is_wrong_is_said_with_line_and_column_and_nothing_is_changed(tmp_path, risk, old, new, says):
    before = list(ProtectionRule.objects.values())
    assert old in FILE
    with pytest.raises(CommandError) as refused:
        run("import", write(tmp_path, FILE.replace(old, new, 1)), "--as", "root")
    assert says in str(refused.value)
    assert list(ProtectionRule.objects.values()) == before
    assert not Ownership.objects.exists()


def test_only_who_may_edit_rules_imports_them_and_a_check_asks_nobody(tmp_path, risk, ada):
    with pytest.raises(CommandError, match="permission to edit"):
        run("import", write(tmp_path), "--as", "ada")
    with pytest.raises(CommandError, match="no active user called 'nobody'"):
        run("import", write(tmp_path), "--as", "nobody")
    assert run("check", write(tmp_path)).endswith("rules.yaml: 1 rule, 1 freeze window, 1 row of ownership.\n")
    with pytest.raises(CommandError, match="cannot be read"):
        run("check", str(tmp_path / "none.yaml"))


@pytest.mark.parametrize(
    ("model", "former", "later", "says"),
    [
        (ProtectionRule, "approvals: 2", "approvals: 1", "rule stage:Production of fraud-*: asks for: '"),
        (FreezeWindow, "end: 0 8 * * 1", "end: 0 9 * * 1", "freeze window weekend: end: '0 "),
        (Ownership, "- section: Risk\n", "- section: Risk\n  users: [grace]\n", "owners Risk: people: 'the group Risk"),
    ],
)
def test_what_an_import_changed_the_next_changes_again(tmp_path, risk, model, former, later, says):
    assert former in FILE
    run("import", write(tmp_path), "--as", "root")
    for number, text in enumerate((FILE.replace(former, later), FILE), start=2):
        assert f"changed: {says}" in run("import", write(tmp_path, text), "--as", "root")
        assert list(model.objects.filter(version__gt=1).values_list("version", flat=True)) == [number]
    assert AuditEvent.objects.filter(action="rule_changed").count() == 5
