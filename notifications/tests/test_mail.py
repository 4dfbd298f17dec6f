"""From a message to the mail server, read there: a real one on loopback."""

import re
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from threading import Event as Flag

import pytest
from aiosmtpd.controller import Controller
from django.test import Client
from django.utils import timezone

from demo.processes import free_port
from notifications.choices import Event, Kind, State, Way
from notifications.mail import channel, unsubscribing
from notifications.mail.channel import Mail
from notifications.models import Letter, Subscription
from notifications.people import subscriptions
from notifications.tests.factories import let_pass, message
from notifications.worker import cleaning
from notifications.worker.spreading import spread
from testing.people import AdministratorFactory, UserFactory, by

pytestmark = [pytest.mark.django_db, pytest.mark.sockets]
NUMBER = 7


class Server:
    """A mail server that keeps what it takes, and takes nothing while it is told so."""

    def __init__(self):
        self.got = []
        self.refuses = False

    async def handle_DATA(self, server, session, envelope):
        if self.refuses:
            return "451 Not now"
        self.got.append(message_from_bytes(envelope.content, policy=policy.default))
        return "250 Taken"


@pytest.fixture
def server(settings):
    handler, port = Server(), free_port()
    controller = Controller(handler, hostname="127.0.0.1", port=port)
    controller.start()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_USE_TLS = "127.0.0.1", port, False
    yield handler
    controller.stop()


@pytest.fixture
def ada():
    return UserFactory(username="ada")


@pytest.fixture
def grace():
    return UserFactory(username="grace")


def said(sentence="grace approved #7: Fraud version 2 to Production.", **more):
    request = {"number": NUMBER, "title": "Better", "url": "http://localhost:5000/checkpoint/promote-requests/7/"}
    return {
        "sentence": sentence,
        "promote_request": request,
        "model_name": "Fraud",
        "version": "2",
        "former_version": "1",
        "target": {"kind": "stage", "name": "Production"},
        "missing": [],
        "words": "",
    } | more


def happened(event=Event.APPROVED, *, actor=None, sentence="grace approved #7: Fraud version 2 to Production.", **more):
    payload = said(sentence, **more)
    return message(event, request_number=NUMBER, actor_id=actor and actor.pk, payload=payload)


def follows(*people):
    for person in people:
        subscriptions.follow_request(actor=by(person), number=NUMBER, is_muted=False)


def work(*, later=61, stop=None):
    spread([Mail()])
    let_pass(Letter.objects.filter(state=State.WAITING), later)
    for lane in Mail().lanes():
        Mail().run(lane, stop or Flag())


def parts(mail):
    found = [mail.get_body((kind,)).get_content() for kind in ("plain", "html")]
    return [text.replace("\r\n", "\n") for text in found]


def test_who_takes_part_gets_a_sentence_the_words_what_is_missing_and_a_button(server, ada, grace):
    follows(ada)
    happened(actor=grace, words="Looks <good>.\nShip it.", missing=["1 more approval is missing."])
    work()
    (mail,) = server.got
    assert mail["To"] == "ada@example.org"
    assert mail["Subject"] == "grace approved #7: Fraud version 2 to Production."
    assert mail["Auto-Submitted"] == "auto-generated"
    text, html = parts(mail)
    for words in (
        "grace approved #7",
        "> Looks <good>.\n> Ship it.",
        "- 1 more approval is missing.",
        "instead of version 1",
    ):
        assert words in text
    assert "Looks &lt;good&gt;." in html
    assert "<good>" not in html
    assert 'href="http://localhost:5000/checkpoint/promote-requests/7/"' in html
    assert Letter.objects.get().state == State.DONE


def test_nobody_is_told_of_what_they_did_themselves(server, ada, grace):
    follows(ada, grace)
    happened(actor=grace)
    work()
    assert [mail["To"] for mail in server.got] == ["ada@example.org"]


def test_what_happens_within_a_minute_is_one_mail_and_the_next_is_in_its_thread(server, ada):
    follows(ada)
    happened(sentence="grace commented on #7: Fraud version 2 to Production.")
    spread([Mail()])
    happened()
    spread([Mail()])
    assert len(set(Letter.objects.values_list("due_at", flat=True))) == 1
    work()
    (mail,) = server.got
    assert mail["Subject"] == "grace approved #7: Fraud version 2 to Production, and 1 more thing."
    assert parts(mail)[0].index("commented") < parts(mail)[0].index("approved")
    happened(Event.PROMOTED)
    work()
    first, second = server.got
    assert first["In-Reply-To"] == second["In-Reply-To"] == second["References"] == "<request-7@localhost>"
    assert first["Message-ID"] != second["Message-ID"]


def test_nothing_is_sent_before_the_minute_is_over(server, ada):
    follows(ada)
    happened()
    work(later=50)
    assert not server.got


def test_a_request_for_review_is_told_to_everybody_once_a_day_and_at_once_to_who_watches(server, ada, grace):
    subscriptions.watch_model(actor=by(grace), workspace="", model_name="Fraud")
    happened(Event.CREATED, sentence="linus asks for review of #7: Fraud version 2 to Production.")
    work()
    assert [mail["To"] for mail in server.got] == ["grace@example.org"]
    happened(Event.REOPENED, sentence="linus reopened #7: Fraud version 2 to Production.")
    work(later=100_000)
    digest = next(mail for mail in server.got if mail["To"] == "ada@example.org")
    assert digest["Subject"] == "2 things happened to 1 promote request."
    assert "linus asks for review of #7" in parts(digest)[0]
    assert "linus reopened #7" in parts(digest)[1]


@pytest.mark.parametrize(
    ("now", "due"),
    [
        (datetime(2026, 11, 27, 6, 59, tzinfo=UTC), datetime(2026, 11, 27, 7, tzinfo=UTC)),
        (datetime(2026, 11, 27, 7, 0, tzinfo=UTC), datetime(2026, 11, 28, 7, tzinfo=UTC)),
    ],
)
def test_the_mail_of_a_day_goes_out_at_seven(now, due):
    assert channel.next_digest(now) == due


@pytest.mark.parametrize(
    ("own", "default", "told"),
    [(None, None, 1), (Way.NOTHING, None, 0), (None, Way.NOTHING, 0), (Way.MAIL, Way.NOTHING, 1)],
)
def test_each_person_chooses_and_an_administrator_for_who_did_not(server, ada, own, default, told):
    follows(ada)
    if own:
        subscriptions.prefer(actor=by(ada), ways={Kind.DECISION: own})
    if default:
        subscriptions.set_defaults(actor=by(AdministratorFactory()), ways={Kind.DECISION: default})
    happened()
    work()
    assert len(server.got) == told


def test_who_has_muted_the_request_hears_nothing_of_it_even_if_they_watch_the_model(server, ada):
    subscriptions.watch_model(actor=by(ada), workspace="", model_name="Fraud")
    subscriptions.follow_request(actor=by(ada), number=NUMBER, is_muted=True)
    happened(Event.CREATED)
    happened()
    work(later=100_000)
    assert not server.got


def test_doing_something_does_not_end_muting(server, ada):
    subscriptions.follow_request(actor=by(ada), number=NUMBER, is_muted=True)
    happened(Event.COMMENTED, actor=ada)
    assert Subscription.objects.get(user=ada).is_muted


def test_who_is_away_or_has_no_address_gets_nothing(server, ada, grace):
    follows(ada, grace)
    type(ada).objects.filter(pk=ada.pk).update(is_active=False)
    type(grace).objects.filter(pk=grace.pk).update(email="")
    happened()
    work()
    assert not server.got


def test_a_promotion_is_one_mail_although_two_events_tell_of_it(server, ada):
    follows(ada)
    for event in (Event.PROMOTION_STARTED, Event.PROMOTED, Event.ROLLED_BACK):
        happened(event)
    spread([Mail()])
    assert Letter.objects.count() == 1


def test_a_message_that_is_spread_again_is_not_mailed_again(server, ada):
    follows(ada)
    one = happened()
    work()
    type(one).objects.update(state=State.WAITING)
    work()
    assert len(server.got) == 1


def test_what_the_server_does_not_take_is_tried_again_later(server, ada):
    follows(ada)
    server.refuses = True
    happened()
    work()
    letter = Letter.objects.get()
    assert (letter.state, letter.attempts) == (State.WAITING, 1)
    assert letter.error == "The mail server did not take it: SMTPDataError."
    server.refuses = False
    work(later=13)
    assert len(server.got) == 1


def test_a_worker_that_is_told_to_stop_begins_no_further_mail(server, ada):
    follows(ada)
    happened()
    stop = Flag()
    spread([Mail()])
    let_pass(Letter.objects.all(), 61)
    batch = channel.claiming.claim(Letter.objects.select_related("reader", "message"), 10)
    stop.set()
    assert not channel._send(batch, stop)
    assert not server.got
    assert channel.claiming.due(Letter.objects.all()).count() == 1


def test_without_a_mail_server_nothing_is_written(ada, settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"
    follows(ada)
    happened()
    spread([Mail()])
    assert not Letter.objects.exists()
    assert Mail().lanes() == []


def test_a_name_with_a_line_end_makes_no_header(server, ada):
    follows(ada)
    happened(sentence="eve\r\nBcc: everybody@example.org approved #7.")
    work()
    (mail,) = server.got
    assert mail["Bcc"] is None
    assert mail["Subject"] == "eve Bcc: everybody@example.org approved #7."


def test_one_press_without_signing_in_hears_no_more_of_that_request(server, ada):
    follows(ada)
    happened()
    work()
    (mail,) = server.got
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    (link,) = re.findall(r"<http://localhost:5000(/\S+)>", str(mail["List-Unsubscribe"]).replace("\n", ""))
    stranger = Client(enforce_csrf_checks=True, HTTP_HOST="localhost:5000", HTTP_ACCEPT="text/html")
    page = stranger.get(link)
    assert page.status_code == 200
    assert "Hear no more of #7?" in page.content.decode()
    assert not Subscription.objects.get(user=ada).is_muted
    assert stranger.post(link, {"List-Unsubscribe": "One-Click"}).status_code == 200
    assert Subscription.objects.get(user=ada).is_muted
    happened()
    work()
    assert len(server.got) == 1


def test_one_press_ends_the_mail_of_a_day_and_nothing_else(server, ada, grace):
    message(Event.CREATED, request_number=NUMBER, actor_id=grace.pk, payload=said("grace opened #7."))
    work(later=86_400)
    (mail,) = server.got
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    (link,) = re.findall(r"<http://localhost:5000(/\S+)>", str(mail["List-Unsubscribe"]).replace("\n", ""))
    stranger = Client(enforce_csrf_checks=True, HTTP_HOST="localhost:5000", HTTP_ACCEPT="text/html")
    assert "No more mail of the day?" in stranger.get(link).content.decode()
    before = subscriptions.ways_of(ada.pk)
    assert stranger.post(link, {"List-Unsubscribe": "One-Click"}).status_code == 200
    after = subscriptions.ways_of(ada.pk)
    assert {kind for kind in before if before[kind] != after[kind]} == {Kind.REVIEW}
    assert after[Kind.REVIEW] == Way.INBOX
    assert subscriptions.ways_of(grace.pk) == before
    message(Event.CREATED, request_number=NUMBER + 1, actor_id=grace.pk, payload=said("grace opened #8."))
    work(later=86_400)
    assert len(server.got) == 1


def test_a_link_that_nobody_of_ours_made_does_nothing(ada):
    follows(ada)
    link = unsubscribing.address(ada.pk, NUMBER).removeprefix("http://localhost:5000")
    stranger = Client(HTTP_HOST="localhost:5000", HTTP_ACCEPT="text/html")
    for wrong in (link[:-1], link.partition("?")[0], link.replace("token=", "token=x")):
        assert stranger.post(wrong).status_code == 400
    assert not Subscription.objects.get(user=ada).is_muted


def test_the_link_of_somebody_who_is_gone_is_none():
    link = unsubscribing.address(999_999, NUMBER).removeprefix("http://localhost:5000")
    stranger = Client(HTTP_HOST="localhost:5000", HTTP_ACCEPT="text/html")
    assert stranger.post(link).status_code == 400
    assert not Subscription.objects.exists()


def test_nothing_that_people_wrote_looks_like_what_checkpoint_says(server, ada):
    """Threat: a remark, or a model's name, with a line that leads somebody elsewhere."""
    follows(ada)
    lure = "Open the request: https://evil.example"
    happened(
        words=f"Fine.\r\n\r\n{lure}\r<b>x</b>",
        sentence=f"grace promoted #7: Fraud\n{lure}\r\nBcc: x@evil.example version 2 to Production.",
    )
    work()
    (got,) = server.got
    words = got.get_body(("plain",)).get_content().splitlines()
    assert not [line for line in words if line.startswith(("Open the request: https://evil", "Bcc"))]
    assert f"> {lure}" in words
    assert got["Bcc"] is None
    assert got["Subject"].startswith("grace promoted #7: Fraud Open the request")
    assert "<b>x</b>" not in got.get_body(("html",)).get_content()


def test_what_was_mailed_long_ago_goes(server, ada):
    follows(ada)
    happened()
    work()
    cleaning.clear_messages()
    assert Letter.objects.exists()
    long_ago = timezone.now() - timedelta(days=31)
    Letter.objects.update(finished_at=long_ago)
    type(Letter.objects.get().message).objects.update(finished_at=long_ago)
    cleaning.clear_messages()
    assert not Letter.objects.exists()
