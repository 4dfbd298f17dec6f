import pytest
from django.contrib.auth.models import Permission

from audit import trail
from audit.actors import Actor, Door
from audit.choices import AuditAction
from audit.models import AuditEvent
from promote_requests import services
from testing.api_client import Api, assert_refused
from testing.factories import PromoteRequestFactory
from testing.people import AdministratorFactory, by

pytestmark = pytest.mark.django_db


def test_the_audit_trail_needs_its_permission(open_request, ada):
    assert_refused(Api(ada).get("audit-events/"), 403, "PERMISSION_DENIED", "audit")
    ada.user_permissions.add(Permission.objects.get(codename="view_auditevent"))
    assert Api(ada).get("audit-events/").json()["count"] == AuditEvent.objects.count()


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, ["commented", "created"]),
        ({"action": "created"}, ["created"]),
        ({"model_name": "Fraud"}, ["commented", "created"]),
        ({"model_name": "Other"}, []),
        ({"number": "999999"}, []),
        ({"since": "2020-01-01T00:00:00Z"}, ["commented", "created"]),
        ({"until": "2020-01-01T00:00:00Z"}, []),
        ({"actor": "grace"}, ["commented"]),
    ],
)
def test_the_audit_trail_is_filtered_newest_first(open_request, grace, query, expected):
    services.comment(actor=by(grace), promote_request=open_request, body="Hm.")
    body = Api(AdministratorFactory()).get("audit-events/", **query).json()
    assert [event["action"] for event in body["results"]] == expected


def test_what_is_about_a_draft_is_its_authors_alone_until_it_is_submitted(fraud, ada):
    reader = AdministratorFactory()
    before = Api(reader).get("audit-events/").json()["count"]
    draft = PromoteRequestFactory(actor=ada, draft=True)
    ada.user_permissions.add(Permission.objects.get(codename="view_auditevent"))
    shown = Api(reader).get("audit-events/").json()
    assert shown["count"] == before
    assert draft.number not in [event["number"] for event in shown["results"]]
    assert Api(reader).get("audit-events/", number=str(draft.number)).json()["count"] == 0
    assert Api(ada).get("audit-events/", number=str(draft.number)).json()["count"] == 1
    services.submit(actor=by(ada), promote_request=draft)
    actions = [
        event["action"] for event in Api(reader).get("audit-events/", number=str(draft.number)).json()["results"]
    ]
    assert actions == ["submitted", "created"]


def test_rows_that_are_about_no_request_stay_in_sight(db):
    trail.record(
        AuditAction.CALL_REFUSED,
        actor=Actor.anonymous(Door.PROXY, "r-1"),
        about=trail.About("", "Fraud", "1", ""),
        reason="tried",
    )
    found = Api(AdministratorFactory()).get("audit-events/", action="call_refused").json()
    assert [event["model_name"] for event in found["results"]] == ["Fraud"]


@pytest.mark.parametrize("query", [{"number": "x"}, {"number": "9" * 30}, {"since": "today"}, {"user": "ada"}])
def test_an_odd_filter_of_the_audit_trail_is_refused(db, query):
    refused = Api(AdministratorFactory()).get("audit-events/", **query)
    assert_refused(refused, 400, "INVALID_PARAMETER_VALUE", field=next(iter(query)))
