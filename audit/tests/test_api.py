import pytest
from django.contrib.auth.models import Permission

from audit.models import AuditEvent
from promote_requests import services
from testing.api_client import Api, assert_refused
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


@pytest.mark.parametrize("query", [{"number": "x"}, {"number": "9" * 30}, {"since": "today"}, {"user": "ada"}])
def test_an_odd_filter_of_the_audit_trail_is_refused(db, query):
    refused = Api(AdministratorFactory()).get("audit-events/", **query)
    assert_refused(refused, 400, "INVALID_PARAMETER_VALUE", field=next(iter(query)))
