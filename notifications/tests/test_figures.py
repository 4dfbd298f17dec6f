"""The figures in mails and chats: from the evidence that was kept, hostile names and all."""

import json
from threading import Event as Flag

import jsonschema
import pytest
from django.core import mail
from django.utils import timezone

from notifications.choices import Event, Format, State
from notifications.figures import NOTHING, Figure, Figures, figures_of, tells_figures
from notifications.mail.channel import Mail
from notifications.models import Delivery, Letter, Message
from notifications.tests.factories import let_pass
from notifications.tests.test_chat import EVIL, SLACK, TEAMS
from notifications.webhooks import chat, services
from notifications.webhooks.channel import Webhooks
from notifications.worker.spreading import spread
from promote_requests import services as requests
from promote_requests.choices import Verdict
from testing.factories import PromoteRequestFactory, by
from testing.people import AdministratorFactory

pytestmark = pytest.mark.django_db
HOSTILE = "<b>auc</b> *x* [y](https://evil.example) <!channel>\nStill missing: nothing \u202e&amp;"


@pytest.fixture
def asked(registry, ada, grace, settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    names = ("accuracy", "loss", "f1", "recall", "precision", "latency")
    old = dict.fromkeys(names, 100.0)
    new = {name: 100.0 + step for step, name in enumerate(names, start=1)}
    registry.add_version("Fraud", stage="Production", metrics=old | {HOSTILE: 1.0, "same": 1.0})
    registry.add_version("Fraud", metrics=new | {HOSTILE: 3.0, "same": 1.0, "new": 1.0})
    return PromoteRequestFactory(actor=ada)


def mailed(asked, who):
    requests.review(actor=by(who), promote_request=asked, verdict=Verdict.REQUEST_CHANGES, body="Why?")
    spread([Mail()])
    let_pass(Letter.objects.filter(state=State.WAITING), 61)
    for lane in Mail().lanes():
        Mail().run(lane, Flag())
    return mail.outbox[-1]


def test_the_five_that_changed_most_are_told_with_the_line_that_the_page_has(asked, ada, grace, client):
    found = figures_of(asked.evidence_digest)
    assert [row.name for row in found.rows][1:] == ["latency", "precision", "recall", "f1"]
    assert found.rows[1] == Figure("latency", "100", "106", "+6 %", "worse")
    assert found.rows[1].line == "latency: 100 → 106 (+6 %), worse"
    client.force_login(grace)
    page = client.get(asked.get_absolute_url()).content.decode()
    for part in found.strip.removesuffix(".").split("; "):
        assert part.casefold() in page.casefold()


@pytest.mark.parametrize("digest", ["", "0" * 64])
def test_what_cannot_be_read_is_left_out(digest):
    assert figures_of(digest) == NOTHING


def test_without_a_champion_there_is_nothing_to_compare(registry, ada):
    registry.add_version("Fraud", metrics={"auc": 1.0})
    asked = PromoteRequestFactory(actor=ada, version="1")
    assert figures_of(asked.evidence_digest) == NOTHING


def test_what_is_kept_is_read_once(asked, django_assert_num_queries):
    figures_of(asked.evidence_digest)
    with django_assert_num_queries(0):
        figures_of(asked.evidence_digest)


def test_a_mail_has_the_decision_and_the_figures_and_one_button(asked, grace):
    found = mailed(asked, grace)
    text, html = found.body, found.alternatives[0].content
    assert "Changes requested." in text
    assert "- latency: 100 → 106 (+6 %), worse" in text
    assert "5 metrics" in text or "metrics worse" in text or "metrics better" in text
    assert html.count('class="button"') == 1
    assert ">100 → 106</td>" in html
    assert "+6 % worse" in html


def test_a_name_is_a_name_in_every_format(asked, grace):
    admin = by(AdministratorFactory())
    for format in (Format.SLACK, Format.TEAMS):
        services.create(actor=admin, url="https://hooks.example/x", format=format)
    found = mailed(asked, grace)
    text, html = found.body, found.alternatives[0].content
    shown = next(line for line in text.splitlines() if "auc" in line)
    assert "Still missing: nothing" in shown  # not at the beginning of a line of its own
    assert "\u202e" not in text
    assert "&lt;b&gt;auc&lt;/b&gt;" in html
    assert "<b>auc" not in html
    Message.objects.update(state=State.WAITING, due_at=timezone.now())
    spread([Webhooks()])
    slack, teams = (
        [json.loads(each.body) for each in Delivery.objects.filter(webhook__format=format)]
        for format in (Format.SLACK, Format.TEAMS)
    )
    for made, schema in ((slack, SLACK), (teams, TEAMS)):
        assert made
        for each in made:
            jsonschema.validate(each, schema)
        assert "latency: 100 → 106" in json.dumps(made, ensure_ascii=False)


@pytest.mark.parametrize(("make", "schema"), [(chat.slack, SLACK), (chat.teams, TEAMS)])
def test_figures_of_any_length_keep_to_the_format(make, schema):
    rows = tuple(Figure(EVIL * 3, "1" * 400, "2" * 400, "+1 %", "worse") for _ in range(5))
    payload = {"sentence": "x", "words": EVIL * 900, "missing": [EVIL * 9] * 9, "promote_request": {"url": "http://x/"}}
    made = make(payload, Figures(EVIL * 200, rows))
    jsonschema.validate(made, schema)
    assert len(json.dumps(made)) < 28_000


def test_what_people_write_to_each_other_is_told_without_figures(asked, ada, grace):
    assert not tells_figures(Event.COMMENTED)
    requests.comment(actor=by(grace), promote_request=asked, body="Hello.")
    spread([Mail()])
    let_pass(Letter.objects.filter(state=State.WAITING), 61)
    Letter.objects.exclude(message__event=Event.COMMENTED).delete()
    for lane in Mail().lanes():
        Mail().run(lane, Flag())
    assert "What changed most" not in mail.outbox[-1].body
