import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from django.test import Client

from evidence import kept
from evidence.models import FrozenEvidence
from promote_requests import services
from promote_requests.choices import Verdict
from promote_requests.services.history import HOLDERS_SHOWN
from promote_requests.tests.detail.page import opened, reloaded, words_of
from registry.measurements import Measurement, Origin
from registry.proposals import Change
from registry.targets import Target
from testing.factories import PromoteRequestFactory, RuleFactory
from testing.people import by

if TYPE_CHECKING:
    from accounts.models import User
    from promote_requests.models import PromoteRequest
    from registry.fake import FakeRegistry


def test_page_opens_with_the_sentence_and_shows_both_versions(open_request: "PromoteRequest", grace: "User") -> None:
    text = words_of(opened(grace, open_request))
    assert "ada wants Fraud version 2 to become Production, replacing version 1." in text
    assert "Champion Fraud version 1" in text
    assert "Challenger Fraud version 2" in text


def test_comparison_shows_change_with_sign_and_direction(open_request: "PromoteRequest", grace: "User") -> None:
    html = opened(grace, open_request)
    assert 'class="row-changed"' in html
    assert 'aria-label="higher"' in html
    assert "+0.03" in html
    assert "+3.3 %" in html


def test_shortened_number_shows_all_its_digits_on_hover(
    open_request: "PromoteRequest", fraud: "FakeRegistry", grace: "User"
) -> None:
    fraud.change_facts("Fraud", "2", metrics={"auc": 0.9412345678901234})
    assert '<span title="0.9412345678901234">0.941235</span>' in opened(grace, open_request)


def test_long_value_is_folded_and_whole(open_request: "PromoteRequest", fraud: "FakeRegistry", grace: "User") -> None:
    features = ", ".join(f"feature {number}" for number in range(100))
    fraud.change_facts("Fraud", "2", params={"features": features})
    html = opened(grace, open_request)
    assert f"{len(features)} characters</summary>{features}</details>" in html
    assert html.count("feature 99") == 1


def test_metrics_name_breaks_at_its_joints_and_its_value_nowhere(
    open_request: "PromoteRequest", fraud: "FakeRegistry", grace: "User"
) -> None:
    fraud.change_facts("Fraud", "2", metrics={"test/mean_error": 0.25})
    html = opened(grace, open_request)
    assert 'test/<wbr>mean_<wbr>error <span class="talk"' in html
    assert "0.25" in html


def test_metric_tells_its_step_its_data_and_where_it_is_once_where_both_sides_agree(
    open_request: "PromoteRequest", fraud: "FakeRegistry", grace: "User"
) -> None:
    last = Measurement("loss", 0.3, 29, dataset_name="test", dataset_digest="0123456789abc", origin=Origin.BOTH)
    fraud.change_facts("Fraud", "1", metrics={"loss": replace(last, value=0.4)})
    fraud.change_facts("Fraud", "2", metrics={"loss": last})
    assert words_of(opened(grace, open_request)).count("step 29, run and logged model, on test (01234567)") == 1
    fraud.change_facts("Fraud", "1", metrics={"loss": replace(last, value=0.4, step=28)})
    text = words_of(opened(grace, open_request))
    assert text.count("step 29, run and logged model, on test (01234567)") == 1
    assert text.count("step 28, run and logged model, on test (01234567)") == 1


def test_metric_of_which_run_and_logged_model_say_two_things_says_so(
    open_request: "PromoteRequest", fraud: "FakeRegistry", grace: "User"
) -> None:
    first = Measurement("val_loss", 1.15, 0, origin=Origin.LOGGED_MODEL)
    fraud.change_facts("Fraud", "2", metrics={"val_loss": Measurement("val_loss", 0.323, 29, other=first)})
    assert "0.323 step 29, run the logged model has 1.15 (step 0)" in words_of(opened(grace, open_request))


def test_facts_of_a_challenger_without_champion_tell_how_they_were_measured(
    fraud: "FakeRegistry", ada: "User", grace: "User"
) -> None:
    promote_request = PromoteRequestFactory(actor=ada, target=Target.parse("stage:Staging"))
    assert "auc step 0, run Comment on metric auc" in words_of(opened(grace, promote_request))


def test_equal_rows_are_folded_and_counted(
    open_request: "PromoteRequest", fraud: "FakeRegistry", grace: "User"
) -> None:
    for version in ("1", "2"):
        fraud.change_facts("Fraud", version, params={"seed": "1", "trees": "9"})
    assert "<summary>2 equal parameters</summary>" in opened(grace, open_request)


def test_further_holders_of_a_stage_are_named(
    open_request: "PromoteRequest", fraud: "FakeRegistry", grace: "User"
) -> None:
    fraud.add_version("Fraud", stage="Production")
    text = words_of(opened(grace, open_request))
    assert "Also in Production now: version 1." in text
    assert "archives versions 3 and 1" in text


def test_removal_shows_what_would_be_lost(fraud: "FakeRegistry", ada: "User", grace: "User") -> None:
    made = PromoteRequestFactory(actor=ada, version="1", target=Target.parse("alias:champion"), change=Change.REMOVE)
    text = words_of(opened(grace, made))
    assert "ada wants to take the alias champion away from Fraud version 1." in text
    assert "What would be lost" in text
    assert "No version has it then." in text


def test_first_holder_is_compared_with_nobody(fraud: "FakeRegistry", ada: "User") -> None:
    made = PromoteRequestFactory(actor=ada, target=Target.parse("stage:Staging"))
    text = words_of(opened(ada, made))
    assert "Champion Nobody" in text
    assert "What is known of the challenger" in text


def test_settings_of_a_prompt_are_compared(registry: "FakeRegistry", ada: "User") -> None:
    config = "_mlflow_prompt_model_config"
    registry.add_version("greeting", prompt_text="Hello", tags={config: '{"top_k": 1}'}, aliases=("champion",))
    registry.add_version("greeting", prompt_text="Hello", tags={config: '{"top_k": 2}'})
    made = PromoteRequestFactory(actor=ada, model_name="greeting", target=Target.parse("alias:champion"))
    text = words_of(opened(ada, made))
    assert "model_config" in text
    assert "_mlflow_prompt" not in text


def test_prompt_is_compared_line_by_line(registry: "FakeRegistry", ada: "User") -> None:
    registry.add_version("greeting", prompt_text="Hello\nBye", aliases=("champion",))
    registry.add_version("greeting", prompt_text="Hello you\nBye")
    made = PromoteRequestFactory(actor=ada, model_name="greeting", target=Target.parse("alias:champion"))
    html = opened(ada, made)
    assert "diff-removed" in html
    assert "diff-added" in html
    assert "@@" not in html  # a patch's words are no people's
    assert "/#/prompts/greeting" in html


def test_version_is_linked_to_its_run_and_logged_model(registry: "FakeRegistry", ada: "User") -> None:
    registry.add_version("Fraud", stage="Production")
    registry.add_version("Fraud", run_id="r1", model_id="m-1", experiment_id="7")
    html = opened(ada, PromoteRequestFactory(actor=ada))
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
    text = words_of(opened(grace, open_request))
    assert "The comparison is not available. What was true then is kept in" in text
    client = Client()
    client.force_login(grace)
    answer = client.get(f"/checkpoint/api/promote-requests/{open_request.number}/comparison/")
    assert (answer.status_code, answer.json()["error_code"]) == (503, "TEMPORARILY_UNAVAILABLE")


def test_the_page_says_since_when_the_champion_holds_the_target_and_who_held_it(
    fraud: "FakeRegistry", ada: "User", grace: "User"
) -> None:
    first = PromoteRequestFactory(actor=ada, version="2")
    services.review(actor=by(grace), promote_request=first, verdict=Verdict.APPROVE)
    fraud.add_version("Fraud")
    second = PromoteRequestFactory(actor=ada, version="3", title="Third time")
    text = words_of(opened(grace, second))
    assert f"Holds it since just now, by #{first.number}" in text
    assert f"Held Production #{first.number} version 2, just now" in text
    services.review(actor=by(grace), promote_request=second, verdict=Verdict.APPROVE)
    assert f"Replaced by #{second.number}, just now." in words_of(opened(grace, reloaded(first)))
    assert "Replaced by" not in words_of(opened(grace, reloaded(second)))


def test_a_past_promotion_names_the_next_one_and_the_one_before_however_many_came_since(
    fraud: "FakeRegistry", ada: "User", grace: "User"
) -> None:
    promoted = []
    for version in ["2", *(fraud.add_version("Fraud").version for _ in range(HOLDERS_SHOWN + 2))]:
        asked = PromoteRequestFactory(actor=ada, version=version)
        services.review(actor=by(grace), promote_request=asked, verdict=Verdict.APPROVE)
        promoted.append(reloaded(asked))
    first, second, third, *_ = promoted
    assert f"Replaced by #{second.number}, just now." in words_of(opened(grace, first))
    text = words_of(opened(grace, second))
    assert f"Replaced by #{third.number}, just now." in text
    assert f"Holds it since just now, by #{first.number}" in text


def test_who_held_a_registered_model_is_named_by_the_numbers_of_the_copies(
    fraud: "FakeRegistry", ada: "User", grace: "User"
) -> None:
    RuleFactory(target_pattern="model:*")
    target = Target.parse("model:prod.fraud")
    first = PromoteRequestFactory(actor=ada, version="2", target=target)
    services.review(actor=by(grace), promote_request=first, verdict=Verdict.APPROVE)
    assert reloaded(first).promoted_version == "1"
    second = PromoteRequestFactory(actor=ada, version=fraud.add_version("Fraud").version, target=target)
    assert f"Held prod.fraud #{first.number} version 1, just now" in words_of(opened(grace, second))


def test_the_page_names_what_else_was_asked_of_the_version_but_no_draft_of_others(
    open_request: "PromoteRequest", ada: "User", grace: "User"
) -> None:
    PromoteRequestFactory(actor=ada, target=Target.parse("alias:shadow"), title="Shadow first")
    PromoteRequestFactory(actor=ada, target=Target.parse("alias:secret"), title="Kept to myself", draft=True)
    assert "Also asked of version 2" in words_of(opened(grace, open_request))
    assert "Shadow first" in opened(grace, open_request)
    assert "Kept to myself" not in opened(grace, open_request)
    assert "Kept to myself" in opened(ada, open_request)


def test_a_holder_that_checkpoint_did_not_make_has_no_request(open_request: "PromoteRequest", grace: "User") -> None:
    assert "Holds it since" not in opened(grace, open_request)
