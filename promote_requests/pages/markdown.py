"""Renders the Markdown of descriptions, reviews and comments, safe to show to others."""

from collections.abc import Sequence

import nh3
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt
from markdown_it.token import Token

_TAGS = {
    *("a", "blockquote", "br", "code", "del", "em", "h3", "h4", "h5", "h6", "hr", "img", "li", "ol", "p", "pre", "s"),
    *("strong", "table", "tbody", "td", "th", "thead", "tr", "ul"),
}
_ATTRIBUTES = {"a": {"href", "title"}, "img": {"src", "alt", "title"}, "ol": {"start"}}
_BOXES = {"[ ] ": "☐", "[x] ": "☑"}
_SCHEMES = {"http", "https", "mailto"}

_parser = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])


def render(text: str) -> SafeString:
    """Returns safe HTML of a Markdown text.

    Two checks do the same work, in case one fails: the parser escapes the writer's HTML, and the sanitiser allows only
    a short list of elements. Pictures are shown from this server only, because one from elsewhere would tell its owner
    who reads the request. Links carry `rel="nofollow noopener noreferrer"`. Headings start at the third level, because
    the page has the first two.
    """
    tokens = _parser.parse(text)
    for token in tokens:
        if token.type in {"heading_open", "heading_close"}:
            token.tag = f"h{min(int(token.tag[1]) + 2, 6)}"
    _tick(tokens)
    html = _parser.renderer.render(tokens, _parser.options, {})
    clean = nh3.clean(
        html,
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        attribute_filter=_only_own_pictures,
        url_schemes=_SCHEMES,
        link_rel="nofollow noopener noreferrer",
    )
    return mark_safe(clean)  # noqa: S308 - the sanitiser above makes it safe


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
