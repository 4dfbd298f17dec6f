import re
from typing import TYPE_CHECKING

import pytest
from django.urls import reverse

from audit.choices import AuditAction
from audit.models import AuditEvent
from evidence.recent import facts as recent
from promote_requests import services
from promote_requests.choices import Status, Verdict
from promote_requests.tests.detail.page import fingerprint_of, opened, press, reloaded, signed_in, words_of
from protection.models import ProtectionRule
from registry.exceptions import RegistryUnreachable
from testing.factories import RuleFactory, UserFactory
from testing.people import AdministratorFactory, by

if TYPE_CHECKING:
    from pytest_django.fixtures import SettingsWrapper

    from accounts.models import User
    from promote_requests.models import PromoteRequest
    from registry.fake import FakeRegistry


def test_promoted_page_needs_no_mlflow(open_request: "PromoteRequest", fraud: "FakeRegistry", grace: "User") -> None:
    services.review(actor=by(grace), promote_request=open_request, verdict=Verdict.APPROVE)
    fraud.fail_next(RegistryUnreachable("MLflow cannot be reached."))
    assert "cannot be reached" not in opened(grace, reloaded(open_request))


def test_changed_champion_stops_the_approval_and_asks_for_a_fresh_look(
    open_request: "PromoteRequest", fraud: "FakeRegistry", grace: "User"
) -> None:
    seen = fingerprint_of(open_request)
    fraud.add_version("Fraud", metrics={"auc": 0.93})
    fraud.transition_stage("Fraud", "3", "Production", archive_existing_versions=True)
    response = press(grace, open_request, "review", verdict="approve", seen_fingerprint=seen, body="Looks right.")
    text = words_of(response.content.decode())
    assert response.status_code == 409
    assert "Take a fresh look: this was not done" in text
    assert "Version 3 holds Production now; reviewers compared with version 1." in text
    assert "Champion Fraud version 3" in text
    assert "Looks right." in text
    assert fraud.get_version("Fraud", "2").stage == "None"


def test_page_asks_for_what_the_stage_asks_that_the_version_got_into_meanwhile(
    open_request: "PromoteRequest", fraud: "FakeRegistry", grace: "User"
) -> None:
    RuleFactory(target_pattern="stage:Staging", conditions={"approvals": 3})
    fraud.transition_stage("Fraud", "2", "Staging", archive_existing_versions=False)
    assert "3 more approvals are needed, by somebody other than ada." in words_of(opened(grace, open_request))


def test_page_says_that_the_facts_changed_before_anybody_presses_a_button(
    open_request: "PromoteRequest", fraud: "FakeRegistry", grace: "User"
) -> None:
    ProtectionRule.objects.filter(target_pattern="stage:*").update(promote_when="pressed")
    services.review(actor=by(grace), promote_request=open_request, verdict=Verdict.APPROVE)
    fraud.add_version("Fraud")
    fraud.transition_stage("Fraud", "3", "Production", archive_existing_versions=True)
    text = words_of(opened(grace, reloaded(open_request)))
    assert "The facts changed during the review." in text
    assert "replacing version 3" in text
    assert "grace approved earlier facts: a fresh look is needed." in text
    assert "Yes, move" not in text


@pytest.mark.parametrize("view", ["page", "desk"])
def test_approving_is_not_said_to_promote_where_a_check_was_of_other_facts(
    open_request: "PromoteRequest", fraud: "FakeRegistry", view: str
) -> None:
    """Of facts that nobody has approved the request records nothing when somebody looks: see `notice_changes`."""
    root = AdministratorFactory()
    desk = reverse("admin:promote_requests_promoterequest_change", args=[open_request.number])
    address = {"page": f"{open_request.get_absolute_url()}now/", "desk": desk.replace("/change/", "/now/")}[view]
    client = signed_in(root)
    ProtectionRule.objects.update(conditions={"approvals": 1, "checks": ["ci/evals"]})
    services.report_check(
        actor=by(UserFactory()),
        promote_request=open_request,
        name="ci/evals",
        state="success",
        evidence_fingerprint=open_request.evidence_fingerprint,
    )
    assert "Yes, approve and move" in words_of(client.post(address).content.decode())
    fraud.change_facts("Fraud", "2", metrics={"auc": 0.1})
    text = words_of(client.post(address).content.decode())
    assert "The facts changed during the review." in text
    assert "Yes, approve and move" not in text
    press(root, open_request, "review", verdict="approve", seen_fingerprint=fingerprint_of(open_request))
    assert reloaded(open_request).status == Status.OPEN


def test_page_without_mlflow_shows_the_request_and_says_so(
    open_request: "PromoteRequest", fraud: "FakeRegistry", grace: "User"
) -> None:
    fraud.fail_next(RegistryUnreachable("MLflow cannot be reached."))
    html = opened(grace, open_request)
    assert "MLflow cannot be asked now." in html
    assert "MLflow cannot be reached." in html
    assert "Below is what was observed last" in html
    assert "0.94" in html
    assert open_request.title in html
    assert "btn-primary" not in html
    assert 'value="approve"' not in html
    assert "Approving has to wait: MLflow cannot be asked." in html


def test_the_page_comes_without_a_call_to_mlflow_and_then_asks_it(
    open_request: "PromoteRequest", fraud: "FakeRegistry", grace: "User"
) -> None:
    fraud.change_facts("Fraud", "2", metrics={"auc": 0.5})
    fraud.calls.clear()
    first = signed_in(grace).get(open_request.get_absolute_url()).content.decode()
    assert fraud.calls == []
    assert "As observed just now." in words_of(first)
    assert "0.94" in first
    address = f"{open_request.get_absolute_url()}now/"
    assert f'hx-post="{address}"' in first
    present = opened(grace, open_request)
    assert "As observed" not in present
    assert "0.5" in present
    for part in ("live", "live-head", "status", "seen-fingerprint"):
        assert f'id="{part}"' in first
        assert f'id="{part}"' in present
    assert signed_in(grace).get(address).status_code == 302


def test_a_page_that_asks_by_itself_may_show_figures_of_a_moment_ago_and_a_press_shows_those_of_now(
    open_request: "PromoteRequest", fraud: "FakeRegistry", grace: "User", settings: "SettingsWrapper"
) -> None:
    settings.CHECKPOINT_FIGURES_SECONDS = 600
    recent.kept.clear()
    address = f"{open_request.get_absolute_url()}now/"
    assert "0.94" in signed_in(grace).post(address).content.decode()
    fraud.change_facts("Fraud", "2", metrics={"auc": 0.5})
    seen = open_request.evidence_fingerprint
    assert "0.94" in signed_in(grace).post(address).content.decode()
    # Whoever approves what that showed is told, and shown what is there now.
    answer = press(grace, open_request, "review", verdict="approve", seen_fingerprint=seen)
    assert answer.status_code == 409
    assert "0.94" not in answer.content.decode()
    fraud.change_facts("Fraud", "2", metrics={"auc": 0.25})
    assert "0.25" in signed_in(grace).post(address, {"pressed": "1"}).content.decode()
    recent.kept.clear()


def test_figures_of_a_moment_ago_take_no_approval_away(
    open_request: "PromoteRequest", fraud: "FakeRegistry", grace: "User", settings: "SettingsWrapper"
) -> None:
    ProtectionRule.objects.update(conditions={"approvals": 2})
    settings.CHECKPOINT_FIGURES_SECONDS = 600
    recent.kept.clear()
    address = f"{open_request.get_absolute_url()}now/"
    signed_in(grace).post(address)
    old = dict(recent.kept._found)
    fraud.change_facts("Fraud", "2", metrics={"auc": 0.5})
    signed_in(grace).post(address, {"pressed": "1"})
    open_request.refresh_from_db()
    press(grace, open_request, "review", verdict="approve", seen_fingerprint=fingerprint_of(open_request))
    recent.kept._found.update(old)  # as another process still has them
    assert "0.5" in signed_in(grace).post(address).content.decode()
    open_request.refresh_from_db()
    assert [judgement.counts for judgement in services.decision_of(open_request).judgements] == [True]
    recent.kept.clear()


def test_what_was_observed_earlier_is_approved_only_as_long_as_it_is_so(
    open_request: "PromoteRequest", fraud: "FakeRegistry", grace: "User"
) -> None:
    first = signed_in(grace).get(open_request.get_absolute_url()).content.decode()
    seen = re.search(r'name="seen_fingerprint" value="([^"]+)"', first.replace("\n", " ")) or re.search(
        r'seen_fingerprint"\s+value="([^"]+)"', first
    )
    assert seen is not None
    fraud.change_facts("Fraud", "2", metrics={"auc": 0.5})
    answer = press(grace, open_request, "review", verdict="approve", seen_fingerprint=seen[1])
    assert answer.status_code == 409
    assert not open_request.reviews.exists()


def test_approval_without_mlflow_is_refused_and_what_was_typed_is_kept(
    open_request: "PromoteRequest", fraud: "FakeRegistry", grace: "User"
) -> None:
    fraud.fail_next(RegistryUnreachable("MLflow cannot be reached."))
    response = press(grace, open_request, "review", verdict="approve", body="Well done.")
    assert response.status_code == 502
    assert ">Well done.</textarea>" in response.content.decode()
    assert not open_request.reviews.exists()


def test_failed_promotion_keeps_the_approval_and_says_why(
    open_request: "PromoteRequest", fraud: "FakeRegistry", grace: "User"
) -> None:
    fraud.fail_next(RegistryUnreachable("MLflow cannot be reached."), call="transition_stage")
    client = signed_in(grace)
    address = reverse("promote_requests:review", args=[open_request.number])
    response = client.post(
        address, {"verdict": "approve", "seen_fingerprint": fingerprint_of(open_request)}, follow=True
    )
    text = words_of(response.content.decode())
    assert "Your approval is recorded, but it is not promoted: MLflow cannot be reached." in text
    assert open_request.reviews.count() == 1
    assert "Yes, move version 2 to Production" in text


def test_a_deleted_run_is_told_and_asks_whoever_approved_before(
    fraud: "FakeRegistry", open_request: "PromoteRequest", ada: "User", grace: "User"
) -> None:
    ProtectionRule.objects.filter(target_pattern="stage:*").update(promote_when="pressed")
    services.review(actor=by(grace), promote_request=open_request, verdict=Verdict.APPROVE)
    assert "deleted in MLflow" not in opened(grace, open_request)
    fraud.delete_origin("Fraud", "2")
    refused = press(ada, open_request, "promote")
    assert (refused.status_code, "The run behind version 2 is deleted in MLflow" in refused.content.decode()) == (
        409,
        True,
    )
    assert "The run behind version 2 is deleted in MLflow" in opened(grace, open_request)
    services.review(actor=by(grace), promote_request=open_request, verdict=Verdict.APPROVE)
    assert press(ada, open_request, "promote").status_code == 302
    assert "The run behind version 2 is deleted in MLflow" in opened(grace, open_request)


def test_a_look_at_changed_facts_lets_list_and_page_say_the_same(
    open_request: "PromoteRequest", fraud: "FakeRegistry", grace: "User"
) -> None:
    ProtectionRule.objects.filter(target_pattern="stage:*").update(promote_when="pressed")
    services.review(actor=by(grace), promote_request=open_request, verdict=Verdict.APPROVE)
    fraud.change_facts("Fraud", "2", metrics={"auc": 0.1})
    assert "The facts changed during the review." in opened(grace, open_request)
    listed = signed_in(grace).get("/checkpoint/").content.decode()
    assert "Review required" in listed
    event = AuditEvent.objects.get(action=AuditAction.EVIDENCE_CHANGED)
    assert (event.actor_name, event.promote_request) == ("Checkpoint", open_request)
    opened(grace, open_request)
    assert AuditEvent.objects.filter(action=AuditAction.EVIDENCE_CHANGED).count() == 1
