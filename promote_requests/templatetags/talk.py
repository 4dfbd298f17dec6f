"""The template tags of the conversation: marks of rows that have threads, and the way to comment on a row."""

from urllib.parse import urlencode

from django import template
from django.template import Context
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from evidence.prompts import DiffLine
from evidence.texts import visible
from promote_requests import sentences
from promote_requests.choices import AnchorKind
from promote_requests.pages.talk.threads import Talk, row_id
from promote_requests.services.conversation.anchoring import line_key
from promote_requests.templatetags.pages import icon

register = template.Library()

_MOST_LINES = 1_000
_GROUPS = {"metrics": AnchorKind.METRIC, "parameters": AnchorKind.PARAMETER, "tags": AnchorKind.TAG}


@register.simple_tag(takes_context=True)
def talk_about(context: Context, kind: str, key: str) -> SafeString:
    """Returns the mark of a row that has threads, and the way to comment on it; nothing on pages without either.

    Args:
        context: The page's; it has `talk` where there is a conversation.
        kind: An `AnchorKind`, or the group of rows, of which not all kinds can be commented on.
        key: The row's name.
    """
    talk, kind = context.get("talk"), _GROUPS.get(kind, kind)
    if talk is None or kind not in AnchorKind.values or not key.strip():
        return SafeString()
    if kind == AnchorKind.PROMPT:
        key = line_key(key)
    return row_mark(talk, kind, key, at=row_id(kind, key))


def row_mark(talk: Talk, kind: str, key: str, *, at: str, swaps: bool = False) -> SafeString:
    """Returns the mark of a row, with its id; `swaps` has htmx put it where it was."""
    name = f"{AnchorKind(kind).label} {sentences.shortened(key, 80)}"
    threads = talk.on(kind, key)
    open_ones = [thread for thread in threads if not thread.is_resolved] or threads
    mark = SafeString()
    if threads:
        blocking = sum(thread.is_blocking and not thread.is_resolved for thread in threads)
        mark = format_html(
            '<a class="talk-mark{}" href="#thread-{}">{}<span aria-hidden="true">{}</span>'
            '<span class="visually-hidden">{} on {}</span></a>',
            " tone-bad" if blocking else "",
            open_ones[0].pk,
            icon("comment"),
            len(threads),
            sentences.row_threads(len(threads), blocking),
            name,
        )
    add = SafeString()
    if talk.may_open:
        asked = urlencode({"anchor_kind": kind, "anchor_key": key})
        add = format_html(
            '<a class="talk-add" href="{}?{}" data-anchor-kind="{}" data-anchor-key="{}" data-about="{}"'
            ' title="Comment on this row">{}<span class="visually-hidden">Comment on {}</span></a>',
            reverse("promote_requests:new_thread", args=[talk.number]),
            asked,
            kind,
            key,
            name,
            icon("add_comment"),
            name,
        )
    swap = SafeString(' hx-swap-oob="true"') if swaps else ""
    return format_html(' <span class="talk" id="{}"{}>{}{}</span>', at, swap, mark, add)


@register.simple_tag(takes_context=True)
def changed_marks(context: Context) -> SafeString:
    """Returns the marks of all rows that have threads, to take the place of those on the page."""
    talk: Talk = context["talk"]
    marks = ((row_mark(talk, kind, key, at=row_id(kind, key), swaps=True),) for kind, key in talk.by_row)
    return format_html_join("", "{}", marks)


@register.filter
def whole_lines(text: str) -> list[DiffLine]:
    """Returns the lines of a text that is shown whole, so that each can be commented on; none of a very long one."""
    lines = text.split("\n", _MOST_LINES)
    return [DiffLine("whole", visible(line)) for line in lines] if len(lines) <= _MOST_LINES else []
