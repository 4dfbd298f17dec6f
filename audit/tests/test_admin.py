import pytest
from django.contrib.auth.models import Group
from django.test import Client

from audit.choices import AuditAction
from audit.models import AuditEvent
from testing.factories import PromoteRequestFactory, UserFactory
from testing.people import AdministratorFactory

pytestmark = pytest.mark.django_db

TRAIL = "/checkpoint/admin/audit/auditevent/"


@pytest.fixture
def approver(db):
    """Gives a member of the shipped group."""
    user = UserFactory(username="lin", is_staff=True)
    user.groups.add(Group.objects.get(name="Record readers"))
    return user


def test_what_is_about_a_draft_of_somebody_else_is_not_in_the_trail(fraud, approver):
    draft = PromoteRequestFactory(draft=True)
    event = AuditEvent.objects.get(promote_request=draft)
    client = Client()
    client.force_login(approver)
    assert f"#{draft.number}" not in client.get(TRAIL).content.decode()
    assert client.get(f"{TRAIL}{event.pk}/change/").status_code == 302  # there is no such row


@pytest.mark.parametrize("who", ["approver", "superuser"])
def test_the_audit_trail_is_read_and_never_touched(open_request, approver, who):
    client = Client()
    client.force_login(approver if who == "approver" else AdministratorFactory())
    event = AuditEvent.objects.get()
    assert b"opened the request" in client.get(TRAIL).content
    assert b"Fraud" in client.get(f"{TRAIL}{event.pk}/change/").content
    assert client.get(f"{TRAIL}?q=Fraud&action__exact=created").status_code == 200
    assert client.get(f"{TRAIL}add/").status_code == 403
    assert client.post(f"{TRAIL}{event.pk}/change/", {"reason": "none"}).status_code == 403
    assert client.post(f"{TRAIL}{event.pk}/delete/", {"post": "yes"}).status_code == 403
    client.post(TRAIL, {"action": "delete_selected", "_selected_action": [event.pk], "post": "yes"})
    event.refresh_from_db()
    assert event.reason == ""
    tried = AuditEvent.objects.filter(action=AuditAction.REFUSED).values_list("reason", flat=True)
    assert [reason.partition(":")[0] for reason in tried] == [
        f"change audit event {event.pk}",
        f"delete audit event {event.pk}",
        f"delete_selected audit event {event.pk}",
    ]
