import pytest
from django.test import Client

from audit.choices import AuditAction
from audit.models import AuditEvent
from promote_requests import services
from promote_requests.choices import Status
from promote_requests.models import PromoteRequest
from registry.exceptions import RegistryTimeout, RegistryUnreachable
from testing.api_client import NEW, Api, assert_refused
from testing.factories import PromoteRequestFactory, UserFactory
from testing.people import bearer, by, issue_token

pytestmark = pytest.mark.django_db


def test_a_request_is_opened_and_answered_with_its_address_and_state(fraud, ada):
    response = Api(ada).post("promote-requests/", NEW | {"description": "Better *recall*."})
    assert response.status_code == 201
    body = response.json()
    number = body["number"]
    assert response["Location"] == f"http://localhost:5000/checkpoint/api/promote-requests/{number}/"
    assert body["api_url"] == response["Location"]
    assert body["url"] == f"http://localhost:5000/checkpoint/promote-requests/{number}/"
    assert body["status"] == "open"
    assert body["review_decision"] == "review_required"
    assert body["available_actions"] == ["edit", "comment", "ask", "check", "withdraw"]
    assert body["author"] == "ada"
    assert body["target"] == {"kind": "stage", "name": "Production"}
    assert body["approvals"] == {"given": 0, "required": 1, "missing": 1, "stale": [], "notes": []}
    assert (body["version"], body["champion_version"]) == ("2", "1")
    assert body["archive_existing_versions"] is True
    assert body["created_at"].endswith("Z")
    assert PromoteRequest.objects.get(pk=number).description == "Better *recall*."


def test_the_service_learns_the_request_id_for_the_trail(fraud, ada):
    Api(ada).post("promote-requests/", NEW)
    assert len(AuditEvent.objects.get(action=AuditAction.CREATED).request_id) == 32


def test_a_token_opens_a_request_too(fraud, ada):
    _, plaintext = issue_token(ada)
    response = Client().post(
        "/checkpoint/api/promote-requests/", NEW, content_type="application/json", **bearer(plaintext)
    )
    assert response.status_code == 201
    assert response.json()["author"] == "ada"


def test_a_version_may_be_sent_as_a_number(fraud, ada):
    assert Api(ada).post("promote-requests/", NEW | {"version": 2}).json()["version"] == "2"


def test_a_draft_is_opened_by_submitting_it(fraud, ada):
    body = Api(ada).post("promote-requests/", NEW | {"draft": True}).json()
    assert (body["status"], body["available_actions"]) == ("draft", ["edit", "submit", "comment", "withdraw"])
    opened = Api(ada).post(f"promote-requests/{body['number']}/submit/")
    assert (opened.status_code, opened.json()["status"]) == (200, "open")


def test_taking_an_alias_away_is_a_request_too(fraud, ada):
    asked = NEW | {"version": "1", "target": {"kind": "alias", "name": "champion"}, "change": "remove"}
    body = Api(ada).post("promote-requests/", asked).json()
    assert (body["change"], body["champion_version"]) == ("remove", None)


def test_archiving_can_be_declined(fraud, ada):
    body = Api(ada).post("promote-requests/", NEW | {"archive_existing_versions": False}).json()
    assert body["archive_existing_versions"] is False


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"model_name": "Nothing"}, "model_name"),
        ({"model_name": ""}, "model_name"),
        ({"version": "9"}, "version"),
        ({"version": "two"}, "version"),
        ({"version": 10**40}, "version"),
        ({"version": 2.0}, "version"),
        ({"version": True}, "version"),
        ({"version": "1"}, "target"),
        ({"target": {"kind": "stage", "name": "Live"}}, "target"),
        ({"target": {"kind": "tag", "name": "Live"}}, "target.kind"),
        ({"target": {"kind": "stage"}}, "target.name"),
        ({"target": {"kind": "stage", "name": "Production", "colour": "red"}}, "target.colour"),
        ({"target": "stage:Production"}, "target"),
        ({"target": None}, "target"),
        ({"change": "remove"}, "change"),
        ({"change": "steal"}, "change"),
        ({"title": "  "}, "title"),
        ({"description": "x" * 65_537}, "description"),
        ({"title": "x" * 201}, "title"),
        ({"title": None}, "title"),
        ({"title": "nul\x00"}, "title"),
        ({"title": "half \ud83d a pair"}, "title"),
        ({"target": {"kind": "alias", "name": "nul\x00"}}, "target.name"),
        ({"archive_existing_versions": "perhaps"}, "archive_existing_versions"),
        ({"archive_existing_versions": "yes"}, "archive_existing_versions"),
        ({"draft": 1}, "draft"),
        ({"workspace": "x" * 257}, "workspace"),
        ({"titel": "misspelt"}, "titel"),
        ({"status": "promoted"}, "status"),
    ],
)
def test_what_cannot_be_is_refused_with_the_field_named(fraud, ada, change, field):
    response = Api(ada).post("promote-requests/", NEW | change)
    assert_refused(response, 400, "INVALID_PARAMETER_VALUE", field=field)
    assert not PromoteRequest.objects.exists()


def test_every_missing_field_is_named(fraud, ada):
    body = assert_refused(Api(ada).post("promote-requests/", {}), 400, "INVALID_PARAMETER_VALUE")
    assert set(body["field_errors"]) == {"model_name", "version", "target", "title"}


def test_a_duplicate_is_refused_with_the_address_of_the_first(fraud, ada, grace):
    first = Api(ada).post("promote-requests/", NEW).json()
    body = assert_refused(Api(grace).post("promote-requests/", NEW), 409, "RESOURCE_ALREADY_EXISTS")
    assert (body["number"], body["url"]) == (first["number"], first["url"])


@pytest.mark.parametrize(
    ("failure", "status", "code"),
    [
        (RegistryUnreachable("MLflow cannot be reached."), 502, "BAD_GATEWAY"),
        (RegistryTimeout("MLflow took too long."), 504, "GATEWAY_TIMEOUT"),
    ],
)
def test_an_upstream_failure_says_so(fraud, ada, failure, status, code):
    fraud.fail_next(failure)
    assert_refused(Api(ada).post("promote-requests/", NEW), status, code, "MLflow")


def test_a_request_is_shown_with_what_the_caller_can_do(open_request, ada, grace):
    path = f"promote-requests/{open_request.number}/"
    assert Api(ada).get(path).json()["available_actions"] == ["edit", "comment", "ask", "check", "withdraw"]
    assert Api(grace).get(path).json()["available_actions"] == ["comment", "review", "ask", "check", "close"]


def test_title_and_description_are_edited_by_the_author(open_request, ada):
    api = Api(ada)
    path = f"promote-requests/{open_request.number}/"
    assert api.patch(path, {"description": "Why"}).json()["description"] == "Why"
    body = api.patch(path, {"title": "A better title"}).json()
    assert (body["title"], body["description"]) == ("A better title", "Why")


@pytest.mark.parametrize("same", [{}, {"title": " Same title "}, {"description": ""}])
def test_an_edit_that_changes_nothing_is_answered_and_leaves_no_row(open_request, ada, same):
    Api(ada).patch(f"promote-requests/{open_request.number}/", {"title": "Same title"})
    before = PromoteRequest.objects.get(pk=open_request.pk).updated_at
    answer = Api(ada).patch(f"promote-requests/{open_request.number}/", same)
    assert (answer.status_code, answer.json()["title"]) == (200, "Same title")
    assert AuditEvent.objects.filter(action=AuditAction.EDITED).count() == 1
    assert PromoteRequest.objects.get(pk=open_request.pk).updated_at == before


def test_only_the_author_edits(open_request, grace):
    response = Api(grace).patch(f"promote-requests/{open_request.number}/", {"title": "Mine now"})
    assert_refused(response, 403, "PERMISSION_DENIED", "Only ada")
    open_request.refresh_from_db()
    assert open_request.title != "Mine now"


@pytest.mark.parametrize("field", ["status", "version", "target", "author", "number"])
def test_what_is_asked_for_cannot_be_edited(open_request, ada, field):
    response = Api(ada).patch(f"promote-requests/{open_request.number}/", {field: "3"})
    assert_refused(response, 400, "INVALID_PARAMETER_VALUE", field=field)


@pytest.mark.parametrize("number", ["0", "99999", "9" * 30, "9" * 5000])
def test_a_number_that_nobody_has_is_not_found(fraud, ada, number):
    response = Api(ada).get(f"promote-requests/{number}/")
    assert response.status_code == 404
    assert set(response.json()) == {"error_code", "message"}


def test_a_promoted_request_tells_when_and_by_whom(open_request, ada, grace):
    services.review(actor=by(grace), promote_request=open_request, verdict="approve")
    body = Api(ada).get(f"promote-requests/{open_request.number}/").json()
    assert (body["status"], body["promoted_by"], body["available_actions"]) == (
        "promoted",
        "grace",
        ["comment", "roll_back"],
    )
    assert body["promoted_at"].endswith("Z")
    assert body["review_decision"] == "approved"


def test_a_detail_takes_a_bounded_number_of_queries(open_request, grace, django_assert_max_num_queries):
    for _ in range(3):
        services.review(
            actor=by(UserFactory()), promote_request=open_request, verdict="request_changes", body="Show the recall."
        )
    api = Api(grace)
    # Session and user, the request with its people, reviews, rules; the right to dismiss what blocks (2); the
    # permissions given; the others for the target, and those linked; the threads that block.
    with django_assert_max_num_queries(20):
        assert api.get(f"promote-requests/{open_request.number}/").status_code == 200


def test_a_list_takes_the_same_number_of_queries_however_long(fraud, grace, django_assert_max_num_queries):
    for _ in range(12):
        fraud.add_version("Fraud")
    for version in range(3, 13):
        made = PromoteRequestFactory(version=str(version))
        services.review(actor=by(UserFactory()), promote_request=made, verdict="comment", body="Hm.")
    api = Api(grace)
    # As a detail, and the rules once more for the filter, and the count.
    with django_assert_max_num_queries(19):
        body = api.get("promote-requests/").json()
    assert body["count"] == 10
    assert {result["status"] for result in body["results"]} == {Status.OPEN}
