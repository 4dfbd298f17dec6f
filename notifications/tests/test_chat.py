"""Messages for Slack and Teams keep to what their documentation allows, whatever people wrote."""

import json

import jsonschema
import pytest

from notifications.choices import Format
from notifications.models import Webhook
from notifications.tests.factories import message
from notifications.webhooks import chat, envelope

PLAIN = {
    "type": "object",
    "properties": {
        "type": {"const": "plain_text"},
        "text": {"type": "string", "minLength": 1, "maxLength": 3000},
        "emoji": {"type": "boolean"},
    },
    "required": ["type", "text"],
    "additionalProperties": False,
}
BUTTON = {
    "type": "object",
    "properties": {
        "type": {"const": "button"},
        "text": {"allOf": [PLAIN, {"properties": {"text": {"maxLength": 75}}}]},
        "url": {"type": "string", "pattern": "^https?://", "maxLength": 3000},
    },
    "required": ["type", "text"],
    "additionalProperties": False,
}
SECTION = {
    "type": "object",
    "properties": {"type": {"const": "section"}, "text": PLAIN},
    "required": ["type", "text"],
    "additionalProperties": False,
}
ACTIONS = {
    "type": "object",
    "properties": {"type": {"const": "actions"}, "elements": {"type": "array", "items": BUTTON, "maxItems": 25}},
    "required": ["type", "elements"],
    "additionalProperties": False,
}
SLACK = {
    "type": "object",
    "properties": {
        "text": {"type": "string", "maxLength": 40_000},
        "mrkdwn": {"type": "boolean"},
        "blocks": {"type": "array", "items": {"oneOf": [SECTION, ACTIONS]}, "minItems": 1, "maxItems": 50},
    },
    "required": ["text", "blocks"],
    "additionalProperties": False,
}
"""Slack's reference of Block Kit, as far as it is used."""

RUN = {
    "type": "object",
    "properties": {
        "type": {"const": "TextRun"},
        "text": {"type": "string"},
        "weight": {"enum": ["Lighter", "Default", "Bolder"]},
        "size": {"enum": ["Small", "Default", "Medium", "Large", "ExtraLarge"]},
    },
    "required": ["type", "text"],
    "additionalProperties": False,
}
RICH = {
    "type": "object",
    "properties": {"type": {"const": "RichTextBlock"}, "inlines": {"type": "array", "items": RUN, "minItems": 1}},
    "required": ["type", "inlines"],
    "additionalProperties": False,
}
OPEN = {
    "type": "object",
    "properties": {
        "type": {"const": "Action.OpenUrl"},
        "title": {"type": "string"},
        "url": {"type": "string", "pattern": "^https?://"},
    },
    "required": ["type", "url"],
    "additionalProperties": False,
}
CARD = {
    "type": "object",
    "properties": {
        "$schema": {"const": "http://adaptivecards.io/schemas/adaptive-card.json"},
        "type": {"const": "AdaptiveCard"},
        "version": {"enum": ["1.0", "1.1", "1.2", "1.3", "1.4"]},
        "body": {"type": "array", "items": RICH, "minItems": 1},
        "actions": {"type": "array", "items": OPEN, "maxItems": 6},
    },
    "required": ["type", "version", "body"],
    "additionalProperties": False,
}
ATTACHMENT = {
    "type": "object",
    "properties": {
        "contentType": {"const": "application/vnd.microsoft.card.adaptive"},
        "contentUrl": {"type": "null"},
        "content": CARD,
    },
    "required": ["contentType", "content"],
    "additionalProperties": False,
}
TEAMS = {
    "type": "object",
    "properties": {"type": {"const": "message"}, "attachments": {"type": "array", "items": ATTACHMENT, "minItems": 1}},
    "required": ["type", "attachments"],
    "additionalProperties": False,
}
"""Microsoft's schema of Adaptive Cards 1.4 and of incoming webhooks, as far as they are used."""

EVIL = "<!channel> <https://evil.example|Approved> *bold* _x_ `code` [link](https://evil.example) & @everyone\n> quote"
URL = "http://localhost:5000/checkpoint/promote-requests/7/"


def payload(**more):
    said = "grace approved #7: Fraud version 2 to Production."
    return {"sentence": said, "words": "", "missing": [], "promote_request": {"url": URL}} | more


PAYLOADS = [
    payload(),
    payload(words=EVIL, missing=[EVIL] * 40),
    payload(sentence=EVIL * 40, words="&<>" * 20_000, missing=["x" * 5_000] * 20),
    {"sentence": "If you can read this, the webhook works.", "webhook": 1},
]


@pytest.mark.parametrize("said", PAYLOADS)
@pytest.mark.parametrize(("make", "schema"), [(chat.slack, SLACK), (chat.teams, TEAMS)])
def test_messages_keep_to_the_format(make, schema, said):
    made = make(said)
    jsonschema.validate(made, schema)
    assert len(json.dumps(made)) < 28_000


@pytest.mark.parametrize("letter", ["ä", "\u8a9e", "\U0001f680", "\\", '"'])
def test_teams_gets_no_more_than_it_takes_in_whatever_script_people_write(letter):
    made = chat.teams(payload(sentence=letter * 500, words=letter * 2_000, missing=[letter * 2_000] * 9))
    jsonschema.validate(made, TEAMS)
    assert len(json.dumps(made)) < 28_000
    assert URL in json.dumps(made)


def test_slacks_preview_is_no_longer_than_a_text():
    assert len(chat.slack(payload(sentence="<" * 50_000))["text"]) <= 2_000 * len("&lt;")


def test_slack_reads_no_mark_of_what_people_wrote():
    made = chat.slack(payload(sentence=EVIL, words=EVIL))
    assert {block["text"]["type"] for block in made["blocks"] if "text" in block} == {"plain_text"}
    assert "<" not in made["text"]
    assert ">" not in made["text"]
    assert made["text"].startswith("&lt;!channel&gt;")
    assert made["mrkdwn"] is False


def test_teams_reads_no_mark_of_what_people_wrote():
    card = chat.teams(payload(sentence=EVIL, words=EVIL))["attachments"][0]["content"]
    assert {block["type"] for block in card["body"]} == {"RichTextBlock"}  # of which runs are read as they are
    assert [block["inlines"][0]["text"] for block in card["body"]] == [EVIL, EVIL]


def test_what_is_missing_and_the_button_are_there():
    said = payload(words="Why?", missing=["1 more approval is missing.", "ci/evals has not been reported."])
    texts = [block["text"]["text"] for block in chat.slack(said)["blocks"] if "text" in block]
    assert texts[1:] == ["Why?", "Still missing:\n• 1 more approval is missing.\n• ci/evals has not been reported."]
    assert chat.slack(said)["blocks"][-1]["elements"][0]["url"] == URL
    assert chat.teams(said)["attachments"][0]["content"]["actions"][0]["url"] == URL


@pytest.mark.django_db
@pytest.mark.parametrize(("kind", "schema"), [(Format.SLACK, SLACK), (Format.TEAMS, TEAMS)])
def test_a_webhook_gets_what_its_receiver_reads(kind, schema):
    hook = Webhook(pk=1, format=kind, url="https://hooks.example/x")
    jsonschema.validate(json.loads(envelope.body_of(message(), hook)), schema)
    jsonschema.validate(json.loads(envelope.ping(hook)), schema)
    assert json.loads(envelope.body_of(message(), Webhook(pk=1)))["entity"] == "promote_request"
