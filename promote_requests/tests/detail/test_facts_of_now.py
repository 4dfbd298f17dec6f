import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from django.test import Client
from django.urls import reverse

from audit.choices import AuditAction
from audit.models import AuditEvent
from evidence import kept
from evidence.freeze import fingerprint
from evidence.models import FrozenEvidence
from evidence.recent import facts as recent
from promote_requests import services
from promote_requests.choices import Status, Verdict
from protection.models import ProtectionRule
from registry.exceptions import RegistryUnreachable
from registry.measurements import Measurement, Origin
from registry.proposals import Change
from registry.targets import Target
from testing.factories import PromoteRequestFactory, RuleFactory, UserFactory
from testing.people import AdministratorFactory, by

if TYPE_CHECKING:
    from django.http import HttpResponse
    from pytest_django.fixtures import SettingsWrapper

    from accounts.models import User
    from promote_requests.models import PromoteRequest
    from registry.fake import FakeRegistry


def _as(user: "User") -> Client:
    client = Client()
    client.force_login(user)
    return client


def _page(user: "User", promote_request: "PromoteRequest", status: int = 200) -> str:
    response = _as(user).post(f"{promote_request.get_absolute_url()}now/")
    assert response.status_code == status
    return response.content.decode()


def _text(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", "", html).split())


def _post(user: "User", promote_request: "PromoteRequest", name: str, **data: Any) -> "HttpResponse":
    return _as(user).post(reverse(f"promote_requests:{name}", args=[promote_request.number]), data)


def _seen(promote_request: "PromoteRequest") -> str:
    return fingerprint(services.evidence_of(promote_request))


def _fresh(promote_request: "PromoteRequest") -> "PromoteRequest":
    promote_request.refresh_from_db()
    return promote_request


def test_page_opens_with_the_sentence_and_shows_both_versions(open_request: "PromoteRequest", grace: "User") -> None:
    text = _text(_page(grace, open_request))
    assert "ada wants Fraud version 2 to become Production, replacing version 1." in text
    assert "Champion Fraud version 1" in text
    assert "Challenger Fraud version 2" in text


def test_comparison_shows_change_with_sign_and_direction(open_request: "PromoteRequest", grace: "User") -> None:
    html = _page(grace, open_request)
    assert 'class="row-changed"' in html
    assert 'aria-label="higher"' in html
    assert "+0.03" in html
    assert "+3.3 %" in html


def test_shortened_number_shows_all_its_digits_on_hover(
    open_request: "PromoteRequest", fraud: "FakeRegistry", grace: "User"
) -> None:
    fraud.change_facts("Fraud", "2", metrics={"auc": 0.9412345678901234})
    assert '<span title="0.9412345678901234">0.941235</span>' in _page(grace, open_request)


def test_long_value_is_folded_and_whole(open_request: "PromoteRequest", fraud: "FakeRegistry", grace: "User") -> None:
    features = ", ".join(f"feature {number}" for number in range(100))
    fraud.change_facts("Fraud", "2", params={"features": features})
    html = _page(grace, open_request)
    assert f"{len(features)} characters</summary>{features}</details>" in html
    assert html.count("feature 99") == 1


def test_metrics_name_breaks_at_its_joints_and_its_value_nowhere(
    open_request: "PromoteRequest", fraud: "FakeRegistry", grace: "User"
) -> None:
    fraud.change_facts("Fraud", "2", metrics={"test/mean_error": 0.25})
    html = _page(grace, open_request)
    assert 'test/<wbr>mean_<wbr>error <span class="talk"' in html
    assert "0.25" in html


def test_metric_tells_its_step_its_data_and_where_it_is_once_where_both_sides_agree(
    open_request: "PromoteRequest", fraud: "FakeRegistry", grace: "User"
) -> None:
    last = Measurement("loss", 0.3, 29, dataset_name="test", dataset_digest="0123456789abc", origin=Origin.BOTH)
    fraud.change_facts("Fraud", "1", metrics={"loss": replace(last, value=0.4)})
    fraud.change_facts("Fraud", "2", metrics={"loss": last})
    assert _text(_page(grace, open_request)).count("step 29, run and logged model, on test (01234567)") == 1
    fraud.change_facts("Fraud", "1", metrics={"loss": replace(last, value=0.4, step=28)})
    text = _text(_page(grace, open_request))
    assert text.count("step 29, run and logged model, on test (01234567)") == 1
    assert text.count("step 28, run and logged model, on test (01234567)") == 1


def test_metric_of_which_run_and_logged_model_say_two_things_says_so(
    open_request: "PromoteRequest", fraud: "FakeRegistry", grace: "User"
) -> None:
    first = Measurement("val_loss", 1.15, 0, origin=Origin.LOGGED_MODEL)
    fraud.change_facts("Fraud", "2", metrics={"val_loss": Measurement("val_loss", 0.323, 29, other=first)})
    assert "0.323 step 29, run the logged model has 1.15 (step 0)" in _text(_page(grace, open_request))


def test_facts_of_a_challenger_without_champion_tell_how_they_were_measured(
    fraud: "FakeRegistry", ada: "User", grace: "User"
) -> None:
    promote_request = PromoteRequestFactory(actor=ada, target=Target.parse("stage:Staging"))
    assert "auc step 0, run Comment on metric auc" in _text(_page(grace, promote_request))


def test_equal_rows_are_folded_and_counted(
    open_request: "PromoteRequest", fraud: "FakeRegistry", grace: "User"
) -> None:
    for version in ("1", "2"):
        fraud.change_facts("Fraud", version, params={"seed": "1", "trees": "9"})
    assert "<summary>2 equal parameters</summary>" in _page(grace, open_request)


def test_reviewer_is_told_what_is_missing_and_what_approval_does(open_request: "PromoteRequest", grace: "User") -> None:
    text = _text(_page(grace, open_request))
    assert "1 more approval is needed, by somebody other than ada." in text
    assert "MLflow moves Fraud version 2 to Production and archives version 1." in text
    assert "Yes, approve and move version 2 to Production" in text


def test_author_is_told_who_can_review_and_may_withdraw(open_request: "PromoteRequest", ada: "User") -> None:
    html = _page(ada, open_request)
    assert "somebody else has to review it" in html
    assert "Withdraw this request" in html
    for absent in ("btn-primary", 'value="approve"', "Close this request"):
        assert absent not in html


def test_reviewer_may_close_and_not_withdraw_or_edit(open_request: "PromoteRequest", grace: "User") -> None:
    html = _page(grace, open_request)
    assert "Close this request" in html
    for absent in ("Withdraw this request", "Edit title and description"):
        assert absent not in html


def test_rule_is_linked_for_those_who_can_change_it(open_request: "PromoteRequest", grace: "User") -> None:
    assert "/admin/" not in _page(grace, open_request)
    grace.is_staff = True
    grace.save()
    rule = ProtectionRule.objects.get(target_pattern="stage:*")
    assert f'protectionrule/{rule.pk}/change/">every stage</a>' in _page(grace, open_request)


def test_description_is_markdown_made_safe(fraud: "FakeRegistry", ada: "User") -> None:
    made = PromoteRequestFactory(actor=ada, description="**Deeper** <script>alert(1)</script>")
    html = _page(ada, made)
    assert "<strong>Deeper</strong>" in html
    assert "<script>alert" not in html


def test_timeline_tells_reviews_comments_and_events_in_order(
    open_request: "PromoteRequest", ada: "User", grace: "User"
) -> None:
    services.comment(actor=by(grace), promote_request=open_request, body="First thought.")
    services.review(
        actor=by(grace), promote_request=open_request, verdict=Verdict.REQUEST_CHANGES, body="Second thought."
    )
    services.withdraw(actor=by(ada), promote_request=open_request, message="Third thought.")
    text = _text(_page(grace, open_request))
    places = [text.index(words) for words in ("opened the request", "First", "Second", "Third")]
    assert places == sorted(places)
    assert text.count("grace commented") == 1
    assert text.count("grace asked for changes just now") == 1


def test_draft_is_marked_and_its_author_can_submit_it(fraud: "FakeRegistry", ada: "User", grace: "User") -> None:
    made = PromoteRequestFactory(actor=ada, draft=True)
    hidden = _as(grace).get(made.get_absolute_url())
    assert (hidden.status_code, made.title in hidden.content.decode()) == (404, False)
    assert "Only you see this draft." in _page(ada, made)
    assert "Ready for review</button>" in _page(ada, made)
    assert _post(ada, made, "submit").status_code == 302
    assert _fresh(made).status == Status.OPEN


def test_approval_on_the_page_promotes_and_the_page_shows_the_past(
    open_request: "PromoteRequest", fraud: "FakeRegistry", grace: "User"
) -> None:
    response = _post(grace, open_request, "review", verdict="approve", seen_fingerprint=_seen(open_request))
    assert response.status_code == 302
    assert _fresh(open_request).status == Status.PROMOTED
    assert fraud.get_version("Fraud", "2").stage == "Production"
    fraud.change_facts("Fraud", "2", metrics={"auc": 0.1})
    text = _text(_page(grace, open_request))
    assert "Fraud version 2 became Production, replacing version 1." in text
    assert "Below is what was true when it was promoted" in text
    assert "0.94" in text
    assert "Approve" not in text


def test_promoted_page_needs_no_mlflow(open_request: "PromoteRequest", fraud: "FakeRegistry", grace: "User") -> None:
    services.review(actor=by(grace), promote_request=open_request, verdict=Verdict.APPROVE)
    fraud.fail_next(RegistryUnreachable("MLflow cannot be reached."))
    assert "cannot be reached" not in _page(grace, _fresh(open_request))


def test_approval_that_waits_for_others_says_so(open_request: "PromoteRequest", grace: "User") -> None:
    ProtectionRule.objects.filter(target_pattern="stage:*").update(conditions={"approvals": 2})
    assert "changes nothing in MLflow yet" in _page(grace, open_request)
    _post(grace, open_request, "review", verdict="approve", seen_fingerprint=_seen(open_request))
    text = _text(_page(grace, _fresh(open_request)))
    assert "You approved this. The next approval has to come from somebody else." in text
    assert "1 more approval" in text


def test_approved_request_that_waits_for_a_press_is_promoted_by_it(
    open_request: "PromoteRequest", fraud: "FakeRegistry", grace: "User", ada: "User"
) -> None:
    ProtectionRule.objects.filter(target_pattern="stage:*").update(promote_when="pressed")
    _post(grace, open_request, "review", verdict="approve", seen_fingerprint=_seen(open_request))
    assert "Yes, move version 2 to Production" in _text(_page(ada, _fresh(open_request)))
    assert _post(ada, open_request, "promote").status_code == 302
    assert _fresh(open_request).status == Status.PROMOTED


def test_promotion_without_approval_is_refused_with_what_is_missing(
    open_request: "PromoteRequest", fraud: "FakeRegistry", ada: "User"
) -> None:
    response = _post(ada, open_request, "promote")
    assert response.status_code == 409
    assert "1 more approval is needed" in _text(response.content.decode())
    assert fraud.get_version("Fraud", "2").stage == "None"


def test_own_request_cannot_be_approved_by_a_forged_form(
    open_request: "PromoteRequest", fraud: "FakeRegistry", ada: "User"
) -> None:
    response = _post(ada, open_request, "review", verdict="approve", seen_fingerprint=_seen(open_request))
    assert response.status_code == 403
    assert "somebody else has to review it" in response.content.decode()
    assert fraud.get_version("Fraud", "2").stage == "None"


def test_changed_champion_stops_the_approval_and_asks_for_a_fresh_look(
    open_request: "PromoteRequest", fraud: "FakeRegistry", grace: "User"
) -> None:
    seen = _seen(open_request)
    fraud.add_version("Fraud", metrics={"auc": 0.93})
    fraud.transition_stage("Fraud", "3", "Production", archive_existing_versions=True)
    response = _post(grace, open_request, "review", verdict="approve", seen_fingerprint=seen, body="Looks right.")
    text = _text(response.content.decode())
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
    assert "3 more approvals are needed, by somebody other than ada." in _text(_page(grace, open_request))


def test_page_says_that_the_facts_changed_before_anybody_presses_a_button(
    open_request: "PromoteRequest", fraud: "FakeRegistry", grace: "User"
) -> None:
    ProtectionRule.objects.filter(target_pattern="stage:*").update(promote_when="pressed")
    services.review(actor=by(grace), promote_request=open_request, verdict=Verdict.APPROVE)
    fraud.add_version("Fraud")
    fraud.transition_stage("Fraud", "3", "Production", archive_existing_versions=True)
    text = _text(_page(grace, _fresh(open_request)))
    assert "The facts changed during the review." in text
    assert "replacing version 3" in text
    assert "grace approved earlier facts: a fresh look is needed." in text
    assert "Yes, move" not in text


def test_further_holders_of_a_stage_are_named(
    open_request: "PromoteRequest", fraud: "FakeRegistry", grace: "User"
) -> None:
    fraud.add_version("Fraud", stage="Production")
    text = _text(_page(grace, open_request))
    assert "Also in Production now: version 1." in text
    assert "archives versions 3 and 1" in text


def test_page_without_mlflow_shows_the_request_and_says_so(
    open_request: "PromoteRequest", fraud: "FakeRegistry", grace: "User"
) -> None:
    fraud.fail_next(RegistryUnreachable("MLflow cannot be reached."))
    html = _page(grace, open_request)
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
    first = _as(grace).get(open_request.get_absolute_url()).content.decode()
    assert fraud.calls == []
    assert "As observed just now." in _text(first)
    assert "0.94" in first
    address = f"{open_request.get_absolute_url()}now/"
    assert f'hx-post="{address}"' in first
    present = _page(grace, open_request)
    assert "As observed" not in present
    assert "0.5" in present
    for part in ("live", "live-head", "status", "seen-fingerprint"):
        assert f'id="{part}"' in first
        assert f'id="{part}"' in present
    assert _as(grace).get(address).status_code == 302


def test_a_page_that_asks_by_itself_may_show_figures_of_a_moment_ago_and_a_press_shows_those_of_now(
    open_request: "PromoteRequest", fraud: "FakeRegistry", grace: "User", settings: "SettingsWrapper"
) -> None:
    settings.CHECKPOINT_FIGURES_SECONDS = 600
    recent.kept.clear()
    address = f"{open_request.get_absolute_url()}now/"
    assert "0.94" in _as(grace).post(address).content.decode()
    fraud.change_facts("Fraud", "2", metrics={"auc": 0.5})
    seen = open_request.evidence_fingerprint
    assert "0.94" in _as(grace).post(address).content.decode()
    # Whoever approves what that showed is told, and shown what is there now.
    answer = _post(grace, open_request, "review", verdict="approve", seen_fingerprint=seen)
    assert answer.status_code == 409
    assert "0.94" not in answer.content.decode()
    fraud.change_facts("Fraud", "2", metrics={"auc": 0.25})
    assert "0.25" in _as(grace).post(address, {"pressed": "1"}).content.decode()
    recent.kept.clear()


def test_figures_of_a_moment_ago_take_no_approval_away(
    open_request: "PromoteRequest", fraud: "FakeRegistry", grace: "User", settings: "SettingsWrapper"
) -> None:
    ProtectionRule.objects.update(conditions={"approvals": 2})
    settings.CHECKPOINT_FIGURES_SECONDS = 600
    recent.kept.clear()
    address = f"{open_request.get_absolute_url()}now/"
    _as(grace).post(address)
    old = dict(recent.kept._found)
    fraud.change_facts("Fraud", "2", metrics={"auc": 0.5})
    _as(grace).post(address, {"pressed": "1"})
    open_request.refresh_from_db()
    _post(grace, open_request, "review", verdict="approve", seen_fingerprint=_seen(open_request))
    recent.kept._found.update(old)  # as another process still has them
    assert "0.5" in _as(grace).post(address).content.decode()
    open_request.refresh_from_db()
    assert [judgement.counts for judgement in services.decision_of(open_request).judgements] == [True]
    recent.kept.clear()


def test_what_was_observed_earlier_is_approved_only_as_long_as_it_is_so(
    open_request: "PromoteRequest", fraud: "FakeRegistry", grace: "User"
) -> None:
    first = _as(grace).get(open_request.get_absolute_url()).content.decode()
    seen = re.search(r'name="seen_fingerprint" value="([^"]+)"', first.replace("\n", " ")) or re.search(
        r'seen_fingerprint"\s+value="([^"]+)"', first
    )
    assert seen is not None
    fraud.change_facts("Fraud", "2", metrics={"auc": 0.5})
    answer = _post(grace, open_request, "review", verdict="approve", seen_fingerprint=seen[1])
    assert answer.status_code == 409
    assert not open_request.reviews.exists()


def test_approval_without_mlflow_is_refused_and_what_was_typed_is_kept(
    open_request: "PromoteRequest", fraud: "FakeRegistry", grace: "User"
) -> None:
    fraud.fail_next(RegistryUnreachable("MLflow cannot be reached."))
    response = _post(grace, open_request, "review", verdict="approve", body="Well done.")
    assert response.status_code == 502
    assert ">Well done.</textarea>" in response.content.decode()
    assert not open_request.reviews.exists()


def test_failed_promotion_keeps_the_approval_and_says_why(
    open_request: "PromoteRequest", fraud: "FakeRegistry", grace: "User"
) -> None:
    fraud.fail_next(RegistryUnreachable("MLflow cannot be reached."), call="transition_stage")
    client = _as(grace)
    address = reverse("promote_requests:review", args=[open_request.number])
    response = client.post(address, {"verdict": "approve", "seen_fingerprint": _seen(open_request)}, follow=True)
    text = _text(response.content.decode())
    assert "Your approval is recorded, but it is not promoted: MLflow cannot be reached." in text
    assert open_request.reviews.count() == 1
    assert "Yes, move version 2 to Production" in text


def test_comment_comes_back_at_its_place(open_request: "PromoteRequest", ada: "User") -> None:
    response = _post(ada, open_request, "comment", body="I will look.")
    comment = open_request.comments.get()
    assert response.status_code == 302
    assert response["Location"] == f"{open_request.get_absolute_url()}#comment-{comment.pk}"


def test_comment_by_htmx_returns_the_conversation_without_asking_mlflow(
    open_request: "PromoteRequest", fraud: "FakeRegistry", grace: "User"
) -> None:
    fraud.calls.clear()
    response = _as(grace).post(
        reverse("promote_requests:review", args=[open_request.number]),
        {"verdict": "comment", "body": "I will *look*."},
        headers={"hx-request": "true"},
    )
    html = response.content.decode()
    assert response.status_code == 200
    assert html.lstrip().startswith('<section id="conversation"')
    assert "<em>look</em>" in html
    assert (response["HX-Retarget"], response["HX-Reselect"]) == ("#conversation", "#conversation")
    # What an approval would be of stays on the screen, and so does the field that says it.
    assert "seen_fingerprint" not in html
    assert 'id="body-field" hx-swap-oob="true">' in html
    assert fraud.calls == []


def test_empty_comment_is_refused_beside_the_box(open_request: "PromoteRequest", ada: "User") -> None:
    response = _post(ada, open_request, "comment", body="  ")
    assert response.status_code == 400
    assert 'id="body-error" role="alert">Write a few words.' in response.content.decode()


def test_decision_by_htmx_leads_the_browser_to_the_page(open_request: "PromoteRequest", grace: "User") -> None:
    response = _as(grace).post(
        reverse("promote_requests:review", args=[open_request.number]),
        {"verdict": "request_changes", "body": "Why?"},
        headers={"hx-request": "true"},
    )
    assert response.status_code == 204
    assert response["HX-Redirect"] == open_request.get_absolute_url()


def test_mistake_in_the_field_does_not_move_the_page_to_its_top(open_request: "PromoteRequest", ada: "User") -> None:
    assert _post(ada, open_request, "comment", body=" ")["HX-Reswap"] == "outerHTML"
    assert "HX-Reswap" not in _post(ada, open_request, "promote")


def test_words_beside_a_button_that_is_gone_stand_in_the_field_for_comments(
    open_request: "PromoteRequest", ada: "User", grace: "User"
) -> None:
    services.withdraw(actor=by(ada), promote_request=open_request)
    refused = _post(grace, open_request, "close", reason="rejected", message="It is too slow.")
    assert refused.status_code == 409
    assert ">It is too slow.</textarea>" in refused.content.decode()


def test_one_form_takes_comment_and_verdict_and_no_other_button_approves(
    open_request: "PromoteRequest", grace: "User"
) -> None:
    html = _page(grace, open_request)
    assert html.count('value="approve"') == 1
    box = html[html.index('<form id="review-box"') :]
    assert box.index('name="body"') < box.index('value="approve"') < box.index("</form>")


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"target": "stage:Production"}, "move version 2 to Production"),
        ({"target": "stage:Archived"}, "archive version 2"),
        ({"target": "alias:prod"}, "give @prod to version 2"),
        ({"target": "model:prod.fraud"}, "copy version 2 into prod.fraud"),
        ({"target": "alias:champion", "version": "1", "change": Change.REMOVE}, "remove @champion from version 1"),
    ],
)
def test_button_says_what_will_happen_in_mlflow(
    values: dict[str, Any], words: str, fraud: "FakeRegistry", ada: "User", grace: "User"
) -> None:
    made = PromoteRequestFactory(actor=ada, **values | {"target": Target.parse(values["target"])})
    assert f"Approve and {words}" in _text(_page(grace, made))


@pytest.mark.parametrize("step", ["review", "promote", "submit"])
def test_what_decides_is_one_bar_that_stays_in_sight_on_a_phone(
    step: str, fraud: "FakeRegistry", ada: "User", grace: "User"
) -> None:
    ProtectionRule.objects.update(promote_when="pressed")
    made = PromoteRequestFactory(actor=ada, target=Target.parse("stage:Production"), draft=step == "submit")
    if step == "promote":
        services.review(actor=by(grace), promote_request=made, verdict=Verdict.APPROVE)
    html = _page(ada if step == "submit" else grace, made)
    bars = re.findall(r'<form id="([a-z]+)-(?:form|box)"[^>]*decision-bar"', html)
    assert bars == [step]


def test_button_promises_no_more_than_an_approval_where_others_are_needed(
    open_request: "PromoteRequest", grace: "User"
) -> None:
    ProtectionRule.objects.filter(target_pattern="stage:*").update(conditions={"approvals": 2})
    text = _text(_page(grace, open_request))
    assert "Approve and" not in text
    assert re.search(r">Approve</button>", _page(grace, open_request))


@pytest.mark.parametrize(
    ("name", "data", "status"), [("review", {"verdict": "great"}, 400), ("close", {"reason": "boredom"}, 400)]
)
def test_value_outside_the_vocabulary_is_refused(
    name: str, data: dict[str, str], status: int, open_request: "PromoteRequest", grace: "User"
) -> None:
    assert _post(grace, open_request, name, **data).status_code == status
    assert _fresh(open_request).status == Status.OPEN


def test_close_reopen_and_withdraw_follow_each_other(
    open_request: "PromoteRequest", ada: "User", grace: "User"
) -> None:
    assert _post(grace, open_request, "close", reason="superseded", message="Version 3 is coming.").status_code == 302
    assert _fresh(open_request).close_reason == "superseded"
    assert "Closed, superseded" in _page(ada, open_request)
    assert _post(ada, open_request, "reopen").status_code == 302
    assert _fresh(open_request).status == Status.OPEN
    assert _post(ada, open_request, "withdraw", message="Later.").status_code == 302
    assert _fresh(open_request).close_reason == "withdrawn"


@pytest.mark.parametrize(
    ("name", "status", "words"),
    [
        ("withdraw", 403, "Only ada, who made the request"),
        ("submit", 409, "the request is open"),
        ("edit", 403, "Only ada, who made the request"),
        ("reopen", 409, "the request is open"),
    ],
)
def test_refused_action_says_why_or_who_could(
    name: str, status: int, words: str, open_request: "PromoteRequest", grace: "User"
) -> None:
    response = _post(grace, open_request, name)
    assert response.status_code == status
    assert words in response.content.decode()
    assert _fresh(open_request).status == Status.OPEN


def test_author_cannot_close_but_is_pointed_to_withdrawing(open_request: "PromoteRequest", ada: "User") -> None:
    response = _post(ada, open_request, "close")
    assert response.status_code == 403
    assert "withdraw it instead" in response.content.decode()


def test_edit_changes_title_and_description(open_request: "PromoteRequest", ada: "User") -> None:
    address = reverse("promote_requests:edit", args=[open_request.number])
    assert open_request.title in _as(ada).get(address).content.decode()
    assert _post(ada, open_request, "edit", title="Clearer", description="More.").status_code == 302
    assert (_fresh(open_request).title, open_request.description) == ("Clearer", "More.")
    assert AuditEvent.objects.filter(promote_request=open_request, action=AuditAction.EDITED).exists()


def test_edit_that_comes_too_late_keeps_what_was_typed(open_request: "PromoteRequest", ada: "User") -> None:
    services.withdraw(actor=by(ada), promote_request=open_request)
    response = _post(ada, open_request, "edit", title="Clearer", description="A page of reasons.")
    html = response.content.decode()
    assert response.status_code == 409
    assert "This was not saved." in html
    assert "A page of reasons.</textarea>" in html
    assert 'value="Clearer"' in html


def test_edit_without_a_title_is_refused(open_request: "PromoteRequest", ada: "User") -> None:
    response = _post(ada, open_request, "edit", title=" ", description="More.")
    assert response.status_code == 400
    assert "Give the request a title of 1 to 200 characters." in response.content.decode()


@pytest.mark.parametrize("name", ["review", "comment", "promote", "close", "withdraw", "reopen", "submit"])
def test_address_of_an_action_does_nothing_when_only_opened(
    name: str, open_request: "PromoteRequest", grace: "User"
) -> None:
    client = _as(grace)
    address = reverse(f"promote_requests:{name}", args=[open_request.number])
    # Somebody who reloads after a refusal, or comes back from signing in, is shown the request.
    assert client.get(address).headers["Location"] == open_request.get_absolute_url()
    assert client.put(address).status_code == 405
    assert _fresh(open_request).status == Status.OPEN
    assert not open_request.reviews.exists()


@pytest.mark.parametrize("name", ["review", "comment", "promote", "close", "withdraw", "reopen", "submit", "edit"])
def test_action_without_a_csrf_token_is_refused(name: str, open_request: "PromoteRequest", grace: "User") -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(grace)
    data = {"verdict": "approve", "body": "x"}
    assert client.post(reverse(f"promote_requests:{name}", args=[open_request.number]), data).status_code == 403
    assert _fresh(open_request).status == Status.OPEN


@pytest.mark.parametrize("number", [4711, 10**30])
def test_unknown_number_is_not_found(number: int, ada: "User") -> None:
    response = _as(ada).get(f"/checkpoint/promote-requests/{number}/", headers={"accept": "text/html"})
    assert response.status_code == 404
    assert f"There is no promote request #{number}." in response.content.decode()


def test_removal_shows_what_would_be_lost(fraud: "FakeRegistry", ada: "User", grace: "User") -> None:
    made = PromoteRequestFactory(actor=ada, version="1", target=Target.parse("alias:champion"), change=Change.REMOVE)
    text = _text(_page(grace, made))
    assert "ada wants to take the alias champion away from Fraud version 1." in text
    assert "What would be lost" in text
    assert "No version has it then." in text


def test_first_holder_is_compared_with_nobody(fraud: "FakeRegistry", ada: "User") -> None:
    made = PromoteRequestFactory(actor=ada, target=Target.parse("stage:Staging"))
    text = _text(_page(ada, made))
    assert "Champion Nobody" in text
    assert "What is known of the challenger" in text


def test_a_deleted_run_is_told_and_asks_whoever_approved_before(
    fraud: "FakeRegistry", open_request: "PromoteRequest", ada: "User", grace: "User"
) -> None:
    ProtectionRule.objects.filter(target_pattern="stage:*").update(promote_when="pressed")
    services.review(actor=by(grace), promote_request=open_request, verdict=Verdict.APPROVE)
    assert "deleted in MLflow" not in _page(grace, open_request)
    fraud.delete_origin("Fraud", "2")
    refused = _post(ada, open_request, "promote")
    assert (refused.status_code, "The run behind version 2 is deleted in MLflow" in refused.content.decode()) == (
        409,
        True,
    )
    assert "The run behind version 2 is deleted in MLflow" in _page(grace, open_request)
    services.review(actor=by(grace), promote_request=open_request, verdict=Verdict.APPROVE)
    assert _post(ada, open_request, "promote").status_code == 302
    assert "The run behind version 2 is deleted in MLflow" in _page(grace, open_request)


def test_settings_of_a_prompt_are_compared(registry: "FakeRegistry", ada: "User") -> None:
    config = "_mlflow_prompt_model_config"
    registry.add_version("greeting", prompt_text="Hello", tags={config: '{"top_k": 1}'}, aliases=("champion",))
    registry.add_version("greeting", prompt_text="Hello", tags={config: '{"top_k": 2}'})
    made = PromoteRequestFactory(actor=ada, model_name="greeting", target=Target.parse("alias:champion"))
    text = _text(_page(ada, made))
    assert "model_config" in text
    assert "_mlflow_prompt" not in text


def test_prompt_is_compared_line_by_line(registry: "FakeRegistry", ada: "User") -> None:
    registry.add_version("greeting", prompt_text="Hello\nBye", aliases=("champion",))
    registry.add_version("greeting", prompt_text="Hello you\nBye")
    made = PromoteRequestFactory(actor=ada, model_name="greeting", target=Target.parse("alias:champion"))
    html = _page(ada, made)
    assert "diff-removed" in html
    assert "diff-added" in html
    assert "@@" not in html  # a patch's words are no people's
    assert "/#/prompts/greeting" in html


def test_page_costs_the_same_however_long_the_conversation(
    open_request: "PromoteRequest", grace: "User", django_assert_max_num_queries
) -> None:
    for number in range(10):
        services.comment(actor=by(UserFactory()), promote_request=open_request, body=f"{number}")
        services.review(actor=by(UserFactory()), promote_request=open_request, verdict=Verdict.COMMENT, body="Hm.")
    client = _as(grace)
    with django_assert_max_num_queries(46):
        assert client.get(open_request.get_absolute_url()).status_code == 200


def test_an_objection_is_dismissed_on_the_page_by_who_has_the_right_and_stays_in_the_story(
    open_request: "PromoteRequest", grace: "User"
) -> None:
    services.review(
        actor=by(grace), promote_request=open_request, verdict=Verdict.REQUEST_CHANGES, body="Show the recall."
    )
    root = AdministratorFactory(username="root")
    assert "Dismiss this objection" not in _page(UserFactory(), open_request)
    assert "Dismiss this objection" in _page(root, open_request)
    review = open_request.reviews.get()
    assert _post(root, open_request, "dismiss", review=review.pk, reason="Answered in the meeting.").status_code == 302
    html = _page(grace, open_request)
    assert "Show the recall." in html
    assert "of grace: Answered in the meeting." in html
    assert "1 more approval is needed" in html
    refused = _post(root, open_request, "dismiss", review="no number", reason="Again.")
    assert (refused.status_code, "does not block" in refused.content.decode()) == (409, True)


def test_a_request_for_changes_tells_its_author_what_to_do_and_offers_its_reviewer_no_approval_first(
    open_request: "PromoteRequest", ada: "User", grace: "User"
) -> None:
    services.review(
        actor=by(grace), promote_request=open_request, verdict=Verdict.REQUEST_CHANGES, body="Show the recall."
    )
    adas, graces, others = _page(ada, open_request), _page(grace, open_request), _page(UserFactory(), open_request)
    assert "grace asked for changes: read why in the conversation." in _text(adas)
    assert "the request goes on when grace approves." in _text(adas)
    assert "somebody else has to review" not in adas
    assert "You asked for changes. When they are made, approve below." in _text(graces)
    assert "decision-bar" not in graces
    assert graces.index(">Comment</button>") < graces.index('value="approve"')
    assert others.index('value="approve"') < others.index(">Comment</button>")


def test_who_approved_before_an_edit_is_named_with_what_changed(
    open_request: "PromoteRequest", ada: "User", grace: "User"
) -> None:
    ProtectionRule.objects.filter(target_pattern="stage:*").update(promote_when="pressed")
    services.review(actor=by(grace), promote_request=open_request, verdict=Verdict.APPROVE)
    services.edit(actor=by(ada), promote_request=open_request, title="Deeper still", description="With <i>more</i>.")
    html = _page(grace, open_request)
    assert "grace approved before the description was edited." in html
    assert f"The title was: {open_request.title}" in html
    assert '<span class="visually-hidden">added: </span></span><span>With &lt;i&gt;more&lt;/i&gt;.</span>' in html


def test_a_look_at_changed_facts_lets_list_and_page_say_the_same(
    open_request: "PromoteRequest", fraud: "FakeRegistry", grace: "User"
) -> None:
    ProtectionRule.objects.filter(target_pattern="stage:*").update(promote_when="pressed")
    services.review(actor=by(grace), promote_request=open_request, verdict=Verdict.APPROVE)
    fraud.change_facts("Fraud", "2", metrics={"auc": 0.1})
    assert "The facts changed during the review." in _page(grace, open_request)
    listed = _as(grace).get("/checkpoint/").content.decode()
    assert "Review required" in listed
    event = AuditEvent.objects.get(action=AuditAction.EVIDENCE_CHANGED)
    assert (event.actor_name, event.promote_request) == ("Checkpoint", open_request)
    _page(grace, open_request)
    assert AuditEvent.objects.filter(action=AuditAction.EVIDENCE_CHANGED).count() == 1


def test_version_is_linked_to_its_run_and_logged_model(registry: "FakeRegistry", ada: "User") -> None:
    registry.add_version("Fraud", stage="Production")
    registry.add_version("Fraud", run_id="r1", model_id="m-1", experiment_id="7")
    html = _page(ada, PromoteRequestFactory(actor=ada))
    for address in ("/#/models/Fraud/versions/2", "/#/experiments/7/runs/r1", "/#/experiments/7/models/m-1"):
        assert f'href="{address}"' in html


@pytest.mark.parametrize("change", [{"format": 99}, {"a fact of a newer release": 1}])
def test_a_promoted_request_with_facts_that_cannot_be_read_is_shown_all_the_same(
    open_request: "PromoteRequest", grace: "User", change: dict[str, Any]
) -> None:
    services.review(actor=by(grace), promote_request=open_request, verdict=Verdict.APPROVE)
    open_request.refresh_from_db()
    evidence = json.loads(FrozenEvidence.objects.get(pk=open_request.evidence_digest).document)
    facts = json.loads(FrozenEvidence.objects.get(pk=evidence["challenger"]).document)
    written = kept.store(evidence | {"challenger": kept.store(facts | change)})
    type(open_request).objects.filter(pk=open_request.pk).update(evidence_digest=written)
    text = _text(_page(grace, open_request))
    assert "The comparison is not available. What was true then is kept in" in text
    client = Client()
    client.force_login(grace)
    answer = client.get(f"/checkpoint/api/promote-requests/{open_request.number}/comparison/")
    assert (answer.status_code, answer.json()["error_code"]) == (503, "TEMPORARILY_UNAVAILABLE")


def files(inputs: str, requirements: str) -> dict[str, bytes]:
    return {"MLmodel": f"signature: {{inputs: '{inputs}'}}".encode(), "requirements.txt": requirements.encode()}


@pytest.fixture
def with_files(fraud: "FakeRegistry") -> "FakeRegistry":
    """Gives both versions files; the challenger asks for one input more and for other packages."""
    old, new = '[{"name": "age", "type": "long"}]', '[{"name": "age", "type": "long"}, {"name": "<b>", "type": "long"}]'
    for version, found in (("1", files(old, "numpy==1.26.4")), ("2", files(new, "numpy==2.1.0\ntorch"))):
        fraud.files |= {("Fraud", version, path): content for path, content in found.items()}
    return fraud


def _strip(html: str) -> str:
    return _text(html[html.index('class="strip"') :].partition("</nav>")[0])


def test_the_strip_says_first_what_a_reviewer_has_to_know(
    with_files: "FakeRegistry", open_request: "PromoteRequest", grace: "User"
) -> None:
    with_files.change_facts("Fraud", "1", datasets={"testing": "holdout (a)"})
    with_files.change_facts("Fraud", "2", datasets={"testing": "one clinic (b)"})
    html = _page(grace, open_request)
    assert "other data, 2 more warnings signature breaking 2 packages changed 1 metric better" in _strip(html)
    assert html.index('class="lead-sentence"') < html.index('class="strip"') < html.index("version-card")
    for part in ("doubts", "signature", "environment", "metrics"):
        assert f'href="#{part}"' in html
        assert html.count(f'id="{part}"') == 1
    text = _text(html)
    assert "Measured on other data (one clinic (b) for holdout (a)): the figures do not compare." in text
    assert "breaking: callers do not send it" in text
    assert "&lt;b&gt;" in html


def test_what_the_files_said_is_kept_with_the_promotion(
    with_files: "FakeRegistry", open_request: "PromoteRequest", grace: "User"
) -> None:
    services.review(actor=by(grace), promote_request=open_request, verdict=Verdict.APPROVE)
    with_files.files.clear()
    html = _page(grace, _fresh(open_request))
    assert "signature breaking 2 packages changed" in _strip(html)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"a: &x [*x]", "MLmodel refers to parts of itself, which is not followed."),
        (b"\xff\xfe", "MLmodel is not a text in UTF-8."),
        (b"x" * 200_001, "MLmodel is larger than 200,000 bytes, so it is not read."),
    ],
)
def test_a_file_that_cannot_be_read_says_so_and_hides_nothing_else(
    with_files: "FakeRegistry", ada: "User", grace: "User", content: bytes, said: str
) -> None:
    with_files.files["Fraud", "2", "MLmodel"] = content
    text = _text(_page(grace, PromoteRequestFactory(actor=ada)))
    assert f"Of the challenger: {said}" in text
    assert "signature unknown" in text
    assert "2 packages changed" in text


def test_files_that_mlflow_does_not_show_hide_no_figures(
    with_files: "FakeRegistry", ada: "User", grace: "User"
) -> None:
    for _ in range(3):  # both versions when it is opened, the challenger when it is looked at
        with_files.fail_next(RegistryUnreachable("MLflow cannot be reached."), call="read_file")
    text = _text(_page(grace, PromoteRequestFactory(actor=ada)))
    assert "Of the challenger: MLmodel could not be read: MLflow cannot be reached." in text
    assert "1 metric better" in text


def test_files_that_lie_elsewhere_are_never_asked_for(fraud: "FakeRegistry", ada: "User", grace: "User") -> None:
    fraud.add_version("Fraud", source="s3://bucket/root/777")
    elsewhere = PromoteRequestFactory(actor=ada, version="3")
    fraud.calls.clear()
    assert "files lie where Checkpoint does not look" in _text(_page(grace, elsewhere))
    assert ("read_file", ("Fraud", "3", "MLmodel")) not in fraud.calls


def test_the_page_says_since_when_the_champion_holds_the_target_and_who_held_it(
    fraud: "FakeRegistry", ada: "User", grace: "User"
) -> None:
    first = PromoteRequestFactory(actor=ada, version="2")
    services.review(actor=by(grace), promote_request=first, verdict=Verdict.APPROVE)
    fraud.add_version("Fraud")
    second = PromoteRequestFactory(actor=ada, version="3", title="Third time")
    text = _text(_page(grace, second))
    assert f"Holds it since just now, by #{first.number}" in text
    assert f"Held Production #{first.number} version 2, just now" in text
    services.review(actor=by(grace), promote_request=second, verdict=Verdict.APPROVE)
    assert f"Replaced by #{second.number}, just now." in _text(_page(grace, _fresh(first)))
    assert "Replaced by" not in _text(_page(grace, _fresh(second)))


def test_the_page_names_what_else_was_asked_of_the_version_but_no_draft_of_others(
    open_request: "PromoteRequest", ada: "User", grace: "User"
) -> None:
    PromoteRequestFactory(actor=ada, target=Target.parse("alias:shadow"), title="Shadow first")
    PromoteRequestFactory(actor=ada, target=Target.parse("alias:secret"), title="Kept to myself", draft=True)
    assert "Also asked of version 2" in _text(_page(grace, open_request))
    assert "Shadow first" in _page(grace, open_request)
    assert "Kept to myself" not in _page(grace, open_request)
    assert "Kept to myself" in _page(ada, open_request)


def test_a_holder_that_checkpoint_did_not_make_has_no_request(open_request: "PromoteRequest", grace: "User") -> None:
    assert "Holds it since" not in _page(grace, open_request)


def test_an_old_page_approves_the_words_that_it_showed(
    open_request: "PromoteRequest", ada: "User", grace: "User"
) -> None:
    assert 'name="seen_text_revision"' in _page(grace, open_request)
    ProtectionRule.objects.update(promote_when="pressed")
    services.edit(actor=by(ada), promote_request=open_request, title="Other", description="Other words.")
    _post(grace, open_request, "review", verdict="approve", seen_text_revision="1")
    assert "grace approved before the description was edited." in _text(_page(grace, open_request))
