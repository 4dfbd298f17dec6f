import pytest

from audit.choices import AuditAction
from audit.models import AuditEvent
from promote_requests import services
from promote_requests.choices import CloseReason, Status
from promote_requests.models import Comment, Review
from protection.models import ProtectionRule
from registry.exceptions import RegistryRefused, RegistryTimeout, RegistryUnreachable
from testing.api_client import NEW, Api, assert_refused
from testing.factories import UserFactory
from testing.people import by

pytestmark = pytest.mark.django_db


@pytest.fixture
def path(open_request):
    return f"promote-requests/{open_request.number}/"


@pytest.fixture
def waits_for_promote(db):
    ProtectionRule.objects.filter(target_pattern="stage:*").update(promote_when="pressed")


def test_the_approval_that_meets_the_rule_promotes_and_says_so(fraud, path, grace):
    response = Api(grace).post(f"{path}reviews/", {"verdict": "approve", "body": "Recall is up."})
    assert response.status_code == 201
    body = response.json()
    assert (body["reviewer"], body["verdict"], body["body"]) == ("grace", "approve", "Recall is up.")
    assert body["promote_request"]["status"] == "promoted"
    assert "promotion_error" not in body
    assert fraud.get_version("Fraud", "2").stage == "Production"


def test_a_request_for_changes_leaves_the_registry_alone(fraud, path, grace):
    body = Api(grace).post(f"{path}reviews/", {"verdict": "request_changes", "body": "Show the recall."}).json()
    assert body["promote_request"]["review_decision"] == "changes_requested"
    assert body["promote_request"]["status"] == "open"
    assert fraud.get_version("Fraud", "2").stage == "None"


def test_a_failed_promotion_is_told_beside_the_review_that_stands(fraud, path, grace):
    fraud.fail_next(RegistryRefused("No permission upstream."), call="transition_stage")
    response = Api(grace).post(f"{path}reviews/", {"verdict": "approve"})
    assert response.status_code == 201
    body = response.json()
    assert body["promotion_error"] == {"error_code": "BAD_GATEWAY", "message": "No permission upstream."}
    assert body["promote_request"]["status"] == "open"
    assert body["promote_request"]["last_failure"] == "No permission upstream."
    assert body["promote_request"]["review_decision"] == "approved"
    assert "promote" in body["promote_request"]["available_actions"]
    assert Review.objects.count() == 1


def test_the_author_cannot_review_through_the_api(fraud, path, ada):
    assert_refused(Api(ada).post(f"{path}reviews/", {"verdict": "approve"}), 403, "PERMISSION_DENIED", "somebody else")
    assert not Review.objects.exists()
    assert fraud.get_version("Fraud", "2").stage == "None"


def test_the_author_may_not_even_comment_as_a_review(path, ada):
    refused = Api(ada).post(f"{path}reviews/", {"verdict": "comment", "body": "Please look."})
    assert_refused(refused, 403, "PERMISSION_DENIED")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "verdict"),
        ({"verdict": "merge"}, "verdict"),
        ({"verdict": ["approve"]}, "verdict"),
        ({"verdict": "request_changes"}, "body"),
        ({"verdict": "comment", "body": "   "}, "body"),
        ({"verdict": "approve", "body": "x" * 65_537}, "body"),
        ({"verdict": "approve", "body": "nul\x00"}, "body"),
        ({"verdict": "approve", "seen_fingerprint": "x" * 81}, "seen_fingerprint"),
        ({"verdict": "approve", "reviewer": "somebody"}, "reviewer"),
    ],
)
def test_a_review_that_cannot_be_is_refused_with_the_field_named(path, grace, body, field):
    assert_refused(Api(grace).post(f"{path}reviews/", body), 400, "INVALID_PARAMETER_VALUE", field=field)
    assert not Review.objects.exists()


def test_an_approval_of_the_comparison_that_was_shown_counts(path, grace):
    seen = Api(grace).get(f"{path}comparison/").json()["evidence_fingerprint"]
    body = Api(grace).post(f"{path}reviews/", {"verdict": "approve", "seen_fingerprint": seen}).json()
    assert body["promote_request"]["status"] == "promoted"


def test_an_approval_of_an_older_comparison_is_refused(fraud, path, grace):
    seen = Api(grace).get(f"{path}comparison/").json()["evidence_fingerprint"]
    fraud.change_facts("Fraud", "2", metrics={"auc": 0.2})
    refused = Api(grace).post(f"{path}reviews/", {"verdict": "approve", "seen_fingerprint": seen})
    assert_refused(refused, 409, "INVALID_STATE", "fresh look")
    assert fraud.get_version("Fraud", "2").stage == "None"


def test_an_approval_after_the_champion_changed_is_refused(fraud, path, grace):
    fraud.add_version("Fraud", stage="Production")
    refused = Api(grace).post(f"{path}reviews/", {"verdict": "approve"})
    assert_refused(refused, 409, "INVALID_STATE", "Version 3 holds Production now")
    assert Api(grace).get(path).json()["champion_version"] == "3"


def test_a_closed_request_takes_no_review(open_request, path, ada, grace):
    services.withdraw(actor=by(ada), promote_request=open_request)
    assert_refused(Api(grace).post(f"{path}reviews/", {"verdict": "approve"}), 409, "INVALID_STATE", "closed")


def test_reviews_are_listed_oldest_first(path, grace):
    for words in ("First", "Second"):
        Api(grace).post(f"{path}reviews/", {"verdict": "comment", "body": words})
    body = Api(grace).get(f"{path}reviews/").json()
    assert body["count"] == 2
    assert [review["body"] for review in body["results"]] == ["First", "Second"]


def test_a_comment_is_added_and_listed(path, ada):
    added = Api(ada).post(f"{path}comments/", {"body": "Trained on *May*."})
    assert added.status_code == 201
    listed = Api(ada).get(f"{path}comments/").json()["results"]
    assert listed == [added.json()]
    assert listed[0]["author"] == "ada"


@pytest.mark.parametrize("body", [{}, {"body": ""}, {"body": None}, {"body": "a", "text": "b"}, {"body": "\x00"}])
def test_an_empty_or_odd_comment_is_refused(path, ada, body):
    assert_refused(Api(ada).post(f"{path}comments/", body), 400, "INVALID_PARAMETER_VALUE")
    assert not Comment.objects.exists()


def test_an_approved_request_is_promoted_by_hand_where_the_rule_waits(waits_for_promote, fraud, path, ada, grace):
    reviewed = Api(grace).post(f"{path}reviews/", {"verdict": "approve"}).json()
    assert reviewed["promote_request"]["status"] == "open"
    promoted = Api(ada).post(f"{path}promote/")
    assert (promoted.status_code, promoted.json()["status"]) == (200, "promoted")
    assert fraud.get_version("Fraud", "2").stage == "Production"


def test_a_promotion_without_approval_is_refused_and_recorded(fraud, path, ada):
    assert_refused(Api(ada).post(f"{path}promote/"), 409, "INVALID_STATE", "1 more approval is needed")
    assert fraud.get_version("Fraud", "2").stage == "None"
    assert AuditEvent.objects.last().action == AuditAction.REFUSED


@pytest.mark.parametrize(
    ("failure", "status", "code"),
    [
        (RegistryUnreachable("MLflow cannot be reached."), 502, "BAD_GATEWAY"),
        (RegistryTimeout("MLflow took too long."), 504, "GATEWAY_TIMEOUT"),
    ],
)
def test_a_promotion_that_mlflow_fails_leaves_the_request_open(
    waits_for_promote, fraud, path, grace, failure, status, code
):
    Api(grace).post(f"{path}reviews/", {"verdict": "approve"})
    fraud.fail_next(failure, call="transition_stage")
    assert_refused(Api(grace).post(f"{path}promote/"), status, code, "MLflow")
    assert Api(grace).get(path).json()["status"] == "open"


def test_a_second_promotion_is_refused(open_request, path, grace):
    services.review(actor=by(grace), promote_request=open_request, verdict="approve")
    assert_refused(Api(grace).post(f"{path}promote/"), 409, "INVALID_STATE", "promoted")


def test_somebody_elses_request_is_closed_with_a_reason(open_request, path, grace):
    body = Api(grace).post(f"{path}close/", {"reason": "superseded", "message": "Version 3 is better."}).json()
    assert (body["status"], body["close_reason"], body["closed_by"]) == ("closed", "superseded", "grace")
    assert AuditEvent.objects.last().reason == "Superseded: Version 3 is better."


def test_closing_without_a_reason_rejects_for_others_and_withdraws_for_the_author(open_request, path, ada, grace):
    assert Api(grace).post(f"{path}close/").json()["close_reason"] == "rejected"
    Api(ada).post(f"{path}reopen/")
    assert Api(ada).post(f"{path}close/").json()["close_reason"] == "withdrawn"


def test_the_author_can_only_withdraw(open_request, path, ada):
    refused = Api(ada).post(f"{path}close/", {"reason": "rejected"})
    assert_refused(refused, 403, "PERMISSION_DENIED", "withdraw it instead")


def test_nobody_withdraws_for_the_author(open_request, path, grace):
    refused = Api(grace).post(f"{path}close/", {"reason": "withdrawn"})
    assert_refused(refused, 403, "PERMISSION_DENIED", "Only ada")
    open_request.refresh_from_db()
    assert open_request.status == Status.OPEN


@pytest.mark.parametrize("body", [{"reason": ""}, {"reason": "boredom"}, {"reason": None}, {"why": "x"}])
def test_an_odd_reason_is_refused(path, grace, body):
    assert_refused(Api(grace).post(f"{path}close/", body), 400, "INVALID_PARAMETER_VALUE")


def test_a_closed_request_cannot_be_closed_again(open_request, path, ada, grace):
    services.withdraw(actor=by(ada), promote_request=open_request)
    assert_refused(Api(grace).post(f"{path}close/"), 409, "INVALID_STATE", "closed")


def test_a_closed_request_is_reopened_by_its_author_with_a_word(open_request, path, ada, grace):
    services.close(actor=by(grace), promote_request=open_request, reason=CloseReason.REJECTED)
    body = Api(ada).post(f"{path}reopen/", {"message": "Recall added."}).json()
    assert (body["status"], body["closed_by"], body["close_reason"]) == ("open", None, "")
    assert AuditEvent.objects.last().reason == "Recall added."


def test_an_outsider_cannot_reopen(open_request, path, ada, grace):
    services.withdraw(actor=by(ada), promote_request=open_request)
    assert_refused(Api(grace).post(f"{path}reopen/"), 403, "PERMISSION_DENIED", "Only ada")


def test_reopening_a_duplicate_is_refused_with_its_address(open_request, path, ada):
    services.withdraw(actor=by(ada), promote_request=open_request)
    other = Api(ada).post("promote-requests/", NEW).json()
    body = assert_refused(Api(ada).post(f"{path}reopen/"), 409, "RESOURCE_ALREADY_EXISTS")
    assert body["number"] == other["number"]


def test_a_draft_is_there_for_its_author_alone(fraud, ada, grace):
    draft = Api(ada).post("promote-requests/", NEW | {"draft": True}).json()
    path = f"promote-requests/{draft['number']}/"
    missing = (404, "RESOURCE_DOES_NOT_EXIST", f"#{draft['number']}")
    assert_refused(Api(grace).get(path), *missing)
    assert_refused(Api(grace).post(f"{path}submit/"), *missing)
    assert_refused(Api(grace).post(f"{path}reviews/", {"verdict": "approve"}), *missing)
    assert_refused(Api(ada).post(f"{path}reviews/", {"verdict": "approve"}), 409, "INVALID_STATE", "draft")


def test_an_open_request_cannot_be_submitted(path, ada):
    assert_refused(Api(ada).post(f"{path}submit/"), 409, "INVALID_STATE", "open")


@pytest.mark.parametrize("action", ["promote", "submit", "close", "reopen", "reviews", "comments"])
def test_an_action_on_a_request_that_does_not_exist_is_not_found(fraud, ada, action):
    response = Api(ada).post(f"promote-requests/404/{action}/", {"verdict": "approve"})
    assert_refused(response, 404, "RESOURCE_DOES_NOT_EXIST", "#404")


@pytest.mark.parametrize("action", ["promote", "submit"])
def test_an_action_that_needs_nothing_refuses_fields(path, ada, action):
    assert_refused(Api(ada).post(f"{path}{action}/", {"force": True}), 400, "INVALID_PARAMETER_VALUE", field="force")


def test_an_approver_from_outside_the_story_counts_too(waits_for_promote, path):
    ProtectionRule.objects.filter(target_pattern="stage:*").update(conditions={"approvals": 2})
    for _ in range(2):
        body = Api(UserFactory()).post(f"{path}reviews/", {"verdict": "approve"}).json()
    assert body["promote_request"]["approvals"] == {"given": 2, "required": 2, "missing": 0, "stale": [], "notes": []}
