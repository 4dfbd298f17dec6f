"""Somebody who may approve in the admin, and what they press there."""

import pytest
from django.contrib.auth.models import Group
from django.test import Client

from evidence.freeze import fingerprint
from promote_requests import services
from testing.factories import UserFactory

LIST = "/checkpoint/admin/promote_requests/promoterequest/"
TRAIL = "/checkpoint/admin/audit/auditevent/"


def signed_in(user):
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def approver(db):
    """Gives a member of the shipped group."""
    user = UserFactory(username="lin", is_staff=True)
    user.groups.add(Group.objects.get(name="Record readers"))
    return user


def bulk(client, action, numbers, query="", **values):
    """Chooses requests and takes the action; `confirmed` makes it the answer of the page that asks."""
    choice = {"action": action, "_selected_action": numbers} | values
    if "confirmed" not in values:
        choice |= {"index": 0, "select_across": 0}
    return client.post(f"{LIST}{query}", choice, follow=True)


def told(response):
    return [str(message) for message in response.context["messages"]]


def judge(client, promote_request, verdict, body="", **values):
    """Sends the desk's review form as the page of this moment has it."""
    seen = fingerprint(services.evidence_of(promote_request))
    values = {"verdict": verdict, "body": body, "seen_fingerprint": seen} | values
    return client.post(f"{LIST}{promote_request.number}/review/", values)
