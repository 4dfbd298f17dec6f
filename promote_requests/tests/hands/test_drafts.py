"""A draft is its author's alone, on every page and in every message."""

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from notifications.choices import Event
from notifications.mail.channel import _still_theirs
from notifications.models import Letter, Message
from notifications.outbox.writing import announce
from notifications.people.audience import told
from promote_requests import inbox, services
from promote_requests.choices import Status
from promote_requests.exceptions import DuplicateRequest
from promote_requests.search import Search, find
from promote_requests.services.by_itself.holding import hold
from promote_requests.services.moves.around import around
from promote_requests.tests.hands import people
from promote_requests.tests.hands.people import drafted, rule, signed_in, two_promoted
from protection.models import ProtectionRule
from protection.rulebook import rulebook
from registry.proposals import Proposal
from registry.targets import Target
from testing.api_client import Api
from testing.factories import PromoteRequestFactory, UserFactory
from testing.people import AdministratorFactory, by

pytestmark = pytest.mark.django_db
linus = people.linus
nightly = people.nightly
draft = people.draft
PRODUCTION = Target.parse("stage:Production")


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
