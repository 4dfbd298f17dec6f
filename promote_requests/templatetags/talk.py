"""The template tags of the conversation: marks of rows that have threads, and the way to comment on a row."""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote_plus

from django import template
from django.template import Context
from django.urls import reverse
from django.utils.html import escape, format_html, format_html_join
from django.utils.safestring import SafeString

from evidence.prompts import DiffLine
from evidence.texts import visible
from promote_requests import sentences
from promote_requests.choices import AnchorKind
from promote_requests.pages.talk.threads import Talk, ThreadView, row_id
from promote_requests.services.conversation.anchoring import line_key
from promote_requests.templatetags.pages import icon

register = template.Library()

_MOST_LINES = 1_000
_GROUPS = {"metrics": "metric", "parameters": "parameter", "tags": "tag"}
_LABELS = {str(kind): str(kind.label) for kind in AnchorKind}
_NOTHING = SafeString()
_WAY = "checkpoint.talk.way"


@register.simple_tag(takes_context=True)
def talk_about(context: Context, kind: str, key: str) -> SafeString:
    """Returns the mark of a row that has threads, and the way to comment on it; nothing on pages without either.

    A page has thousands of rows, of which few have threads: what all of them share is made once.

    Args:
        context: The page's; it has `talk` where there is a conversation.
        kind: An `AnchorKind`, or the group of rows, of which not all kinds can be commented on.
        key: The row's name.
    """
    talk: Talk | None = context.get("talk")
    if talk is None:
        return _NOTHING
    kind = _GROUPS.get(kind, kind)
    if kind not in _LABELS or not key.strip():
        return _NOTHING
    if kind == AnchorKind.PROMPT:
        key = line_key(key)
    if not talk.may_open and not talk.on(kind, key):
        return _NOTHING
    way = context.render_context.get(_WAY)
    if way is None:
        way = context.render_context[_WAY] = Way.of(talk)
    return row_mark(talk, kind, key, way=way)


@dataclass(frozen=True, slots=True)
class Way:
    """What the ways to comment on any row have in common.

    Attributes:
        address: Of the page on which a thread is opened, as it stands in an attribute.
    """

    address: str
    icon: str

    @classmethod
    def of(cls, talk: Talk) -> "Way":
        """Returns that of a conversation."""
        return cls(escape(reverse("promote_requests:new_thread", args=[talk.number])), icon("add_comment"))


def row_mark(talk: Talk, kind: str, key: str, *, way: Way, swaps: bool = False) -> SafeString:
    """Returns the mark of a row, with its id; `swaps` has htmx put it where it was."""
    name = f"{_LABELS[kind]} {sentences.shortened(key, 80)}"
    threads = talk.on(kind, key)
    mark = _thread_mark(threads, name) if threads else ""
    add = _add_mark(way, kind, key, name) if talk.may_open else ""
    swap = ' hx-swap-oob="true"' if swaps else ""
    return SafeString(f' <span class="talk" id="{row_id(kind, key)}"{swap}>{mark}{add}</span>')


def _thread_mark(threads: Sequence[ThreadView], name: str) -> SafeString:
    open_ones = [thread for thread in threads if not thread.is_resolved] or threads
    blocking = sum(thread.is_blocking and not thread.is_resolved for thread in threads)
    return format_html(
        '<a class="talk-mark{}" href="#thread-{}">{}<span aria-hidden="true">{}</span>'
        '<span class="visually-hidden">{} on {}</span></a>',
        " tone-bad" if blocking else "",
        open_ones[0].pk,
        icon("comment"),
        len(threads),
        sentences.row_threads(len(threads), blocking),
        name,
    )


def _add_mark(way: Way, kind: str, key: str, name: str) -> str:
    # Put together by hand, each part escaped: `format_html` takes several times as long.
    shown = escape(name)
    return (
        f'<a class="talk-add" href="{way.address}?anchor_kind={kind}&amp;anchor_key={quote_plus(key)}"'
        f' data-anchor-kind="{kind}" data-anchor-key="{escape(key)}" data-about="{shown}" title="Comment on this row">'
        f'{way.icon}<span class="visually-hidden">Comment on {shown}</span></a>'
    )


@register.simple_tag(takes_context=True)
def changed_marks(context: Context) -> SafeString:
    """Returns the marks of all rows that have threads, to take the place of those on the page."""
    talk: Talk = context["talk"]
    way = Way.of(talk)
    return format_html_join("", "{}", ((row_mark(talk, kind, key, way=way, swaps=True),) for kind, key in talk.by_row))


@register.filter
def whole_lines(text: str) -> list[DiffLine]:
    """Returns the lines of a text that is shown whole, so that each can be commented on; none of a very long one."""
    lines = text.split("\n", _MOST_LINES)
    return [DiffLine("whole", visible(line)) for line in lines] if len(lines) <= _MOST_LINES else []
