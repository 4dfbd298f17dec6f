"""Who is asked to review, what they answer, and who could still meet the rules."""

from datetime import timedelta
from itertools import pairwise

import pytest
from django.contrib.auth.models import Group
from django.test import Client
from django.utils import timezone

from audit.choices import AuditAction
from audit.models import AuditEvent
from foundation.exceptions import InvalidInput, NotAllowed, WrongState
from notifications.choices import Event
from notifications.models import Message
from notifications.people import subscriptions
from promote_requests import inbox, reminding, services
from promote_requests.choices import Verdict
from promote_requests.models import Place, PromoteRequest, Review
from promote_requests.search import Search, find
from promote_requests.services.asking import ask, decline, hand_over, pick_up
from promote_requests.services.asking.standing import asked_of, could
from promote_requests.services.observing import refuse_if_changed
from promote_requests.services.reading import facts_of, live_evidence_of
from protection.models import Ownership, ProtectionRule
from protection.rulebook import rulebook
from testing.api_client import Api
from testing.factories import PromoteRequestFactory, UserFactory, by, register
from testing.people import AdministratorFactory, service_account

pytestmark = pytest.mark.django_db
ADMIN = "/checkpoint/admin/promote_requests/promoterequest/"


@pytest.fixture
def asked(fraud, ada, grace):
    return PromoteRequestFactory(actor=ada)


@pytest.fixture
def risk(grace):
    group = Group.objects.create(name="Risk")
    group.user_set.add(grace)
    return group


def rule(**conditions):
    ProtectionRule.objects.filter(target_pattern="stage:*").update(
        conditions={"approvals": 1} | conditions, promote_when="pressed"
    )


def owned(group, section="Risk"):
    return Ownership.objects.create(
        section=section, people={"groups": [{"id": group.pk, "name": group.name}], "users": []}, approvals=1
    )


def standings(asked):
    return [(one.place.name, str(one.state)) for one in asked_of(asked, services.decision_of(asked))]


def told(event=Event.REVIEW_ASKED):
    return [set(message.audience["only"]) for message in Message.objects.filter(event=event).order_by("pk")]


def said(action):
    return list(AuditEvent.objects.filter(action=action).order_by("pk").values_list("actor_name", "reason"))


def approve(asked, who):
    return services.review(actor=by(who), promote_request=asked, verdict=Verdict.APPROVE)


def test_people_and_groups_are_asked_and_told_once(asked, ada, grace, risk):
    linus = UserFactory(username="linus")
    risk.user_set.add(ada)
    ask(actor=by(ada), promote_request=asked, users=["linus"], groups=["Risk"])
    assert standings(asked) == [("linus", "waiting"), ("the group Risk", "waiting")]
    assert told() == [{linus.pk, grace.pk}]
    assert said(AuditAction.REVIEW_ASKED) == [("ada", "linus and the group Risk")]
    ask(actor=by(linus), promote_request=asked, users=["grace", "linus"])
    assert told()[1:] == [{grace.pk}]
    with pytest.raises(InvalidInput, match="asked already"):
        ask(actor=by(ada), promote_request=asked, users=["linus"])


def test_nobody_is_asked_who_may_not_review(fraud, ada, grace):
    robot = service_account("robot", grace)
    asked = PromoteRequestFactory(actor=robot)
    UserFactory(username="gone", is_active=False)
    Group.objects.create(name="Empty").user_set.add(grace, robot)
    for name, words in (
        ("robot", "is a service account"),
        ("gone", "deactivated"),
        ("grace", "answers or answered for robot"),
        ("nul\x00", "no user called"),
    ):
        with pytest.raises(InvalidInput, match=words) as wrong:
            ask(actor=by(ada), promote_request=asked, users=[name])
        assert wrong.value.field == "users"
    with pytest.raises(InvalidInput, match="Nobody of the group Empty"):
        ask(actor=by(ada), promote_request=asked, groups=["Empty"])
    with pytest.raises(NotAllowed, match="answer or answered for robot"):
        ask(actor=by(grace), promote_request=asked, users=["ada"])
    ask(actor=by(robot), promote_request=asked, users=["ada"])
    assert standings(asked) == [("ada", "waiting")]


def test_a_place_of_a_group_is_picked_up_once_and_goes_back(asked, ada, grace, risk):
    linus = UserFactory(username="linus")
    risk.user_set.add(linus)
    ask(actor=by(ada), promote_request=asked, groups=["Risk"])
    pick_up(actor=by(grace), promote_request=asked, group="Risk")
    assert standings(asked) == [("the group Risk", "picked_up")]
    with pytest.raises(WrongState, match="grace has picked up"):
        pick_up(actor=by(linus), promote_request=asked, group="Risk")
    decline(actor=by(grace), promote_request=asked, reason="On leave.")
    assert standings(asked) == [("the group Risk", "waiting")]
    pick_up(actor=by(linus), promote_request=asked, group="Risk")
    assert said(AuditAction.REVIEW_PICKED_UP) == [("grace", "for the group Risk"), ("linus", "for the group Risk")]
    outsider = UserFactory()
    with pytest.raises(WrongState, match="No group of yours"):
        pick_up(actor=by(outsider), promote_request=asked, group="Risk")


def test_declining_never_changes_the_decision(asked, ada, grace):
    before = services.decision_of(asked)
    ask(actor=by(ada), promote_request=asked, users=["grace"])
    assert list(inbox.waiting_for(grace)) == [asked]
    decline(actor=by(grace), promote_request=asked, reason="No time.")
    after = services.decision_of(asked)
    assert (after.unmet, after.judgements) == (before.unmet, before.judgements)
    assert standings(asked) == [("grace", "declined")]
    assert told(Event.REVIEW_DECLINED) == [{ada.pk}]
    assert not inbox.waiting_for(grace)
    with pytest.raises(WrongState, match="Nobody asks you"):
        decline(actor=by(grace), promote_request=asked, reason="No time.")
    rule()
    approve(asked, grace)
    assert standings(asked) == [("grace", "approved")]
    ask(actor=by(ada), promote_request=asked, users=["grace"])
    assert Place.objects.get().state == "asked"


def test_a_review_is_handed_over(asked, ada, grace):
    linus = UserFactory(username="linus")
    ask(actor=by(ada), promote_request=asked, users=["grace"])
    for name in ("ada", "grace"):
        with pytest.raises(InvalidInput) as wrong:
            hand_over(actor=by(grace), promote_request=asked, to=name)
        assert wrong.value.field == "to"
    hand_over(actor=by(grace), promote_request=asked, to="linus", reason="She knows it.")
    assert standings(asked) == [("grace", "handed_over"), ("linus", "waiting")]
    assert told()[-1] == {linus.pk}
    assert said(AuditAction.REVIEW_HANDED_OVER) == [("grace", "to linus: She knows it.")]


def test_inbox_its_count_and_reminders_wait_for_the_same_people(asked, ada, grace, risk):
    linus = UserFactory(username="linus")
    risk.user_set.add(linus)

    def waited_for():
        requirement = services.requirement_of(asked)
        asked.refresh_from_db()
        reminded = reminding.waited_for(asked, requirement, facts_of(asked, requirement))
        listed = {one.pk for one in (grace, linus) if inbox.waiting_for(one)}
        assert listed == reminded & {grace.pk, linus.pk}
        assert not any(inbox.for_you(one) for one in (grace, linus) if one.pk not in listed)
        return listed

    ask(actor=by(ada), promote_request=asked, users=["grace"], groups=["Risk"])
    assert waited_for() == {grace.pk, linus.pk}
    hand_over(actor=by(grace), promote_request=asked, to="linus")
    assert waited_for() == {linus.pk}
    pick_up(actor=by(linus), promote_request=asked, group="Risk")
    hand_over(actor=by(linus), promote_request=asked, to="grace")
    # She handed over what she was asked herself, and has both places back: the group's and her own.
    assert waited_for() == {grace.pk}
    decline(actor=by(grace), promote_request=asked, reason="On leave.")
    assert waited_for() == set()
    pick_up(actor=by(linus), promote_request=asked, group="Risk")
    hand_over(actor=by(linus), promote_request=asked, to="grace")
    # Who declined once is waited for again as soon as the place of a group is theirs.
    assert waited_for() == {grace.pk}


@pytest.mark.parametrize(
    ("conditions", "days", "waits"),
    [
        ({"approval_age": 10}, 9, False),
        ({"approval_age": 10}, 11, True),
        ({"signature": True}, 0, True),
        ({"makers": {"unknown": "pass"}}, 0, False),
        ({}, 400, False),
    ],
)
def test_an_approval_that_counts_no_more_waits_for_its_giver_again(fraud, ada, grace, conditions, days, waits):
    rule(approvals=2, **conditions)
    register(fraud.get_version("Fraud", "2"), grace)
    asked = PromoteRequestFactory(actor=ada)
    linus = UserFactory(username="linus")
    for person, verdict, body in ((grace, Verdict.APPROVE, ""), (linus, Verdict.REQUEST_CHANGES, "No.")):
        Review.objects.create(
            promote_request=asked,
            reviewer=person,
            request_author=ada,
            verdict=verdict,
            body=body,
            evidence_fingerprint=asked.evidence_fingerprint,
            created_at=timezone.now() - timedelta(days=days),
        )
    requirement = services.requirement_of(asked)
    reminded = reminding.waited_for(asked, requirement, facts_of(asked, requirement))
    found = {find(Search.parse("review:@me"), viewer=one, rules=rulebook()).count() for one in (linus, ada)}
    assert found == {0}
    assert linus.pk not in reminded
    assert (grace.pk in reminded) is waits
    assert list(inbox.waiting_for(grace)) == [asked] * waits
    assert inbox.for_you(grace) == waits
    assert list(find(Search.parse("review:@me"), viewer=grace, rules=rulebook())) == [asked] * waits
    subscriptions.follow_request(actor=by(grace), number=asked.number, is_muted=True)
    assert not inbox.waiting_for(grace)


def test_what_waits_again_costs_the_same_however_much_was_approved(fraud, ada, grace, django_assert_num_queries):
    rule(approvals=2, signature=True)
    for count, queries in ((1, 7), (5, 7)):
        while PromoteRequest.objects.count() < count:
            approve(PromoteRequestFactory(actor=ada, version=fraud.add_version("Fraud").version), grace)
        with django_assert_num_queries(queries):
            assert inbox.for_you(grace) == count


def test_owners_are_asked_by_themselves_and_as_the_rules_change(fraud, ada, grace, risk):
    rule(owners=True)
    row = owned(risk)
    draft = PromoteRequestFactory(actor=ada, draft=True)
    assert standings(draft) == []
    services.submit(actor=by(ada), promote_request=draft)
    assert standings(draft) == [("the group Risk", "waiting")]
    assert said(AuditAction.REVIEW_ASKED) == [("Checkpoint", "the group Risk (owner: Risk)")]
    assert told() == [{grace.pk}]
    row.delete()
    lead = Group.objects.create(name="Leads")
    lead.user_set.add(UserFactory())
    owned(lead, "ML lead")
    reminding.remind()
    reminding.remind()
    assert standings(draft) == [("the group Leads", "waiting")]
    assert said(AuditAction.REVIEW_NOT_ASKED) == [("Checkpoint", "the group Risk")]
    assert len(told()) == 2


def test_whose_approval_no_longer_counts_is_asked_again(asked, fraud, ada, grace, risk):
    rule(approvals=2)
    linus = UserFactory(username="linus")
    ask(actor=by(ada), promote_request=asked, users=["linus"], groups=["Risk"])
    approve(asked, grace)
    assert standings(asked) == [("linus", "waiting"), ("the group Risk", "approved")]
    fraud.change_facts("Fraud", "2", metrics={"auc": 0.1})
    with pytest.raises(WrongState):
        refuse_if_changed(asked, live_evidence_of(asked), actor=by(linus))
    asked.refresh_from_db()
    assert standings(asked) == [("linus", "waiting"), ("the group Risk", "waiting")]
    assert said(AuditAction.REVIEW_ASKED)[-1] == ("Checkpoint", "the group Risk, again: the facts changed")
    assert told()[-1] == {grace.pk}


def test_those_are_named_who_could_still_meet_the_rules(asked, ada, grace, risk):
    names = [f"member{number}" for number in range(7)]
    risk.user_set.add(ada, service_account("robot", grace), UserFactory(is_active=False))
    risk.user_set.add(*(UserFactory(username=name) for name in names))
    rule(approvals=2, approvers={"groups": [{"id": risk.pk, "name": "Risk"}], "users": []})
    approve(asked, grace)
    found = could(asked, services.requirement_of(asked), services.decision_of(asked))
    assert [(one.code, one.asked, one.words) for one in found] == [
        ("approvals_missing", "anybody else", "member0, member1, member2, member3, member4 and 2 others"),
        ("approver_missing", "the group Risk", "member0, member1, member2, member3, member4 and 2 others"),
    ]
    services.review(actor=by(UserFactory(username="zoe")), promote_request=asked, verdict="request_changes", body="No.")
    asked.refresh_from_db()
    found = could(asked, services.requirement_of(asked), services.decision_of(asked))
    assert ("changes_requested", "zoe") in [(one.code, one.words) for one in found]


def test_the_inbox_has_those_first_who_are_asked_by_name(fraud, ada, grace):
    first = PromoteRequestFactory(actor=ada)
    fraud.add_version("Fraud")
    second = PromoteRequestFactory(actor=ada, version="3")
    ask(actor=by(ada), promote_request=second, users=["grace"])
    assert inbox.asked_first(inbox.waiting_for(grace), grace, 9) == [second.pk, first.pk]
    assert inbox.asked_first(inbox.waiting_for(grace), grace, 1) == [second.pk]


def test_page_and_desk_list_them_with_buttons(asked, ada, grace, risk):
    ask(actor=by(ada), promote_request=asked, users=["grace"], groups=["Risk"])
    for person, address in ((grace, asked.get_absolute_url()), (AdministratorFactory(), f"{ADMIN}{asked.pk}/change/")):
        client = Client(headers={"accept": "text/html"})
        client.force_login(person)
        page = client.get(address).content.decode()
        assert "Asked to review" in page
        assert "Who could still do it" in page
        assert ("Pick up for Risk" in page, "Decline this review" in page) == (person == grace,) * 2
    client = Client(headers={"accept": "text/html"})
    client.force_login(grace)
    refused = client.post(f"{asked.get_absolute_url()}hand-over/", {"to": "mallory", "reason": "She knows."})
    page = refused.content.decode()
    assert refused.status_code == 400
    assert [page.index(words) for words in ('value="mallory"', 'id="hand-over-wrong"')]
    assert 'value="She knows."' in page
    client.post(f"{asked.get_absolute_url()}decline/", {"reason": "No <b>time</b>."})
    assert "No &lt;b&gt;time&lt;/b&gt;." in client.get(asked.get_absolute_url()).content.decode()
    sent = {"users": "grace", "groups": "", "back": "desk"}
    assert client.post(f"{asked.get_absolute_url()}ask/", sent).headers["Location"] == asked.get_absolute_url()
    assert AuditEvent.objects.latest("pk").door == "page"
    client.post(f"{asked.get_absolute_url()}decline/", {"reason": "No time."})
    client.force_login(AdministratorFactory())
    done = client.post(f"{asked.get_absolute_url()}ask/", sent)
    assert done.headers["Location"] == f"{ADMIN}{asked.pk}/change/"
    assert AuditEvent.objects.latest("pk").door == "admin"


def test_the_api_lists_and_takes_what_the_page_does(asked, ada, grace, risk):
    where = f"promote-requests/{asked.pk}/reviewers/"
    answer = Api(ada).post(where, {"groups": ["Risk"]})
    assert answer.status_code == 200
    (one,) = answer.json()["asked"]
    assert (one["user"], one["group"], one["state"], one["asked_by"]) == (None, "Risk", "waiting", "ada")
    steps = [("pick-up/", {"group": "Risk"}, "picked_up"), ("decline/", {"reason": "No time."}, "waiting")]
    for path, body, state in steps:
        assert Api(grace).post(f"{where}{path}", body).json()["asked"][0]["state"] == state
    (could_do,) = Api(grace).get(where).json()["could"]
    assert (could_do["code"], could_do["users"], could_do["others"]) == ("approvals_missing", ["grace"], 0)
    assert Api(ada).post(where, {"users": "grace"}).status_code == 400
    assert Api(ada).post(where, {"people": ["grace"]}).status_code == 400


def test_the_page_takes_as_many_queries_for_many_as_for_few(asked, ada, grace, risk, django_assert_max_num_queries):
    names = [UserFactory().username for _ in range(15)]
    counted = []
    for some in (names[:1], names[1:]):
        ask(actor=by(ada), promote_request=asked, users=some)
        with django_assert_max_num_queries(100) as found:
            asked_of(asked, services.decision_of(asked))
            could(asked, services.requirement_of(asked), services.decision_of(asked))
        counted.append(len(found))
    assert all(fewer == more for fewer, more in pairwise(counted))
