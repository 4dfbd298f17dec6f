"""The built-in check as a request sees it: when it counts, who makes it, and where it is shown."""

import pytest
from django.core.management import CommandError, call_command

from audit.models import AuditEvent
from evidence.inspection import looking
from evidence.inspection.findings import Outcome
from evidence.models import FrozenEvidence, Inspection
from foundation.exceptions import InvalidInput, NotAllowed
from promote_requests import services
from promote_requests.choices import Status, Verdict
from promote_requests.exceptions import RuleNotMet
from promote_requests.models import Check, PromoteRequest
from promote_requests.services.by_itself.inspecting import awaited
from protection.checks import INSPECTION
from protection.conditions import parse
from protection.models import ProtectionRule
from registry.exceptions import RegistryUnreachable
from testing.api_client import ROOT
from testing.factories import PromoteRequestFactory, RuleFactory
from testing.people import bearer, by, issue_token

pytestmark = pytest.mark.django_db
PENDING = [("check_pending", "The check checkpoint/inspection was not made yet.")]
FAILED = [("check_failed", "The check checkpoint/inspection failed.")]


@pytest.fixture
def files(fraud):
    fraud.files["Fraud", "2", "MLmodel"] = b"flavors: {sklearn: {pickled_model: model.pkl}}"
    fraud.files["Fraud", "2", "model.pkl"] = b"\x80\x04"
    return fraud.files


@pytest.fixture
def asked(files, ada):
    ProtectionRule.objects.all().delete()
    RuleFactory(target_pattern="stage:Production", conditions={"approvals": 1, "checks": ["Checkpoint/Inspection"]})
    return PromoteRequestFactory(actor=ada)


@pytest.fixture
def children(monkeypatch):
    """Gives a list that grows by one with each process that is started."""
    started = []
    monkeypatch.setattr(looking, "ask", lambda document, ask=looking.ask: (started.append(1), ask(document))[1])
    return started


def current():
    return PromoteRequest.objects.get()


def unmet():
    found = services.decision_of(current()).unmet
    return [(missing.code, missing.sentence) for missing in found if "check" in missing.code]


def test_a_required_check_that_was_not_made_is_pending_and_stops_the_promotion_until_it_passed(asked, fraud, grace):
    services.review(actor=by(grace), promote_request=asked, verdict=Verdict.APPROVE)
    assert unmet() == PENDING
    with pytest.raises(RuleNotMet, match="was not made yet"):
        services.promote(actor=by(grace), promote_request=current())
    ((_, made),) = services.inspect_waiting()
    assert made.outcome == Outcome.PASSED
    assert unmet() == []
    row = AuditEvent.objects.get(action="check_reported")
    assert (row.reason, row.actor_name) == ("checkpoint/inspection: passed", "Checkpoint")
    assert services.inspect_waiting() == []
    services.promote(actor=by(grace), promote_request=current())
    assert fraud.get_version("Fraud", "2").stage == "Production"


def test_files_that_are_not_in_order_fail_it_and_what_could_not_be_told_passes_nothing(asked, files, fraud):
    del files["Fraud", "2", "model.pkl"]
    services.inspect_waiting()
    assert unmet() == FAILED
    elsewhere = fraud.add_version("Fraud", source="s3://bucket/root/777")
    made = looking.look(fraud, workspace="", name="Fraud", version=elsewhere.version)
    assert made.outcome == Outcome.UNKNOWN
    assert "where Checkpoint does not look" in looking.findings_of(made)[0].sentence


def test_nobody_reports_it_in_whatever_spelling(asked, ada, grace):
    for name in (INSPECTION, "Checkpoint/INSPECTION", "chéckpoint/other", "checkpoint/"):
        with pytest.raises(NotAllowed, match="nobody reports them"):
            services.report_check(
                actor=by(grace),
                promote_request=asked,
                name=name,
                state="success",
                evidence_fingerprint=asked.evidence_fingerprint,
            )
    assert not Check.objects.exists()
    assert unmet() == PENDING


@pytest.mark.parametrize(
    ("check", "says"),
    [({"name": INSPECTION, "reporter": "ada"}, "name no reporter"), ("checkpoint/other", "makes no check called")],
)
def test_a_rule_names_no_reporter_of_it_and_no_other_of_its_kind(check, says):
    with pytest.raises(InvalidInput, match=says):
        parse({"checks": [check]})


def test_run_again_makes_it_pending_and_then_takes_nothing_over(asked, grace, children):
    services.inspect_waiting()
    services.request_check(actor=by(grace), promote_request=asked, name=INSPECTION.upper())
    assert unmet() == [("check_pending", "The check checkpoint/inspection was asked for again by grace.")]
    assert [one.afresh for one in awaited()] == [True]
    services.inspect_waiting()
    assert (unmet(), len(children), awaited()) == ([], 2, [])


def test_the_same_files_are_judged_once_and_what_was_found_before_the_opening_does_not_count(asked, ada, children):
    services.inspect_waiting()
    services.withdraw(actor=by(ada), promote_request=current())
    services.reopen(actor=by(ada), promote_request=current())
    assert unmet() == PENDING
    services.inspect_waiting()
    assert (unmet(), len(children)) == ([], 1)
    assert Inspection.objects.values("digest").distinct().count() == 1


def test_files_that_changed_while_it_was_closed_are_judged_anew(asked, files, ada, children):
    services.inspect_waiting()
    services.withdraw(actor=by(ada), promote_request=current())
    files["Fraud", "2", "MLmodel"] = b"flavors: {sklearn: {pickled_model: other.pkl}}"
    services.reopen(actor=by(ada), promote_request=current())
    services.inspect_waiting()
    assert (unmet(), len(children)) == (FAILED, 2)


def test_what_was_found_of_another_version_of_that_number_is_dropped(asked, grace):
    ProtectionRule.objects.update(promote_when="pressed")
    services.inspect_waiting()
    services.review(actor=by(grace), promote_request=asked, verdict=Verdict.APPROVE)
    former = Inspection.objects.get()
    other = Inspection(
        model_name="Fraud",
        version="2",
        registered_at="2020-01-01T00:00Z",
        subject=former.subject,
        outcome=former.outcome,
        digest=former.digest,
        made_at=former.made_at,
    )
    other.save()
    PromoteRequest.objects.update(inspection=other)
    with pytest.raises(RuleNotMet, match="was not made yet"):
        services.promote(actor=by(grace), promote_request=current())
    assert current().status == Status.OPEN


def test_a_version_that_mlflow_does_not_show_stays_awaited_and_the_command_says_so(asked, fraud, capsys):
    fraud.fail_next(RegistryUnreachable("Gone."), call="get_facts")
    with pytest.raises(CommandError, match="Not looked at: 1"):
        call_command("inspect")
    assert unmet() == PENDING
    call_command("inspect")
    assert "Fraud version 2: ok" in capsys.readouterr().out
    call_command("inspect", "Fraud", "1")
    assert "failed: MLmodel is not there." in capsys.readouterr().out


def test_pages_and_api_say_what_was_found(asked, grace, client):
    page_of = f"{asked.get_absolute_url()}now/"
    client.force_login(grace)
    assert "was not made yet" in client.post(page_of).content.decode()
    services.inspect_waiting()
    page = client.post(page_of).content.decode().replace("<wbr>", "")
    assert "MLmodel can be read; its flavours: sklearn." in page
    assert "Run again" in page
    assert "1 check passed" in page
    compared = client.get("/checkpoint/compare/?model=Fraud&version=2&with=1").content.decode().replace("<wbr>", "")
    assert "built-in check of its files" in compared
    said = client.get(f"{ROOT}promote-requests/{asked.number}/comparison/", headers=bearer(issue_token(grace))).json()
    assert said["verdict"]["checks"] == {"passed": 1, "pending": 0, "failed": 0}
    assert said["inspection"]["outcome"] == "ok"
    assert {finding["code"] for finding in said["inspection"]["findings"]} >= {"mlmodel", "files", "environment"}


def test_a_row_that_somebody_changed_is_not_shown(asked):
    services.inspect_waiting()
    made = current().inspection
    FrozenEvidence.objects.filter(pk=made.digest)._raw_delete("default")
    assert "cannot be read" in looking.findings_of(made)[0].sentence


def test_a_prompt_has_nothing_to_look_at(registry, db):
    registry.add_version("greeting", prompt_text="Hello {{name}}")
    made = looking.look(registry, workspace="", name="greeting", version="1")
    assert made.outcome == Outcome.PASSED
