import pytest

from audit.choices import AuditAction
from audit.models import AuditEvent
from promote_requests.choices import Status
from promote_requests.models import Comment, Review
from promote_requests.tests.admin import people
from promote_requests.tests.admin.people import LIST, judge, signed_in
from registry.exceptions import RegistryRefused
from registry.targets import Target
from testing.factories import PromoteRequestFactory, UserFactory

pytestmark = pytest.mark.django_db
approver = people.approver


def desk(client, promote_request):
    return client.get(f"{LIST}{promote_request.number}/change/").content.decode()


def present_desk(client, promote_request):
    """Returns the desk as MLflow has everything now, which the desk asks for by itself."""
    return client.post(f"{LIST}{promote_request.number}/now/").content.decode()


def test_the_desk_shows_what_the_portals_page_shows(fraud, approver, open_request):
    html = desk(signed_in(approver), open_request)
    for said in (
        "wants",
        "1 metric better",
        "1 more approval is needed, by somebody other than ada.",
        "When promoted: MLflow moves",
        "Comparison with the champion",
        "opened the request",
        "Approve and move version 2 to Production",
    ):
        assert said in html
    # What is stored stands below all of that, folded.
    assert (
        html.index("Approve and move")
        < html.index('<details class="desk-records">')
        < html.index("Evidence fingerprint")
    )


def test_the_desk_comes_without_a_call_to_mlflow_and_then_asks_it(fraud, approver, open_request):
    fraud.change_facts("Fraud", "2", metrics={"auc": 0.5})
    fraud.calls.clear()
    client = signed_in(approver)
    first = desk(client, open_request)
    assert fraud.calls == []
    assert "As observed" in first
    assert "0.94" in first
    address = f"{LIST}{open_request.number}/now/"
    assert f'hx-post="{address}"' in first
    present = present_desk(client, open_request)
    assert "As observed" not in present
    assert "0.5" in present
    assert "0.94" not in present
    for part in ("live", "live-head", "status", "seen-fingerprint"):
        assert f'id="{part}"' in first
        assert f'id="{part}"' in present
    assert client.get(address).status_code == 405
    assert signed_in(UserFactory(is_staff=True)).post(address).status_code == 403


def test_a_look_at_the_present_asks_for_no_password_and_a_review_does(fraud, approver, open_request, settings):
    settings.CHECKPOINT_CONFIRM_MINUTES = 5
    client = signed_in(approver)
    assert client.post(f"{LIST}{open_request.number}/now/").status_code == 200
    assert "reauthenticate" in judge(client, open_request, "approve").headers["Location"]
    assert not Review.objects.exists()


def test_a_decided_request_on_the_desk_leads_to_what_changed_since(fraud, approver, open_request):
    client = signed_in(approver)
    judge(client, open_request, "approve", "Good.")
    fraud.calls.clear()
    html = desk(client, open_request)
    assert fraud.calls == []
    assert "Below is what was true when it was promoted" in html
    assert "What changed since" in html
    assert "Compare both versions as they are now" in html


def test_an_approver_judges_on_the_desk_by_the_same_service(fraud, approver, open_request):
    client = signed_in(approver)
    assert judge(client, open_request, "comment", "Which holdout?").status_code == 302
    assert judge(client, open_request, "request_changes", "Show the recall.").status_code == 302
    assert "You asked for changes. When they are made, approve below." in desk(client, open_request)
    assert judge(client, open_request, "approve", "Good.").status_code == 302
    open_request.refresh_from_db()
    assert open_request.status == Status.PROMOTED
    assert [review.body for review in open_request.reviews.order_by("pk")] == ["Show the recall.", "Good."]
    assert Comment.objects.get().body == "Which holdout?"
    assert {event.door for event in AuditEvent.objects.filter(action=AuditAction.REVIEWED)} == {"admin"}


@pytest.mark.parametrize(
    ("verdict", "body", "values", "status", "said"),
    [
        ("request_changes", "", {}, 400, "Write a few words."),
        ("approve", "Fine by me.", {"seen_fingerprint": "1:old"}, 409, "was not done"),
        ("maybe", "Fine by me.", {}, 400, "Choose whether you approve"),
        ("comment", "", {}, 400, "Write"),
    ],
)
def test_a_refusal_is_shown_on_the_desk_with_what_was_typed(
    fraud, approver, open_request, verdict, body, values, status, said
):
    answer = judge(signed_in(approver), open_request, verdict, body, **values)
    assert answer.status_code == status
    html = answer.content.decode()
    assert said.lower() in html.lower()
    assert f">{body}</textarea>" in html
    assert not Review.objects.exists()


def test_nobody_judges_on_the_desk_what_they_may_not_see_or_made_themselves(fraud, approver, open_request):
    assert judge(signed_in(UserFactory(is_staff=True)), open_request, "approve").status_code == 403
    refused = AuditEvent.objects.get(action=AuditAction.REFUSED)
    assert (refused.promote_request, refused.door) == (open_request, "admin")
    assert refused.reason.startswith("review promote request")
    assert signed_in(approver).get(f"{LIST}{open_request.number}/review/").status_code == 405
    own = PromoteRequestFactory(actor=approver, version="2", target=Target.parse("alias:shadow"))
    client = signed_in(approver)
    assert "somebody else has to review it" in desk(client, own)
    assert judge(client, own, "approve").status_code == 403
    assert not Review.objects.exists()


def test_the_desk_of_an_mlflow_that_is_away_keeps_the_conversation(fraud, approver, open_request):
    fraud.fail_next(RegistryRefused("MLflow refuses."), call="get_facts")
    html = present_desk(signed_in(approver), open_request)
    assert "MLflow cannot be asked now." in html
    assert "0.94" in html
    assert "Request changes" in html
    assert 'value="approve"' not in html
