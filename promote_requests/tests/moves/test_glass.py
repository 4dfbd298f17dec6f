from contextlib import suppress
from datetime import timedelta

import pytest
from django.contrib.auth.models import Group, Permission
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts import people
from accounts.models import User
from audit.actors import Actor, ActorKind, Door
from audit.choices import AuditAction
from audit.models import AuditEvent
from foundation.exceptions import InvalidInput, NotAllowed, WrongState
from notifications.choices import Event
from notifications.models import Message
from notifications.people.audience import told
from promote_requests import inbox, services
from promote_requests.choices import Action, Status, Verdict
from promote_requests.exceptions import ChampionChanged, EvidenceChanged, RuleNotMet
from promote_requests.models import AfterReview, Consent, PromoteRequest
from promote_requests.services.moves.glass import CONSENT_HOLDS
from protection.choices import Outcome
from protection.models import ProtectionRule, RuleInsight
from registry.exceptions import RegistryError, RegistryRefused
from testing.api_client import Api
from testing.factories import PromoteRequestFactory, UserFactory
from testing.people import AdministratorFactory, by

pytestmark = pytest.mark.django_db
WHY = "The checkout is down and loses orders by the minute."


def allowed(user):
    user.user_permissions.add(Permission.objects.get(codename="break_glass"))
    return User.objects.get(pk=user.pk)


@pytest.fixture
def linus(db):
    return allowed(UserFactory(username="linus"))


@pytest.fixture
def mary(db):
    return allowed(UserFactory(username="mary"))


@pytest.fixture
def with_consent(db):
    ProtectionRule.objects.filter(target_pattern="stage:*").update(moves={"break_glass": {"consent": True}})


def broken(promote_request, actor, reason=WHY):
    return services.break_glass(actor=by(actor), promote_request=promote_request, reason=reason)


def test_breaking_the_glass_promotes_at_once_and_flags_the_request(open_request, fraud, linus):
    promoted = broken(open_request, linus)
    assert (promoted.status, promoted.is_bypassed, promoted.promoted_by) == (Status.PROMOTED, True, linus)
    assert fraud.get_version("Fraud", "2").stage == "Production"
    (glass,) = promoted.broken_glass.all()
    assert (glass.reason, glass.consent) == (WHY, None)
    assert glass.skipped == ["1 more approval is needed, by somebody other than ada."]
    assert list(PromoteRequest.objects.flagged()) == [promoted]
    row = AuditEvent.objects.get(action=AuditAction.GLASS_BROKEN)
    assert row.reason == f"{WHY} Skipped: 1 more approval is needed, by somebody other than ada."


def test_the_author_may_break_the_glass_with_the_permission(open_request, fraud, ada):
    assert broken(open_request, allowed(ada)).is_bypassed


def test_it_skips_an_objection_too_and_says_so(open_request, fraud, grace, linus):
    services.review(
        actor=by(grace), promote_request=open_request, verdict=Verdict.REQUEST_CHANGES, body="Show the recall."
    )
    promoted = broken(open_request, linus)
    assert any("grace" in sentence for sentence in promoted.broken_glass.get().skipped)


def test_approving_a_group_or_being_a_superuser_does_not_imply_the_permission(open_request, fraud, grace):
    root = AdministratorFactory()
    for user in (grace, root):
        with pytest.raises(NotAllowed, match="given the permission"):
            broken(open_request, user)
    group = Group.objects.create(name="On call")
    group.permissions.add(Permission.objects.get(codename="break_glass"))
    root.groups.add(group)
    assert broken(open_request, User.objects.get(pk=root.pk)).is_bypassed


def test_a_service_account_never_breaks_the_glass(open_request, fraud, linus):
    program = Actor(linus.pk, "linus", ActorKind.SERVICE_ACCOUNT, Door.API, loaded=linus)
    for service, values in ((services.break_glass, {"reason": WHY}), (services.consent, {})):
        with pytest.raises(NotAllowed, match="for a person to do"):
            service(actor=program, promote_request=open_request, **values)


@pytest.mark.parametrize("reason", ["", "Because.", "Now!" + " " * 30, "x" * 2_001])
def test_a_reason_has_to_say_something(reason, open_request, fraud, linus):
    with pytest.raises(InvalidInput) as wrong:
        broken(open_request, linus, reason)
    assert wrong.value.field == "reason"
    open_request.refresh_from_db()
    assert open_request.status == Status.OPEN


def test_what_meets_its_rules_is_promoted_as_always(open_request, fraud, grace, linus):
    ProtectionRule.objects.update(promote_when="pressed")
    services.review(actor=by(grace), promote_request=open_request, verdict=Verdict.APPROVE)
    with pytest.raises(WrongState, match="no glass to break"):
        broken(open_request, linus)


def test_the_evidence_has_to_be_fresh(open_request, fraud, linus):
    fraud.change_facts("Fraud", "2", metrics={"auc": 0.1})
    with pytest.raises(EvidenceChanged):
        broken(open_request, linus)
    fraud.add_version("Fraud", stage="Production")
    with pytest.raises(ChampionChanged):
        broken(open_request, linus)
    assert not PromoteRequest.objects.flagged().exists()


def test_a_promotion_that_fails_leaves_no_flag_and_can_be_tried_again(open_request, fraud, linus):
    fraud.fail_next(RegistryRefused("no"), call="transition_stage")
    with pytest.raises(RegistryRefused):
        broken(open_request, linus)
    open_request.refresh_from_db()
    assert (open_request.status, open_request.is_bypassed) == (Status.OPEN, False)
    assert broken(open_request, linus).is_bypassed


def test_insights_count_it_as_bypassed(open_request, fraud, linus):
    broken(open_request, linus)
    insight = RuleInsight.objects.get()
    assert (insight.outcome, insight.actor_name) == (Outcome.BYPASSED, "linus")


def test_everybody_concerned_is_told(open_request, fraud, ada, linus):
    broken(open_request, linus)
    message = Message.objects.get(event=Event.GLASS_BROKEN)
    assert message.payload["sentence"].startswith("linus breaks the glass, past the rules, for #")
    assert WHY in message.payload["reason"]
    assert ada.pk in {each.person for each in told([message])}


def test_a_rule_may_ask_for_a_second_persons_consent(open_request, fraud, linus, mary, with_consent):
    with pytest.raises(RuleNotMet, match="second person's consent"):
        broken(open_request, linus)
    services.consent(actor=by(mary), promote_request=open_request, words="Do it.")
    promoted = broken(open_request, linus)
    assert promoted.broken_glass.get().consent.consented_by == mary
    assert "With the consent of mary." in AuditEvent.objects.get(action=AuditAction.GLASS_BROKEN).reason


def test_nobody_consents_to_their_own(open_request, fraud, ada, linus, with_consent):
    with pytest.raises(NotAllowed, match="somebody else"):
        services.consent(actor=by(allowed(ada)), promote_request=open_request)
    services.consent(actor=by(linus), promote_request=open_request)
    with pytest.raises(RuleNotMet):
        broken(open_request, linus)
    with pytest.raises(IntegrityError), transaction.atomic():
        Consent.objects.create(
            promote_request=open_request, consented_by=ada, request_author=ada, evidence_fingerprint="1:x"
        )


def deactivated(mary, fraud, open_request):
    people.deactivate(actor=by(AdministratorFactory()), user=mary)


def without_the_permission(mary, fraud, open_request):
    mary.user_permissions.clear()


def too_old(mary, fraud, open_request):
    QuerySet.update(Consent.objects.all(), created_at=timezone.now() - CONSENT_HOLDS - timedelta(seconds=1))


def for_other_evidence(mary, fraud, open_request):
    fraud.change_facts("Fraud", "2", metrics={"auc": 0.1})
    with pytest.raises(EvidenceChanged):
        services.promote(actor=by(mary), promote_request=open_request)


def of_an_earlier_round(mary, fraud, open_request):
    services.close(actor=by(mary), promote_request=open_request)
    services.reopen(actor=by(mary), promote_request=PromoteRequest.objects.get())


@pytest.mark.parametrize(
    "what_happens", [deactivated, without_the_permission, too_old, for_other_evidence, of_an_earlier_round]
)
def test_a_consent_stops_counting(what_happens, open_request, fraud, linus, mary, with_consent):
    services.consent(actor=by(mary), promote_request=open_request)
    what_happens(mary, fraud, open_request)
    with pytest.raises(RuleNotMet, match="second person's consent"):
        broken(PromoteRequest.objects.get(), linus)


def test_a_consent_is_no_approval(open_request, fraud, mary, with_consent):
    services.consent(actor=by(mary), promote_request=open_request)
    assert services.decision_of(open_request).approvals == 0


def test_the_flag_stays_until_somebody_else_reviews_it(open_request, fraud, ada, grace, linus):
    promoted = broken(open_request, linus)
    for own in (ada, linus):
        with pytest.raises(NotAllowed):
            services.review_afterwards(actor=by(own), promote_request=promoted, body="All is well.")
        assert not inbox.to_review_afterwards(own).exists()
    assert list(inbox.to_review_afterwards(grace)) == [promoted]
    reviewed = services.review_afterwards(actor=by(grace), promote_request=promoted, body="It was right.")
    assert reviewed.reviewed_afterwards_at is not None
    assert not PromoteRequest.objects.flagged().exists()
    with pytest.raises(WrongState, match="already"):
        services.review_afterwards(actor=by(UserFactory()), promote_request=promoted, body="So say I.")
    with pytest.raises(IntegrityError), transaction.atomic():
        AfterReview.objects.create(
            promote_request=promoted, reviewer=linus, request_author=ada, broken_by=linus, body="Mine."
        )


def test_the_page_says_what_will_be_skipped_and_keeps_what_was_typed(open_request, fraud, linus):
    client = Client()
    client.force_login(linus)
    address = f"{open_request.get_absolute_url()}break-glass/"
    page = client.get(address).content.decode()
    assert "1 more approval is needed, by somebody other than ada." in page
    response = client.post(address, {"reason": "Too short."})
    assert response.status_code == 400
    assert ">Too short.</textarea>" in response.content.decode()
    assert client.post(address, {"reason": WHY}).status_code == 302
    page = client.get(open_request.get_absolute_url()).content.decode()
    assert "Promoted past the rules by linus" in page
    assert "until somebody else has reviewed it" in page


def test_breaking_the_glass_asks_for_the_password_again(open_request, fraud, linus, settings):
    settings.CHECKPOINT_CONFIRM_MINUTES = 5
    client = Client()
    client.force_login(linus)
    for name, values in (("break-glass", {"reason": WHY}), ("consent", {})):
        response = client.post(f"{open_request.get_absolute_url()}{name}/", values)
        assert (response.status_code, "reauthenticate" in response["Location"]) == (302, True)
    open_request.refresh_from_db()
    assert open_request.status == Status.OPEN


def test_the_report_has_a_promotion_once_however_often_it_was_tried(open_request, fraud, grace, linus, mary):
    fraud.fail_next(RegistryRefused("no"), call="transition_stage")
    with pytest.raises(RegistryRefused):
        broken(open_request, mary, "The first try, which MLflow refused.")
    client = Client()
    client.force_login(grace)
    assert "Nothing was promoted past the rules." in client.get("/checkpoint/second-looks/").content.decode()
    broken(open_request, linus)
    answer = client.get("/checkpoint/second-looks/")
    assert [(glass.broken_by, glass.reason) for glass in answer.context["broken"]] == [(linus, WHY)]


def test_list_report_and_api_show_the_flag(open_request, fraud, grace, linus):
    promoted = broken(open_request, linus)
    client = Client()
    client.force_login(grace)
    assert "Past the rules" in client.get("/checkpoint/", {"q": "is:flagged"}).content.decode()
    assert WHY in client.get("/checkpoint/second-looks/").content.decode()
    inbox_page = client.get("/checkpoint/inbox/").content.decode()
    assert "Promoted past the rules, to be reviewed afterwards" in inbox_page
    api = Api(grace)
    assert api.get("promote-requests/?search=is:flagged").json()["count"] == 1
    shown = api.get(f"promote-requests/{promoted.number}/").json()
    assert (shown["is_bypassed"], shown["reviewed_afterwards_at"]) == (True, None)
    assert "review_afterwards" in shown["available_actions"]
    assert api.post(f"promote-requests/{promoted.number}/review-afterwards/", {"body": "Right."}).status_code == 200
    assert api.get("promote-requests/?search=is:flagged").json()["count"] == 0
    assert "Past the rules, reviewed" in client.get("/checkpoint/", {"q": ""}).content.decode()


def test_the_flag_stays_when_the_answer_came_late(open_request, fraud, linus):
    """A settle that took the attempt for failed clears the flag; the attempt that succeeded all the same sets it."""

    def give_up():
        with suppress(RegistryError):
            services.settle(PromoteRequest.objects.get(), give_up=True)
        assert not PromoteRequest.objects.get().is_bypassed

    fraud.before("transition_stage", give_up)
    promoted = broken(open_request, linus)
    assert (promoted.status, promoted.is_bypassed) == (Status.PROMOTED, True)


def test_others_for_the_same_target_are_told(open_request, fraud, grace, linus):
    other = PromoteRequestFactory(actor=grace, version=fraud.add_version("Fraud").version)
    broken(open_request, linus)
    row = AuditEvent.objects.get(action=AuditAction.ASKED_AGAIN)
    assert row.promote_request == other


def test_the_desk_says_that_the_rules_were_passed_by_and_why(open_request, fraud, linus, client):
    broken(open_request, linus)
    client.force_login(AdministratorFactory())
    desk = client.get(reverse("admin:promote_requests_promoterequest_change", args=[open_request.pk]))
    shown = desk.content.decode()
    assert "Promoted past the rules by linus" in shown
    assert 'class="desk"' in shown.split("Promoted past the rules by linus")[0]


@pytest.fixture
def for_release_managers(open_request, grace, with_consent):
    """The request, approved: nothing is missing but that somebody of a group presses Promote, who is on holiday."""
    managers = Group.objects.create(name="Release managers")
    ProtectionRule.objects.filter(target_pattern="stage:*").update(
        promote_when="pressed", promoters=[{"id": managers.pk, "name": managers.name}]
    )
    services.review(actor=by(grace), promote_request=open_request, verdict=Verdict.APPROVE)
    return PromoteRequest.objects.get()


def test_that_others_press_promote_is_skipped_with_a_second_persons_consent(for_release_managers, fraud, linus, mary):
    with pytest.raises(RuleNotMet, match="second person's consent"):
        broken(for_release_managers, linus)
    services.consent(actor=by(mary), promote_request=for_release_managers)
    promoted = broken(for_release_managers, linus)
    assert promoted.broken_glass.get().skipped == ["Only people of Release managers may promote this."]


def test_whoever_would_skip_something_is_offered_it_and_nobody_else(for_release_managers, fraud, linus, mary):
    mary.groups.add(Group.objects.get(name="Release managers"))
    offered = {person.username: set(services.actions_for(by(person), for_release_managers)) for person in (linus, mary)}
    assert {Action.BREAK_GLASS, Action.CONSENT} <= offered["linus"]
    assert Action.PROMOTE not in offered["linus"]
    assert not {Action.BREAK_GLASS, Action.CONSENT} & offered["mary"]
    assert Action.PROMOTE in offered["mary"]
    client = Client()
    client.force_login(linus)
    page = client.get(for_release_managers.get_absolute_url()).content.decode()
    assert "break-glass/" in page
    assert 'id="consent-form"' in page
    for service, values in ((services.break_glass, {"reason": WHY}), (services.consent, {})):
        with pytest.raises(WrongState, match="no glass to break"):
            service(actor=by(mary), promote_request=for_release_managers, **values)
