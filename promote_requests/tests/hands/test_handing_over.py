"""Who answered for the maker or the author of a request, whoever answers for them now."""

from functools import partial

import pytest
from django.contrib.auth.models import Group

from accounts.models import User
from audit.models import AuditEvent
from foundation.exceptions import NotAllowed
from notifications.models import Notice
from promote_requests import inbox, services
from promote_requests.choices import Action, Status, Verdict
from promote_requests.models import Review
from promote_requests.tests.hands import people
from promote_requests.tests.hands.people import fresh, handed_over, judge, rule, signed_in
from registry.targets import Target
from testing.api_client import Api
from testing.factories import PromoteRequestFactory, register
from testing.people import AdministratorFactory, by, service_account

pytestmark = pytest.mark.django_db
linus = people.linus
nightly = people.nightly


def test_who_answered_for_the_maker_then_may_not_approve_also_after_a_hand_over(fraud, ada, grace, linus, nightly):
    rule(conditions={"approvals": 1, "makers": {"unknown": "block"}})
    register(fraud.get_version("Fraud", "2"), nightly)
    handed_over(nightly, linus)
    asked = PromoteRequestFactory(actor=grace)
    with pytest.raises(NotAllowed, match="You answered for nightly, which registered this version"):
        judge(ada, asked)
    assert (
        "nightly (a service account of ada, known to Checkpoint)"
        in signed_in(linus).post(f"{asked.get_absolute_url()}now/").content.decode()
    )
    (maker,) = Api(linus).get(f"promote-requests/{asked.pk}/").json()["makers"]
    assert (maker["name"], maker["answered_for_by"]) == ("nightly", "ada")
    judge(linus, asked)
    assert fresh(asked).status == Status.PROMOTED


def test_who_answered_for_the_author_when_it_asked_never_judges_it(ada, grace, linus, nightly):
    rule(promote_when="pressed")
    asked = PromoteRequestFactory(actor=nightly)
    handed_over(nightly, linus)
    for person in (ada, linus):  # then, and now
        assert person.pk in fresh(asked).authors
        with pytest.raises(NotAllowed, match="answer or answered for nightly"):
            judge(person, fresh(asked))
        assert not {Action.REVIEW, Action.ASK, Action.DISMISS, Action.CONSENT} & set(
            services.actions_for(by(AdministratorFactory.build(pk=person.pk)), fresh(asked))
        )
        assert not inbox.waiting_for(person)
        with pytest.raises(Exception, match="answers or answered for nightly"):
            services.ask(actor=by(grace), promote_request=fresh(asked), users=[person.username])
    judge(grace, fresh(asked))
    assert services.decision_of(fresh(asked)).is_approved
    assert Review.objects.standing().count() == 1


@pytest.mark.parametrize("then", ["owner", "former owner"])
def test_an_approval_of_whoever_answers_or_answered_counts_by_no_path(ada, grace, nightly, then):
    """The row is written past every service: the decision and the lists leave it out all the same."""
    rule(promote_when="pressed")
    asked = PromoteRequestFactory(actor=nightly)
    if then == "former owner":
        handed_over(nightly, grace)
    asked = fresh(asked)
    Review.objects.create(
        promote_request=asked,
        reviewer=ada,
        request_author=asked.author,
        verdict=Verdict.APPROVE,
        evidence_fingerprint=asked.evidence_fingerprint,
    )
    assert not services.decision_of(asked).is_approved
    assert not Review.objects.standing().exists()


def test_a_service_account_that_was_handed_over_speaks_no_more_for_what_it_asked(ada, grace, nightly):
    asked = PromoteRequestFactory(actor=nightly)
    draft = PromoteRequestFactory(actor=nightly, draft=True, target=Target.parse("stage:Staging"))
    nightly = handed_over(nightly, grace)
    says = "nightly was handed over since it made this request"
    with pytest.raises(NotAllowed, match=says):
        services.edit(actor=by(nightly), promote_request=fresh(asked), title="Trees", description="")
    with pytest.raises(NotAllowed, match=says):
        services.submit(actor=by(nightly), promote_request=fresh(draft))
    withdrawn = services.withdraw(actor=by(nightly), promote_request=fresh(asked))
    with pytest.raises(NotAllowed, match=says):
        services.reopen(actor=by(nightly), promote_request=withdrawn)
    assert PromoteRequestFactory(actor=nightly).answered_for_by == grace


def test_what_was_decided_stays_decided_after_a_hand_over(ada, grace, nightly):
    asked = PromoteRequestFactory(actor=nightly)
    judge(grace, asked)
    handed_over(nightly, grace)
    assert services.decision_of(fresh(asked)).approvers == ("grace",)


def test_a_check_stays_the_authors_own_when_its_reporter_is_handed_over(fraud, ada, grace):
    rule(conditions={"checks": ["ci"], "approvals": 0}, promote_when="pressed")
    robot = service_account("robot", ada)
    asked = PromoteRequestFactory(actor=ada)
    services.report_check(
        actor=by(service_account("other", grace)),
        promote_request=asked,
        name="lint",
        state="success",
        evidence_fingerprint=asked.evidence_fingerprint,
    )
    with pytest.raises(NotAllowed, match="You made this request"):
        services.report_check(
            actor=by(robot),
            promote_request=asked,
            name="ci",
            state="success",
            evidence_fingerprint=asked.evidence_fingerprint,
        )
    asked.checks.create(
        reporter=robot,
        answered_for_by=ada,
        name="ci",
        state="success",
        evidence_fingerprint=asked.evidence_fingerprint,
    )
    handed_over(robot, grace)
    assert not services.decision_of(fresh(asked)).is_approved


def test_what_was_decided_with_a_check_stays_decided_after_a_hand_over(fraud, ada, grace, linus, nightly):
    rule(conditions={"checks": ["ci"], "approvals": 1})
    robot = service_account("robot", grace)
    asked = PromoteRequestFactory(actor=nightly)
    seen = {"state": "success", "evidence_fingerprint": asked.evidence_fingerprint}
    services.report_check(actor=by(robot), promote_request=asked, name="ci", **seen)
    assert asked.checks.get().answered_for_by == grace
    judge(linus, asked)
    assert fresh(asked).status == Status.PROMOTED
    handed_over(nightly, grace)
    assert services.decision_of(fresh(asked)).is_approved


def test_group_changes_and_renaming_make_nobody_another(fraud, ada, grace, nightly):
    """Rules go by keys: a new name or group is no new person."""
    group = Group.objects.create(name="Risk")
    rule(conditions={"approvals": 1, "approvers": {"groups": [{"id": group.pk, "name": "Risk"}]}})
    asked = PromoteRequestFactory(actor=nightly)
    User.objects.filter(pk=ada.pk).update(username="eve")
    renamed = User.objects.get(pk=ada.pk)
    renamed.groups.add(group)
    with pytest.raises(NotAllowed, match="somebody else has to review"):
        judge(renamed, fresh(asked))
    assert not AuditEvent.objects.filter(action="reviewed").exists()
    assert not Notice.objects.exists()


@pytest.mark.parametrize("state", ["failure", "pending"])
def test_a_check_that_has_not_passed_is_not_freed_by_handing_its_reporter_to_the_author(fraud, ada, grace, state):
    """It would be free while the request is open, and somebody's again while it is promoted."""
    rule(conditions={"checks": ["ci"], "approvals": 0}, promote_when="pressed")
    robot, other = service_account("robot", grace), service_account("other", grace)
    asked = PromoteRequestFactory(actor=ada)
    report = partial(
        services.report_check,
        promote_request=asked,
        name="ci",
        evidence_fingerprint=asked.evidence_fingerprint,
    )
    report(actor=by(robot), state=state)
    handed_over(robot, ada)
    with pytest.raises(NotAllowed, match="reported by robot"):
        report(actor=by(other), state="success")
    (missing,) = services.decision_of(fresh(asked)).unmet
    assert ("reported by robot, whose reports are the author's own now" in missing.sentence) is (state == "pending")
    handed_over(User.objects.get(pk=robot.pk), grace)
    report(actor=by(User.objects.get(pk=robot.pk)), state="success")
    assert services.decision_of(fresh(asked)).is_approved
    services.promote(actor=by(grace), promote_request=fresh(asked))
    assert fresh(asked).status == Status.PROMOTED
