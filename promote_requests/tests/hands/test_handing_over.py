"""One's own request in another's hands: through a service account, a hand-over, a draft, a copy, a way back, the glass.

Each is an attempt to be judged by oneself, and what keeps it from counting.
"""

import pytest
from django.contrib.auth.models import Group, Permission
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts import service_accounts
from accounts.models import User
from audit.models import AuditEvent
from evidence.models import DigestedFile, Manifest
from foundation.exceptions import NotAllowed
from notifications.choices import Event
from notifications.mail.channel import _still_theirs
from notifications.models import Letter, Message, Notice
from notifications.outbox.writing import announce
from notifications.people.audience import told
from promote_requests import inbox, services
from promote_requests.choices import Action, Status, Verdict
from promote_requests.exceptions import DuplicateRequest
from promote_requests.models import AfterReview, PromoteRequest, Review
from promote_requests.search import Search, find
from promote_requests.services.by_itself.holding import hold
from promote_requests.services.moves.around import around
from promote_requests.services.moves.glass import consent_for
from protection.models import ProtectionRule
from protection.rulebook import rulebook
from registry.proposals import Proposal
from registry.targets import Target
from testing.api_client import Api
from testing.factories import PromoteRequestFactory, UserFactory, register
from testing.people import AdministratorFactory, by, service_account

pytestmark = pytest.mark.django_db
PRODUCTION = Target.parse("stage:Production")
WHY = "The checkout is down and loses orders by the minute."


def rule(**values):
    ProtectionRule.objects.filter(target_pattern="stage:*").update(**values)


def judge(user, asked, verdict=Verdict.APPROVE, **values):
    return services.review(actor=by(user), promote_request=asked, verdict=verdict, **values)


def handed_over(account, to):
    service_accounts.change(actor=by(AdministratorFactory()), account=account, owner=to, purpose="Trains.")
    return User.objects.get(pk=account.pk)


def fresh(asked):
    return PromoteRequest.objects.get(pk=asked.pk)


def signed_in(user):
    client = Client(headers={"accept": "text/html"})
    client.force_login(user)
    return client


def may_break(user):
    user.user_permissions.add(Permission.objects.get(codename="break_glass"))
    return User.objects.get(pk=user.pk)


@pytest.fixture
def linus(db):
    return UserFactory(username="linus")


@pytest.fixture
def nightly(fraud, ada):
    """A service account of ada's."""
    return service_account("nightly", ada)


# Who made the version.


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


# Who asks.


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


# The way back.


def promoted(author, reviewer, **values):
    asked = PromoteRequestFactory(actor=author, **values)
    judge(reviewer, asked)
    assert fresh(asked).status == Status.PROMOTED
    return fresh(asked)


def two_promoted(fraud, ada, grace):
    promoted(ada, grace)
    last = promoted(ada, grace, version=fraud.add_version("Fraud").version)
    rule(conditions={"approvals": 2}, moves={"rollback": {"approvals": 1}})
    return last


def test_a_version_whose_figures_changed_since_it_met_the_rules_has_no_fast_track(fraud, ada, grace):
    last = two_promoted(fraud, ada, grace)
    fraud.change_facts("Fraud", "2", metrics={"auc": 0.999})
    assert not services.roll_back(actor=by(ada), promote_request=last).is_fast_track


def test_a_version_whose_files_are_known_to_differ_has_no_fast_track(fraud, ada, grace):
    last = two_promoted(fraud, ada, grace)
    version = fraud.get_version("Fraud", "2")
    manifest, _ = Manifest.objects.get_or_create(
        workspace="", model_name="Fraud", version="2", registered_at=version.created_at
    )
    manifest.root, manifest.finished_at = "0" * 64, last.promoted_at
    manifest.mismatches = [{"path": "model.pkl", "what": "changed"}]
    manifest.save()
    DigestedFile.objects.get_or_create(manifest=manifest, path="model.pkl", defaults={"sha256": "0" * 64, "size": 1})
    assert not services.roll_back(actor=by(ada), promote_request=last).is_fast_track


def test_facts_that_change_while_it_is_open_take_the_fast_track_away(fraud, ada, grace, linus):
    opened = services.roll_back(actor=by(ada), promote_request=two_promoted(fraud, ada, grace))
    assert opened.is_fast_track
    fraud.change_facts("Fraud", "2", metrics={"auc": 0.999})
    with pytest.raises(Exception, match="look"):
        judge(grace, opened)
    opened = fresh(opened)
    assert not opened.is_fast_track
    judge(grace, opened)
    assert fresh(opened).status == Status.OPEN
    judge(linus, opened)
    assert fresh(opened).status == Status.PROMOTED


def test_a_way_back_from_what_was_replaced_since_is_fast_no_longer(fraud, ada, grace, linus):
    opened = services.roll_back(actor=by(ada), promote_request=two_promoted(fraud, ada, grace))
    newest = PromoteRequestFactory(actor=ada, version=fraud.add_version("Fraud").version)
    for person in (grace, linus):
        judge(person, newest)
    assert fresh(newest).status == Status.PROMOTED
    with pytest.raises(Exception, match="look"):
        judge(grace, opened)
    assert not fresh(opened).is_fast_track


# Breaking the glass.


@pytest.fixture
def broken(fraud, ada, grace, linus):
    """ada's request, for which linus broke the glass with grace's consent; margaret only consented, too."""
    rule(moves={"break_glass": {"consent": True}})
    asked = PromoteRequestFactory(actor=ada)
    for person in (UserFactory(username="margaret"), grace):
        services.consent(actor=by(may_break(person)), promote_request=asked)
    return services.break_glass(actor=by(may_break(linus)), promote_request=asked, reason=WHY)


@pytest.mark.parametrize("name", ["ada", "linus", "grace", "margaret"])
def test_nobody_with_a_hand_in_it_reviews_it_afterwards(broken, name):
    person = User.objects.get(username=name)
    with pytest.raises(NotAllowed, match="somebody else has to"):
        services.review_afterwards(actor=by(person), promote_request=broken, body="Fine.")
    assert Action.REVIEW_AFTERWARDS not in services.actions_for(by(person), broken)
    assert not inbox.to_review_afterwards(person)


def test_somebody_else_does(broken):
    person = UserFactory()
    assert list(inbox.to_review_afterwards(person)) == [broken]
    services.review_afterwards(actor=by(person), promote_request=broken, body="Fine.")
    assert AfterReview.objects.get().consented_by.username == "grace"


def test_the_database_lets_nobody_who_consented_review_it_afterwards(broken, ada, grace, linus):
    rows = {"promote_request": broken, "request_author": ada, "broken_by": linus, "body": "Fine."}
    with pytest.raises(IntegrityError, match="who_consented"), transaction.atomic():
        AfterReview.objects.create(**rows, reviewer=grace, consented_by=grace)


def test_who_answered_for_the_author_when_it_asked_consents_to_nothing(ada, grace, nightly, linus):
    asked = PromoteRequestFactory(actor=nightly)
    handed_over(nightly, grace)
    with pytest.raises(NotAllowed, match="answer for who did"):
        services.consent(actor=by(may_break(ada)), promote_request=fresh(asked))
    assert consent_for(fresh(asked), breaker=linus.pk) is None


# Drafts.


def drafted(author, **values):
    return PromoteRequestFactory(actor=author, draft=True, title="My secret plan", **values)


@pytest.fixture(params=["draft", "withdrawn"])
def draft(request, fraud, ada):
    """A draft of ada's that was never submitted."""
    made = drafted(ada, description="For @grace alone.")
    if request.param == "withdrawn":
        services.comment(actor=by(ada), promote_request=made, body="Never mind, @grace.")
        services.withdraw(actor=by(ada), promote_request=made)
    return fresh(made)


def test_a_draft_that_was_never_submitted_is_its_authors_alone_in_every_status(draft, ada, grace):
    root = AdministratorFactory()
    for person, sees in ((ada, True), (grace, False), (root, False)):
        client, api = signed_in(person), Api(person)
        assert (client.get(draft.get_absolute_url()).status_code == 200) is sees
        assert (api.get(f"promote-requests/{draft.pk}/").status_code == 200) is sees
        assert bool(api.get("promote-requests/").json()["results"]) is sees
        for address in ("/checkpoint/?q=secret", "/checkpoint/inbox/", "/checkpoint/models/Fraud/"):
            page = client.get(address).content.decode()
            assert sees or "My secret plan" not in page
        assert find(Search.parse("secret"), viewer=person, rules=rulebook()).exists() is sees
        assert not inbox.mentions_of(person)
        assert not inbox.decided_for(person) or sees
    desk = signed_in(root).get(reverse("admin:promote_requests_promoterequest_changelist"))
    assert "My secret plan" not in desk.content.decode()
    trail = signed_in(root).get(reverse("admin:audit_auditevent_changelist")).content.decode()
    assert f">#{draft.pk}" not in trail
    assert not Message.objects.exists()


def test_a_withdrawn_draft_is_labelled_and_spoken_of_by_nobody_else(draft, ada, grace):
    for attempt in (
        lambda: services.comment(actor=by(grace), promote_request=draft, body="What is this?"),
        lambda: services.close(actor=by(grace), promote_request=draft),
        lambda: services.reopen(actor=by(grace), promote_request=draft),
    ):
        with pytest.raises(Exception, match=r"draft of ada's|not possible"):
            attempt()


def test_reopening_a_withdrawn_draft_shows_it_and_tells_of_it(fraud, ada, grace):
    draft = services.withdraw(actor=by(ada), promote_request=drafted(ada, description="See here, @grace."))
    assert not Message.objects.exists()
    services.reopen(actor=by(ada), promote_request=draft)
    assert set(Message.objects.values_list("event", flat=True)) >= {Event.REOPENED, Event.MENTIONED}
    assert signed_in(grace).get(draft.get_absolute_url()).status_code == 200


def test_a_draft_of_a_service_account_is_for_who_answers_for_it_too(ada, grace, nightly):
    draft = drafted(nightly)
    assert [signed_in(one).get(draft.get_absolute_url()).status_code for one in (ada, grace)] == [200, 404]


def test_a_draft_is_in_nobody_elses_way(fraud, ada, grace, linus):
    """Neither the way back nor a request nor a held call is refused for it, and its number is told to nobody."""
    last = two_promoted(fraud, ada, grace)
    drafts = [
        drafted(linus, version="2"),
        drafted(linus, version=fraud.add_version("Fraud").version),
        drafted(linus, version=fraud.add_version("Fraud").version),
    ]
    assert services.roll_back(actor=by(grace), promote_request=last).version == "2"
    assert PromoteRequestFactory(actor=ada, version=drafts[1].version).status == Status.OPEN
    rule(on_direct_write="hold")
    assert hold(actor=by(ada), proposal=Proposal("Fraud", drafts[2].version, PRODUCTION)) not in (
        None,
        *(one.pk for one in drafts),
    )
    assert not any(around([last])[last.pk].waiting)


def test_a_draft_whose_like_was_opened_meanwhile_is_not_submitted(fraud, ada, grace):
    draft = drafted(ada)
    theirs = PromoteRequestFactory(actor=grace)
    with pytest.raises(DuplicateRequest, match=f"#{theirs.pk} already asks"):
        services.submit(actor=by(ada), promote_request=draft)


def test_one_has_one_draft_of_a_kind_and_no_request_beside_it(fraud, ada):
    draft = drafted(ada)
    for is_draft in (True, False):
        with pytest.raises(DuplicateRequest, match=f"#{draft.pk} already asks for this: a draft of yours"):
            PromoteRequestFactory(actor=ada, draft=is_draft)


@pytest.mark.parametrize("by_way_of", ["a draft that waited", "a draft withdrawn later", "an older request"])
def test_an_objection_does_not_vanish_by_way_of(fraud, ada, grace, linus, by_way_of):
    older = services.withdraw(actor=by(linus), promote_request=PromoteRequestFactory(actor=linus))
    waiting = drafted(linus)
    asked = PromoteRequestFactory(actor=ada)
    judge(grace, asked, Verdict.REQUEST_CHANGES, body="Show the recall.")
    services.withdraw(actor=by(ada), promote_request=asked)
    attempts = {
        "a draft that waited": lambda: services.submit(actor=by(linus), promote_request=waiting),
        "a draft withdrawn later": lambda: PromoteRequestFactory(actor=ada),
        "an older request": lambda: services.reopen(actor=by(linus), promote_request=older),
    }
    if by_way_of != "a draft that waited":
        services.withdraw(actor=by(linus), promote_request=waiting)
    with pytest.raises(DuplicateRequest, match="grace"):
        attempts[by_way_of]()
    reopened = services.reopen(actor=by(ada), promote_request=fresh(asked))
    assert not services.decision_of(reopened).is_approved


@pytest.mark.parametrize("way", ["reopen", "submit", "create"])
def test_an_objection_that_comes_while_mlflow_answers_does_not_vanish_either(fraud, ada, grace, linus, way):
    older = services.withdraw(actor=by(linus), promote_request=PromoteRequestFactory(actor=linus))
    waiting = drafted(linus)
    if way != "submit":
        services.withdraw(actor=by(linus), promote_request=waiting)
    asked = [PromoteRequestFactory(actor=ada)] if way != "create" else []
    is_asked = []

    def meanwhile():
        if is_asked:
            return
        is_asked.append(True)
        other = asked[0] if asked else PromoteRequestFactory(actor=ada)
        judge(grace, other, Verdict.REQUEST_CHANGES, body="Show the recall.")
        services.withdraw(actor=by(ada), promote_request=other)

    fraud.before("holders", meanwhile)
    attempts = {
        "reopen": lambda: services.reopen(actor=by(linus), promote_request=older),
        "submit": lambda: services.submit(actor=by(linus), promote_request=waiting),
        "create": lambda: PromoteRequestFactory(actor=linus),
    }
    with pytest.raises(DuplicateRequest, match="grace"):
        attempts[way]()
    assert is_asked
    assert not PromoteRequest.objects.open().exists()


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


def test_a_rules_page_in_the_admin_names_no_draft_of_somebody_else(fraud, ada):
    drafted(ada)
    stages = ProtectionRule.objects.get(target_pattern="stage:*")
    page = signed_in(AdministratorFactory()).get(reverse("admin:protection_protectionrule_change", args=[stages.pk]))
    assert page.status_code == 200
    assert "My secret plan" not in page.content.decode()


def test_the_page_for_the_password_names_no_draft_of_somebody_else(fraud, ada, settings):
    from accounts.tests.test_confirmation import signed_in as signed_in_a_while_ago  # noqa: PLC0415

    settings.CHECKPOINT_CONFIRM_MINUTES = 15
    draft = drafted(ada)
    browser = signed_in_a_while_ago(UserFactory())
    answer = browser.post(reverse("promote_requests:promote", args=[draft.pk]))
    assert "My secret plan" not in browser.get(answer["Location"]).content.decode()


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


# Who is told.


def happened(asked, **values):
    payload = {"sentence": f"Something happened to #{asked.pk}."}
    given = {"workspace": "", "model_name": "Fraud", "request_number": asked.pk, "actor_id": None}
    return announce(Event.COMMENTED, at=timezone.now(), payload=payload, **given, **values)


def test_only_people_who_may_see_it_when_it_is_told_are_told(draft, ada, grace, nightly):
    """Written past every service: a message about a draft, to everybody there is by name."""
    closed = UserFactory(is_active=False)
    everybody = [ada.pk, grace.pk, nightly.pk, closed.pk, AdministratorFactory().pk]
    about_draft = happened(draft, audience={"only": everybody})
    assert {each.person for each in told([about_draft])} == {ada.pk}
    asked = PromoteRequestFactory(actor=grace, target=Target.parse("stage:Staging"))
    others = {each.person for each in told([happened(asked, audience={"only": everybody})])}
    assert others == set(everybody) - {nightly.pk, closed.pk}


def test_a_letter_whose_reader_was_deactivated_or_lost_sight_of_it_is_not_sent(fraud, ada, grace, linus):
    asked = PromoteRequestFactory(actor=ada)
    secret = drafted(linus, target=Target.parse("stage:Staging"))
    letters = [
        Letter.objects.create(reader=reader, message=happened(about), due_at=timezone.now())
        for reader, about in ((ada, asked), (ada, secret), (grace, asked))
    ]
    User.objects.filter(pk=grace.pk).update(is_active=False)
    kept = [_still_theirs([letter]) for letter in letters]
    assert kept == [[letters[0]], [], []]
    assert list(Letter.objects.all()) == [letters[0]]
