"""Renders the Markdown of descriptions, reviews and comments, safe to show to others."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final
from urllib.parse import urlencode

import nh3
from django.urls import reverse
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from markdown_it.token import Token

from accounts.directory import MENTION, NOBODY, Known, known, named_in, readings
from promote_requests.services.conversation.words import PARSER, prose, prose_tokens

_TAGS = {
    *("a", "blockquote", "br", "code", "del", "em", "h3", "h4", "h5", "h6", "hr", "img", "li", "ol", "p", "pre", "s"),
    *("span", "strong", "table", "tbody", "td", "th", "thead", "tr", "ul"),
}
_ATTRIBUTES = {"a": {"href", "title"}, "img": {"src", "alt", "title"}, "ol": {"start"}}
_MENTIONED: Final = "mention"
_BOXES = {"[ ] ": "☐", "[x] ": "☑"}
_SCHEMES = {"http", "https", "mailto"}


def render(text: str, people: Known = NOBODY) -> SafeString:
    """Returns safe HTML of a Markdown text.

    Two checks do the same work, in case one fails: the parser escapes the writer's HTML, and the sanitiser allows only
    a short list of elements. Pictures are shown from this server only, because one from elsewhere would tell its owner
    who reads the request. Links carry `rel="nofollow noopener noreferrer"`. Headings start at the third level, because
    the page has the first two.

    Args:
        text: What somebody wrote.
        people: Who is shown as mentioned where they are named outside of code and links; see `people_in`.
    """
    tokens = PARSER.parse(text)
    for token in tokens:
        if token.type in {"heading_open", "heading_close"}:
            token.tag = f"h{min(int(token.tag[1]) + 2, 6)}"
    _tick(tokens)
    if people != NOBODY:
        _mark_mentions(tokens, people)
    html = PARSER.renderer.render(tokens, PARSER.options, {})
    clean = nh3.clean(
        html,
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        attribute_filter=_only_own_pictures,
        allowed_classes={"span": {_MENTIONED}},
        url_schemes=_SCHEMES,
        link_rel="nofollow noopener noreferrer",
    )
    return mark_safe(clean)  # noqa: S308 - the sanitiser above makes it safe


def people_in(texts: Iterable[str]) -> Known:
    """Returns who of those that texts name is there, in two queries at most, none where nobody is named."""
    named = named_in(words for text in texts for words in prose(text))
    return known(named) if named else NOBODY


def _mark_mentions(tokens: Sequence[Token], people: Known) -> None:
    """Puts the mentions of people and groups who are there into elements of their own; of people they are links."""
    # From the last one on, so that the positions before it stay as they are.
    for line, position in reversed(list(prose_tokens(tokens))):
        children = line.children or []
        pieces = list(_pieces(children[position].content, people))
        if len(pieces) > 1:
            line.children = [*children[:position], *pieces, *children[position + 1 :]]


def _pieces(text: str, people: Known) -> Iterator[Token]:
    done = 0
    for match in MENTION.finditer(text):
        meant = next(((named, end) for named, end in readings(match) if people.has(named)), None)
        if meant is None:
            continue
        named, end = meant
        yield Token("text", "", 0, content=text[done : match.start()])
        # Made here of a name that is there, escaped, and cleaned like everything else.
        chip = f'<span class="{_MENTIONED}">{escape(text[match.start() : end])}</span>'
        if not named.is_group:
            asked = urlencode({"q": f"author:{named.name}"})
            chip = f'<a href="{escape(reverse("promote_requests:list"))}?{escape(asked)}">{chip}</a>'
        yield Token("html_inline", "", 0, content=chip)
        done = end
    yield Token("text", "", 0, content=text[done:])


def _tick(tokens: Sequence[Token]) -> None:
    """Turns `[ ]` and `[x]` at the beginning of an item of a list into boxes, as GitHub's Markdown does."""
    for item, paragraph, inline in zip(tokens, tokens[1:], tokens[2:], strict=False):
        begins = item.type == "list_item_open" and paragraph.type == "paragraph_open" and inline.children
        first = inline.children[0] if begins and inline.children else None
        if first is not None and first.type == "text" and (box := _BOXES.get(first.content[:4].lower())):
            first.content = f"{box} {first.content[4:]}"


def _only_own_pictures(element: str, attribute: str, value: str) -> str | None:
    if element == "img" and attribute == "src":
        return value if value.startswith("/") and not value.startswith("//") else None
    return value
