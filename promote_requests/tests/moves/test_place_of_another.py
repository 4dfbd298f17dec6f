"""Requests for one target: they know of each other, one may take another's place, and all hear who got there."""

import pytest
from django.test import Client

from audit.choices import AuditAction
from audit.models import AuditEvent
from foundation.exceptions import InvalidInput, NotAllowed, WrongState
from notifications.choices import Event
from notifications.models import Message
from promote_requests import sentences, services
from promote_requests.choices import CloseReason, Status, Verdict
from promote_requests.models import PromoteRequest
from promote_requests.services.moves.queue import beside
from protection.models import ProtectionRule
from registry.targets import Target
from testing.api_client import Api
from testing.factories import PromoteRequestFactory, UserFactory
from testing.people import by

pytestmark = pytest.mark.django_db


@pytest.fixture
def newer(open_request, fraud, grace):
    """Gives grace's request for version 3, for the same target as ada's."""
    return PromoteRequestFactory(actor=grace, version=fraud.add_version("Fraud").version)


def numbers(found):
    return {number: [other.number for other in others] for number, others in found.items()}


def page_of(user, promote_request):
    client = Client()
    client.force_login(user)
    return client.get(promote_request.get_absolute_url()).content.decode()


def test_both_say_that_the_other_waits(open_request, newer, ada):
    assert numbers(beside([open_request, newer])) == {
        open_request.number: [newer.number],
        newer.number: [open_request.number],
    }
    assert f'<a href="{newer.get_absolute_url()}">#{newer.number}' in page_of(ada, open_request)
    listed = Api(ada).get("promote-requests/").json()["results"]
    assert [row["waiting_beside"] for row in listed] == [[open_request.number], [newer.number]]
    client = Client()
    client.force_login(ada)
    assert f"Beside #{newer.number}" in client.get("/checkpoint/").content.decode()


def test_what_is_for_another_target_or_a_draft_does_not_wait_beside(open_request, fraud, grace):
    third = fraud.add_version("Fraud").version
    PromoteRequestFactory(actor=grace, version=third, target=Target.parse("stage:Staging"))
    PromoteRequestFactory(actor=grace, version=third, draft=True)
    fraud.add_version("Churn")
    PromoteRequestFactory(actor=grace, model_name="Churn", version="1")
    assert numbers(beside([open_request])) == {open_request.number: []}


def test_versions_that_are_archived_do_not_wait_for_each_other(open_request, fraud, grace):
    archived = Target.parse("stage:Archived")
    one = PromoteRequestFactory(actor=grace, target=archived)
    PromoteRequestFactory(actor=grace, target=archived, version="1")
    assert beside([one]) == {}


def test_copies_into_one_model_wait_for_each_other(fraud, ada, grace):
    fraud.add_version("Churn")
    into = Target.parse("model:prod.all")
    one = PromoteRequestFactory(actor=ada, target=into)
    other = PromoteRequestFactory(actor=grace, target=into, model_name="Churn", version="1")
    assert numbers(beside([one])) == {one.number: [other.number]}


def test_when_one_is_promoted_the_others_reviewers_are_asked_again(open_request, newer, fraud, ada, grace):
    linus = UserFactory(username="linus")
    services.review(actor=by(linus), promote_request=newer, verdict=Verdict.COMMENT, body="Hm.")
    services.review(actor=by(grace), promote_request=open_request, verdict=Verdict.APPROVE)
    (row,) = AuditEvent.objects.filter(action=AuditAction.ASKED_AGAIN)
    assert (row.promote_request, row.actor) == (newer, grace)
    assert f"#{open_request.number} was promoted to Production: version 2 has it now." in row.reason
    message = Message.objects.get(event=Event.ASKED_AGAIN)
    assert message.request_number == newer.number
    told = sentences.told(Event.ASKED_AGAIN, "grace", newer)
    assert told.startswith(f"grace promoted another version, so a fresh look is asked for at #{newer.number}: Fraud ")
    assert "asked the reviewers again" in page_of(linus, newer)


def test_the_other_shows_the_new_champion_and_counts_no_earlier_approval(open_request, newer, fraud, ada, grace):
    ProtectionRule.objects.update(promote_when="pressed")
    services.review(actor=by(ada), promote_request=newer, verdict=Verdict.APPROVE)
    services.review(actor=by(grace), promote_request=open_request, verdict=Verdict.APPROVE)
    services.promote(actor=by(grace), promote_request=open_request)
    client = Client()
    client.force_login(ada)
    client.post(f"{newer.get_absolute_url()}now/")
    newer.refresh_from_db()
    assert newer.champion_version == "2"
    assert services.decision_of(newer).stale == ("ada",)


def test_a_promotion_elsewhere_asks_nobody_again(open_request, newer, fraud, ada, grace):
    staged = PromoteRequestFactory(actor=ada, version="1", target=Target.parse("stage:Staging"))
    services.review(actor=by(grace), promote_request=staged, verdict=Verdict.APPROVE)
    assert not AuditEvent.objects.filter(action=AuditAction.ASKED_AGAIN).exists()


@pytest.mark.parametrize("who", ["ada", "linus"])
def test_the_author_or_whoever_may_close_it_closes_the_older_in_favour_of_the_newer(who, open_request, newer):
    actor = open_request.author if who == "ada" else UserFactory(username="linus")
    closed = services.supersede(
        actor=by(actor), promote_request=open_request, by=newer.number, message="Version 3 has the fix."
    )
    assert (closed.status, closed.close_reason, closed.superseded_by) == (
        Status.CLOSED,
        CloseReason.SUPERSEDED,
        newer,
    )
    row = AuditEvent.objects.latest("pk")
    assert row.reason == f"Superseded by #{newer.number}: Version 3 has the fix."
    assert Message.objects.filter(event=Event.SUPERSEDED, request_number=open_request.number).exists()
    assert f'Closed in favour of <a href="{newer.get_absolute_url()}">' in page_of(actor, closed)
    assert f'Takes the place of <a href="{closed.get_absolute_url()}">' in page_of(actor, newer)
    api = Api(actor)
    assert api.get(f"promote-requests/{newer.number}/").json()["supersedes"] == [closed.number]


def test_the_newer_ones_page_closes_the_older_in_its_favour(open_request, newer, grace):
    page = page_of(grace, newer)
    assert f"Close #{open_request.number}, this takes its place</button>" in page
    assert "this takes its place" not in page_of(grace, open_request)
    client = Client()
    client.force_login(grace)
    assert client.post(f"{open_request.get_absolute_url()}supersede/", {"by": newer.number}).status_code == 302
    open_request.refresh_from_db()
    assert open_request.superseded_by == newer


def test_reopening_takes_the_link_away(open_request, newer, ada):
    services.supersede(actor=by(ada), promote_request=open_request, by=newer.number)
    reopened = services.reopen(actor=by(ada), promote_request=PromoteRequest.objects.get(pk=open_request.pk))
    assert (reopened.status, reopened.superseded_by) == (Status.OPEN, None)


def older(open_request, newer, fraud):
    return newer, open_request.number


def itself(open_request, newer, fraud):
    return open_request, open_request.number


def a_draft(open_request, newer, fraud):
    return open_request, PromoteRequestFactory(version=fraud.add_version("Fraud").version, draft=True).number


def closed_itself(open_request, newer, fraud):
    services.withdraw(actor=by(newer.author), promote_request=newer)
    return open_request, newer.number


def for_another_target(open_request, newer, fraud):
    asked = PromoteRequestFactory(version="2", target=Target.parse("stage:Staging"))
    return open_request, asked.number


@pytest.mark.parametrize("case", [older, itself, a_draft, closed_itself, for_another_target])
def test_only_a_newer_open_request_for_the_same_target_takes_its_place(case, open_request, newer, fraud):
    which, number = case(open_request, newer, fraud)
    with pytest.raises(InvalidInput, match=f"#{number} is no newer request") as wrong:
        services.supersede(actor=by(UserFactory()), promote_request=which, by=number)
    assert wrong.value.field == "by"


def test_a_request_that_has_ended_is_not_superseded(open_request, newer, ada):
    services.withdraw(actor=by(ada), promote_request=open_request)
    with pytest.raises(WrongState):
        services.supersede(actor=by(ada), promote_request=open_request, by=newer.number)


def test_a_draft_of_somebody_else_is_not_closed_so(fraud, ada, grace):
    draft = PromoteRequestFactory(actor=ada, draft=True)
    asked = PromoteRequestFactory(actor=grace, version=fraud.add_version("Fraud").version)
    with pytest.raises((NotAllowed, WrongState)):
        services.supersede(actor=by(grace), promote_request=draft, by=asked.number)


def test_the_promotion_of_the_newer_closes_nothing_by_itself(open_request, newer, ada):
    services.review(actor=by(ada), promote_request=newer, verdict=Verdict.APPROVE)
    open_request.refresh_from_db()
    assert open_request.status == Status.OPEN
    newer.refresh_from_db()
    assert newer.status == Status.PROMOTED
    services.supersede(actor=by(ada), promote_request=open_request, by=newer.number)
