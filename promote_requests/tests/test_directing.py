"""Which values of a metric are better: set on a page, seen on every request, and not turned by who is judged by it."""

from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.urls import reverse

from audit.choices import AuditAction
from audit.models import AuditEvent
from evidence.directions.wanted import tag_of
from evidence.kept import load
from foundation.exceptions import NotAllowed
from promote_requests import services
from promote_requests.choices import Status, Verdict
from promote_requests.exceptions import EvidenceChanged
from promote_requests.models import PromoteRequest
from protection.models import ProtectionRule
from registry.measurements import Measurement
from registry.targets import Target
from testing.factories import PromoteRequestFactory, RuleFactory
from testing.people import by

pytestmark = pytest.mark.django_db
PAGE = "/checkpoint/metrics/"


@pytest.fixture
def editor(grace: Any) -> Any:
    grace.user_permissions.add(Permission.objects.get(codename="change_metricdirection"))
    return type(grace).objects.get(pk=grace.pk)


def set_auc(person: Any, direction: str) -> None:
    services.set_direction(actor=by(person), model_name="Fraud", metric="auc", direction=direction)


def approve(request: PromoteRequest, reviewer: Any, **seen: Any) -> Any:
    return services.review(actor=by(reviewer), promote_request=request, verdict=Verdict.APPROVE, **seen)


def comparison(client: Any, number: int) -> Any:
    return client.get(reverse("promote_requests_api:comparison", args=[number])).json()


def test_page_strip_gate_curves_and_api_go_by_what_was_set_on_the_page(fraud, ada, editor, client):
    RuleFactory(target_pattern="stage:Production", conditions={"gates": ["metric auc no worse than champion"]})
    asked = PromoteRequestFactory(actor=ada)
    client.force_login(editor)
    before = comparison(client, asked.pk)
    assert (before["verdict"]["better"], before["metrics"]["rows"][0]["wanted"]["source"]) == (1, "name")
    saved = client.post(PAGE, {"model_name": "Fraud", "metric": "auc", "direction": "lower"}, follow=True)
    assert "Saved: every comparison goes by it from now on." in saved.content.decode()
    now = comparison(client, asked.pk)
    (row,) = [row for row in now["metrics"]["rows"] if row["key"] == "auc"]
    assert (row["better"], row["wanted"]["direction"], row["wanted"]["by"]) == (False, "lower", "grace")
    assert (now["verdict"]["worse"], now["verdict"]["gates"]) == (1, {"passed": 0, "total": 1})
    assert now["verdict"]["warnings"][0] == "direction_against_name"
    shown = client.post(f"/checkpoint/promote-requests/{asked.pk}/now/").content.decode()
    assert "direction against its name" in shown
    assert "better: lower, set by grace on" in shown
    curves = client.get("/checkpoint/compare/curves/", {"model": "Fraud", "version": "2", "metric": "auc"}).json()
    assert curves["better"] == "lower"


def test_a_change_is_in_the_record_and_on_every_request_that_is_judged_by_it(fraud, ada, editor, client):
    asked = PromoteRequestFactory(actor=ada)
    copy = PromoteRequestFactory(actor=ada, version="1", target=Target.parse("model:Other"))
    set_auc(editor, "lower")
    set_auc(editor, "lower")
    rows = AuditEvent.objects.filter(action=AuditAction.DIRECTION_SET)
    assert {(row.actor_name, row.model_name, row.promote_request_id) for row in rows} == {
        ("grace", "Fraud", None),
        ("grace", "Fraud", asked.pk),
        ("grace", "Fraud", copy.pk),
    }
    assert rows.count() == 3
    assert rows[0].reason == "Better of auc: lower values (was: what name or tag says)."
    client.force_login(ada)
    page = client.get(f"/checkpoint/promote-requests/{asked.pk}/").content.decode()
    assert "set which values of a metric are better" in page


def test_an_approval_of_what_was_shown_before_stops_counting_and_the_request_says_why(fraud, ada, editor):
    ProtectionRule.objects.all().delete()
    RuleFactory(target_pattern="stage:Production", promote_when="pressed")
    asked = PromoteRequestFactory(actor=ada)
    approve(asked, editor)
    set_auc(editor, "lower")
    with pytest.raises(EvidenceChanged, match="Other values count as better now: of auc lower ones") as refusal:
        services.promote(actor=by(ada), promote_request=PromoteRequest.objects.get())
    assert "set by grace on" in refusal.value.message
    assert "higher ones before" in refusal.value.message
    row = AuditEvent.objects.filter(action=AuditAction.EVIDENCE_CHANGED).get()
    assert row.promote_request == asked
    assert not services.decision_of(PromoteRequest.objects.get()).approvals


def test_a_tag_that_appears_past_checkpoint_is_noticed_like_any_other_change(fraud, ada, grace):
    asked = PromoteRequestFactory(actor=ada)
    seen = asked.evidence_fingerprint
    fraud.set_model_tags("Fraud", {tag_of("auc"): "none"})
    with pytest.raises(EvidenceChanged, match=r"of auc none \(a tag of the model\)"):
        approve(asked, grace, seen_fingerprint=seen)


def test_what_was_judged_stays_as_judged(fraud, ada, editor, client):
    asked = PromoteRequestFactory(actor=ada)
    assert approve(asked, editor).promote_request.status == Status.PROMOTED
    set_auc(editor, "lower")
    fraud.set_model_tags("Fraud", {tag_of("auc"): "none"})
    assert load(PromoteRequest.objects.get().evidence_digest).directions.of("auc").word == "higher"
    client.force_login(ada)
    said = comparison(client, asked.pk)
    assert (said["verdict"]["better"], said["metrics"]["rows"][0]["better"]) == (1, True)


def test_the_author_of_an_open_request_turns_nothing_that_judges_it(fraud, ada, editor):
    ada.user_permissions.add(Permission.objects.get(codename="change_metricdirection"))
    author = type(ada).objects.get(pk=ada.pk)
    fraud.add_version("Staged")
    for values in ({}, {"model_name": "Staged", "version": "1", "target": Target.parse("model:Fraud")}):
        asked = PromoteRequestFactory(actor=author, **values)
        for name in ("Fraud", "FRAUD", "fraud"):
            with pytest.raises(NotAllowed, match=f"You made #{asked.pk}, which is judged by these metrics"):
                services.set_direction(actor=by(author), model_name=name, metric="auc", direction="lower")
        services.withdraw(actor=by(author), promote_request=asked)
    set_auc(author, "lower")
    assert AuditEvent.objects.filter(action=AuditAction.REFUSED, actor=author).count() == 6


def test_the_page_lists_metrics_with_where_each_direction_comes_from(fraud, ada, editor, client):
    fraud.add_version("Fraud", run_id="r9", metrics={"auc": 0.7, "rmse": 1, "widgets": 2, "odd<b>": 1})
    fraud.set_model_tags("Fraud", {tag_of("rmse"): "higher", tag_of("widgets"): "up"})
    sets = {"f1 (a)": Measurement("f1", 1.0, dataset_name="a"), "f1 (b)": Measurement("f1", 1.0, dataset_name="b")}
    fraud.add_version("Fraud", model_id="m-1", metrics=sets)
    set_auc(editor, "none")
    client.force_login(editor)
    page = client.get(PAGE, {"model": "Fraud"}).content.decode()
    words = " ".join(page.replace("<wbr>", "").split())
    assert "Set by grace on" in words
    assert "neither" in words
    assert "A tag of the model" in words
    assert "the tag says up, which is none of higher, lower and none" in words
    assert "odd&lt;b&gt;" in words
    assert words.count('name="metric" value="f1"') == 1  # a direction is of a key, whatever the data set
    assert "not set: higher (its name)" in words  # what auc would be if nobody had set anything
    assert "rmse" not in client.get(PAGE, {"model": "Fraud", "q": "WID"}).content.decode().partition("<table")[2]
    client.force_login(ada)
    assert "<select" not in client.get(PAGE, {"model": "Fraud"}).content.decode()
    assert client.get(PAGE, {"model": "Nobody"}).status_code == 404
