from datetime import timedelta

import pytest
from django.contrib.auth.models import Group
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone

from audit.choices import AuditAction
from audit.models import AuditEvent
from checkpoint_project.jobs import jobs
from foundation.exceptions import InvalidInput, NotAllowed, WrongState
from notifications.choices import Event
from notifications.models import Message
from promote_requests import inbox, services
from promote_requests.choices import Verdict
from promote_requests.exceptions import EvidenceChanged
from promote_requests.models import ChampionReview, PromoteRequest
from promote_requests.services.moves.champions import champions, tell_overdue
from protection.models import Ownership, ProtectionRule
from protection.rulebook import rulebook
from registry.targets import Target
from testing.api_client import Api
from testing.factories import PromoteRequestFactory, RuleFactory, UserFactory
from testing.people import by

pytestmark = pytest.mark.django_db


def every(days):
    ProtectionRule.objects.filter(target_pattern="stage:*").update(moves={"re_review": {"days": days}})


@pytest.fixture
def champion(fraud, ada, grace):
    """Gives the request by which Fraud version 2 is in Production, reviewed every 30 days."""
    asked = PromoteRequestFactory(actor=ada)
    services.review(actor=by(grace), promote_request=asked, verdict=Verdict.APPROVE)
    every(30)
    asked.refresh_from_db()
    return asked


def aged(promote_request, days):
    PromoteRequest.objects.filter(pk=promote_request.pk).update(promoted_at=timezone.now() - timedelta(days=days))


def listed():
    return champions(rulebook())


def as_(user):
    client = Client()
    client.force_login(user)
    return client


@pytest.mark.parametrize(
    ("days", "is_due", "is_overdue"), [(0, False, False), (22, False, False), (24, True, False), (30, True, True)]
)
def test_a_champion_becomes_due_and_overdue(days, is_due, is_overdue, champion):
    aged(champion, days)
    (found,) = listed()
    assert (found.is_due, found.is_overdue, found.days) == (is_due, is_overdue, 30)


def test_the_shortest_time_of_several_rules_holds(champion):
    RuleFactory(target_pattern="stage:Production", moves={"re_review": {"days": 10}})
    assert listed()[0].days == 10


def test_where_no_rule_asks_nobody_is_due(champion):
    ProtectionRule.objects.update(moves={})
    aged(champion, 400)
    assert listed() == []


def test_who_was_replaced_or_taken_out_of_use_is_no_champion(champion, fraud, ada, grace):
    later = PromoteRequestFactory(actor=ada, version=fraud.add_version("Fraud").version)
    services.review(actor=by(grace), promote_request=later, verdict=Verdict.APPROVE)
    assert [found.promote_request for found in listed()] == [later]
    away = PromoteRequestFactory(actor=ada, version=later.version, target=Target.parse("stage:Archived"))
    services.review(actor=by(grace), promote_request=away, verdict=Verdict.APPROVE)
    assert listed() == []
    with pytest.raises(WrongState, match="does not hold Production any more"):
        services.re_review(actor=by(grace), promote_request=champion, body="Still fine.")


def test_a_review_puts_the_next_one_off_and_is_kept_with_its_evidence(champion, grace):
    aged(champion, 40)
    assert listed()[0].is_overdue
    made = services.re_review(actor=by(grace), promote_request=champion, body="Still fit: see the drift report.")
    assert not listed()[0].is_due
    assert len(made.evidence_digest) == 64
    row = AuditEvent.objects.latest("pk")
    assert (row.action, row.reason) == (AuditAction.RE_REVIEWED, "Still fit: see the drift report.")
    assert Message.objects.filter(event=Event.RE_REVIEWED).count() == 1


def test_the_author_does_not_review_their_own_champion(champion, ada):
    with pytest.raises(NotAllowed, match="somebody else"):
        services.re_review(actor=by(ada), promote_request=champion, body="Mine is fine.")
    with pytest.raises(IntegrityError), transaction.atomic():
        ChampionReview.objects.create(promote_request=champion, reviewer=ada, request_author=ada, body="Mine.")


def test_a_review_needs_words_and_the_facts_that_were_shown(champion, fraud, grace):
    with pytest.raises(InvalidInput):
        services.re_review(actor=by(grace), promote_request=champion, body=" ")
    with pytest.raises(EvidenceChanged):
        services.re_review(actor=by(grace), promote_request=champion, body="Fine.", seen_fingerprint="1:old")


def test_a_champion_that_mlflow_no_longer_shows_there_is_not_reviewed(champion, fraud, grace):
    fraud.transition_stage("Fraud", "2", "Archived", archive_existing_versions=False)
    with pytest.raises(WrongState, match="any more"):
        services.re_review(actor=by(grace), promote_request=champion, body="Fine.")


def test_the_owners_find_it_in_their_inbox(champion, ada, grace):
    risk = Group.objects.create(name="Risk")
    linus = UserFactory(username="linus")
    linus.groups.add(risk)
    aged(champion, 40)
    assert [found.promote_request for found in inbox.champions_for(grace, rulebook())] == [champion]
    assert inbox.champions_for(linus, rulebook()) == []
    Ownership.objects.create(section="Risk", people={"groups": [{"id": risk.pk, "name": "Risk"}], "users": []})
    assert [found.promote_request for found in inbox.champions_for(linus, rulebook())] == [champion]
    assert inbox.champions_for(grace, rulebook()) == []
    assert "Champions of yours to review again" in as_(linus).get("/checkpoint/inbox/").content.decode()


def test_pages_and_api_say_when_it_is_due(champion, grace):
    aged(champion, 40)
    client, due = as_(grace), listed()[0].due_at
    day = f"{due.day} {due:%B %Y}"
    for address in (
        champion.get_absolute_url(),
        "/checkpoint/models/Fraud/",
        "/checkpoint/second-looks/",
        f"{champion.get_absolute_url()}re-review/",
    ):
        assert day in client.get(address).content.decode(), address
    (row,) = Api(grace).get("champions-due/").json()["results"]
    assert (row["number"], row["is_overdue"], row["days"]) == (champion.number, True, 30)
    made = Api(grace).post(f"promote-requests/{champion.number}/re-reviews/", {"body": "Fine."})
    assert made.status_code == 201
    assert Api(grace).get("champions-due/").json()["results"][0]["is_overdue"] is False
    assert "Fine." in client.get(f"{champion.get_absolute_url()}re-review/").content.decode()


def test_the_page_keeps_what_was_typed(champion, grace):
    response = as_(grace).post(
        f"{champion.get_absolute_url()}re-review/", {"body": "Fine so far.", "seen_fingerprint": "1:old"}
    )
    assert response.status_code == 409
    assert "Fine so far." in response.content.decode()


def test_the_worker_tells_once_a_week_while_it_is_overdue(champion, grace, monkeypatch):
    tell_overdue()
    assert not Message.objects.filter(event=Event.RE_REVIEW_DUE).exists()
    aged(champion, 31)
    tell_overdue()
    tell_overdue()
    (message,) = Message.objects.filter(event=Event.RE_REVIEW_DUE)
    assert message.payload["sentence"].startswith("Checkpoint asks for another review of the champion by #")
    monkeypatch.setattr("promote_requests.services.moves.champions.TOLD_AGAIN_AFTER", timedelta(0))
    tell_overdue()
    assert Message.objects.filter(event=Event.RE_REVIEW_DUE).count() == 2
    assert tell_overdue in {job.run for job in jobs()}


def test_the_list_takes_one_query_however_long(champion, fraud, ada, grace, django_assert_num_queries):
    for name in ("One", "Two", "Three"):
        fraud.add_version(name)
        asked = PromoteRequestFactory(actor=ada, model_name=name, version="1")
        services.review(actor=by(grace), promote_request=asked, verdict=Verdict.APPROVE)
    rules = rulebook()
    with django_assert_num_queries(1):
        assert len(champions(rules)) == 4


def test_a_champion_that_was_copied_is_its_own_models_owners_business(fraud, ada, grace):
    zoe, linus = UserFactory(username="zoe"), UserFactory(username="linus")
    RuleFactory(target_pattern="model:prod.*", moves={"re_review": {"days": 30}})
    for owner, pattern in ((zoe, "Fraud"), (linus, "prod.*")):
        people = {"groups": [], "users": [{"id": owner.pk, "name": owner.username}]}
        Ownership.objects.create(section="Risk", model_pattern=pattern, people=people)
    copied = PromoteRequestFactory(actor=ada, target=Target.parse("model:prod.fraud"))
    services.review(actor=by(grace), promote_request=copied, verdict=Verdict.APPROVE)
    aged(copied, 31)
    tell_overdue()
    assert Message.objects.get(event=Event.RE_REVIEW_DUE).audience["only"] == [linus.pk]
    assert [found.promote_request for found in inbox.champions_for(linus, rulebook())] == [copied]
    assert inbox.champions_for(zoe, rulebook()) == []


def test_owners_alone_are_told_and_without_any_who_approved_it_and_its_author(champion, ada, grace, monkeypatch):
    monkeypatch.setattr("promote_requests.services.moves.champions.TOLD_AGAIN_AFTER", timedelta(0))
    bystander, zoe = UserFactory(username="bystander"), UserFactory(username="zoe")

    def told_of(days):
        aged(champion, days)
        tell_overdue()
        return set(Message.objects.filter(event=Event.RE_REVIEW_DUE).latest("pk").audience["only"])

    assert told_of(31) == {ada.pk, grace.pk}
    Ownership.objects.create(
        section="Risk", people={"groups": [], "users": [{"id": zoe.pk, "name": "zoe"}, {"id": ada.pk, "name": "ada"}]}
    )
    assert told_of(32) == {zoe.pk}
    assert bystander.pk not in told_of(33)


def people_of(*users):
    return {"groups": [], "users": [{"id": user.pk, "name": user.username} for user in users]}


@pytest.mark.parametrize("owners", ["none", "the author", "somebody away", "somebody"])
def test_who_is_told_finds_it_in_the_inbox_by_the_rules_of_today(champion, ada, grace, owners):
    former, named, zoe = UserFactory(username="former"), UserFactory(username="named"), UserFactory(username="zoe")
    away = UserFactory(username="away", is_active=False)
    rule = ProtectionRule.objects.get(target_pattern="stage:*")
    rule.conditions = {"approvals": 1, "approvers": people_of(named, away)}
    rule.save()
    frozen = dict(champion.judged_by, conditions={"approvals": 1, "approvers": people_of(former)})
    PromoteRequest.objects.filter(pk=champion.pk).update(judged_by=frozen)
    owner = {"the author": ada, "somebody away": away, "somebody": zoe}.get(owners)
    if owner is not None:
        Ownership.objects.create(section="Risk", people=people_of(owner))
    aged(champion, 31)
    tell_overdue()
    told = set(Message.objects.get(event=Event.RE_REVIEW_DUE).audience["only"])
    assert told == ({zoe.pk} if owners == "somebody" else {grace.pk, named.pk, ada.pk})
    everybody = [ada, grace, former, named, zoe, away]
    assert {one.pk for one in everybody if inbox.champions_for(one, rulebook())} == told - {ada.pk}


def test_the_inbox_asks_for_its_people_once_however_many_champions(
    champion, fraud, ada, grace, django_assert_num_queries
):
    Ownership.objects.create(section="Risk", people=people_of(grace))
    for name in ("One", "Two", "Three"):
        fraud.add_version(name)
        asked = PromoteRequestFactory(actor=ada, model_name=name, version="1")
        services.review(actor=by(grace), promote_request=asked, verdict=Verdict.APPROVE)
    PromoteRequest.objects.update(promoted_at=timezone.now() - timedelta(days=31))
    rules = rulebook()
    with django_assert_num_queries(2):
        assert len(inbox.champions_for(grace, rules)) == 4


def test_the_author_is_told_of_a_champion_that_nobody_owns_or_approved(champion, ada):
    PromoteRequest.objects.filter(pk=champion.pk).update(approved_by=[])
    aged(champion, 31)
    tell_overdue()
    assert Message.objects.get(event=Event.RE_REVIEW_DUE).audience["only"] == [ada.pk]
