"""Messages in the formats of Slack and Teams: the sentence, words, figures, what is missing, a button. Pure.

What people wrote goes only where the format reads no marks (`plain_text`, `TextRun`): nobody makes a link of it, nor
calls everybody in a channel.
"""

import json
from collections.abc import Sequence
from typing import Any

from notifications.figures import NOTHING, Figures

_LONGEST = 2_000
"""Characters of one text; Slack takes 3,000 in a block."""
_LARGEST = 27_000
"""Bytes of a message to Teams, which refuses more than 28 KB; as JSON in ASCII, where an emoji takes twelve."""
_MOST_MISSING = 10
"""Sentences about what is missing."""


def slack(payload: dict[str, Any], figures: Figures = NOTHING) -> dict[str, Any]:
    """Returns a message of Slack's incoming webhooks (Block Kit)."""
    blocks = [_section(text) for text in _texts(payload, figures)]
    if url := _url(payload):
        button = {"type": "button", "text": {"type": "plain_text", "text": "Open the request"}, "url": url}
        blocks.append({"type": "actions", "elements": [button]})
    # What a phone shows before it is opened. Here Slack looks for `<...>`, whatever `mrkdwn` says.
    text = payload["sentence"][:_LONGEST].replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return {"text": text, "mrkdwn": False, "blocks": blocks}


def teams(payload: dict[str, Any], figures: Figures = NOTHING) -> dict[str, Any]:
    """Returns a message of Teams' incoming webhooks and workflows: an Adaptive Card, version 1.4.

    Where it would be too large for Teams each text is shorter.
    """
    longest = _LONGEST
    while len(json.dumps(message := _card(payload, _texts(payload, figures, longest)))) > _LARGEST and longest > 1:
        longest //= 2
    return message


def _card(payload: dict[str, Any], texts: Sequence[str]) -> dict[str, Any]:
    first, *others = texts
    card: dict[str, Any] = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": [_rich(first, weight="Bolder", size="Medium"), *map(_rich, others)],
    }
    if url := _url(payload):
        card["actions"] = [{"type": "Action.OpenUrl", "title": "Open the request", "url": url}]
    attachment = {"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": None, "content": card}
    return {"type": "message", "attachments": [attachment]}


def _texts(payload: dict[str, Any], figures: Figures, longest: int = _LONGEST) -> list[str]:
    """Returns what a message says, a paragraph each, the sentence first."""
    texts = [
        payload["sentence"],
        payload.get("words", ""),
        figures.strip,
        _points("What changed most:", [row.line for row in figures.rows]),
        _points("Still missing:", payload.get("missing", [])[:_MOST_MISSING]),
    ]
    return [text[:longest] for text in texts if text]


def _points(title: str, points: Sequence[str]) -> str:
    return "\n".join([title, *(f"• {point}" for point in points)]) if points else ""


def _url(payload: dict[str, Any]) -> str:
    return str(payload.get("promote_request", {}).get("url", ""))


def _section(text: str) -> dict[str, Any]:
    return {"type": "section", "text": {"type": "plain_text", "text": text, "emoji": False}}


def _rich(text: str, **options: str) -> dict[str, Any]:
    return {"type": "RichTextBlock", "inlines": [{"type": "TextRun", "text": text, **options}]}
