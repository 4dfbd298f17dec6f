"""The template tags and filters of the pages."""

import re
from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from urllib.parse import urlsplit

from django import template
from django.template import Context
from django.template.defaultfilters import filesizeformat
from django.templatetags.static import static
from django.utils import timezone
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString
from django.utils.timesince import timesince

from accounts.directory import NOBODY, Known
from evidence.directions.wanted import Wanted
from evidence.metrics.arrange import Arranged, View, arrange
from evidence.metrics.compare import MetricRow
from evidence.numbers import Value
from evidence.observe import Evidence
from evidence.pages import FIRST, Shown, shown
from evidence.rows import Group, Row
from evidence.texts import visible
from promote_requests import links, sentences
from promote_requests.choices import ReviewDecision, Status
from promote_requests.decision import Decision
from promote_requests.models import PromoteRequest
from promote_requests.pages import markdown
from protection.matching import FrozenRule, Rule
from registry.measurements import Measurement
from registry.targets import TargetKind
from registry.types import Family, FileEntry, RegisteredModel

register = template.Library()

_KILOBYTE = 1024
_FOLDED = 20
"""Rows of very many that are shown below a fold."""
_UP_TO_A_JOINT = re.compile(r".+?(?:[_/.:]+|$)", re.DOTALL)

_STATUS_TONES = {
    Status.DRAFT: "quiet",
    Status.OPEN: "good",
    Status.PROMOTING: "warn",
    Status.PROMOTED: "accent",
    Status.CLOSED: "quiet",
}
_KINDS = {Family.SKILL: "Skill", Family.SERVER: "MCP server"}
_DECISIONS = {
    ReviewDecision.REVIEW_REQUIRED: ("waiting", "warn"),
    ReviewDecision.CHANGES_REQUESTED: ("request_changes", "bad"),
    ReviewDecision.APPROVED: ("approve", "good"),
}


register.filter("promotion", sentences.promotion)
register.filter("made", sentences.made)


@register.simple_tag
def icon(name: str, label: str = "") -> SafeString:
    """Returns a picture from `icons.svg`, hidden from screen readers unless it has a label of its own."""
    return _picture(static("checkpoint/img/icons.svg"), name, label)


@lru_cache(maxsize=1_024, typed=True)  # of what is safe and what is to be escaped each its own
def _picture(sprite: str, name: str, label: str) -> SafeString:
    # Kept: a list has several of the same in each row.
    if label:
        return format_html(
            '<svg class="icon" role="img" aria-label="{}" stroke-width="1.75"><use href="{}#{}"/></svg>',
            label,
            sprite,
            name,
        )
    return format_html(
        '<svg class="icon" aria-hidden="true" stroke-width="1.75"><use href="{}#{}"/></svg>', sprite, name
    )


@register.filter
def ago(moment: datetime | None) -> SafeString | str:
    """Returns how long ago `moment` was, with the exact time in UTC on hover; "" for None."""
    if moment is None:
        return ""
    seconds = (timezone.now() - moment).total_seconds()
    words = "just now" if seconds < 60 else f"{timesince(moment, depth=1)} ago"
    return format_html(
        '<time datetime="{}" title="{} UTC">{}</time>',
        moment.isoformat(timespec="seconds"),
        moment.strftime("%Y-%m-%d %H:%M:%S"),
        words,
    )


@register.filter
def wrappable(name: object) -> SafeString:
    """Returns a name that may break after `_`, `/`, `.` and `:`, and not within a word.

    A browser takes a name such as `validation/mean_absolute_error` for one word. Characters that show nothing, or turn
    how others read, are spelled out: two names that differ never look alike.
    """
    # Each part escaped by itself, without a format: a page has hundreds.
    return SafeString("<wbr>".join(map(escape, _UP_TO_A_JOINT.findall(visible(str(name))))))


@register.simple_tag
def file_address(evidence: Evidence, path: str, workspace: str) -> str:
    """Returns the path of the page of one file of both versions."""
    new, champion = evidence.challenger.version, evidence.champion
    old = None if champion is None else (champion.version.name, champion.version.version)
    return links.file_path((new.name, new.version), old, path, workspace)


@register.simple_tag
def file_size(file: FileEntry, beside: FileEntry | None) -> SafeString | str:
    """Returns how large a file is, in bytes where it would read like another size of the other side's file."""
    exact, text = f"{file.size:,}\xa0bytes", filesizeformat(file.size)
    if file.size < _KILOBYTE:
        return text
    if beside and beside.size != file.size and filesizeformat(beside.size) == text:
        return exact
    return format_html('<span title="{}">{}</span>', exact, text)


@register.simple_tag(takes_context=True)
def first_rows(context: Context, rows: Sequence[Row]) -> Shown[Row]:
    """Returns the rows that a page shows at once: those that a person reads, or a page of all of them.

    What was cut already is shown whole. Of very many that are folded, few: most readers never unfold what is equal.
    """
    if context.get("is_whole"):
        return Shown(rows, 0, len(rows), 0)
    is_few = context.get("is_folded") and len(rows) > FIRST
    return shown(rows, context.get("rows_page") or 0, first=_FOLDED if is_few else FIRST)


@register.simple_tag(takes_context=True)
def arranged_metrics(context: Context, group: Group) -> Arranged:
    """Returns the metrics as the address asks for them, cut as `first_rows` cuts."""
    rows = [row for row in group.rows if isinstance(row, MetricRow)]
    return arrange(rows, context.get("metrics_view") or View(), page=context.get("rows_page") or 0)


@register.simple_tag(takes_context=True)
def other_fields(context: Context, *names: str) -> list[tuple[str, str]]:
    """Returns the fields of the page's address but these, for a form that keeps them."""
    request = context.get("request")
    asked = request.GET.items() if request is not None else ()
    return [(name, value) for name, value in asked if name not in names]


@register.filter
def host(address: str) -> str:
    """Returns the host of a web address, so that a reader sees where a link leads."""
    return urlsplit(address).netloc


@register.filter
def is_shortened(value: Value) -> bool:
    """Tells whether a value has more digits than its text shows, so that it needs a tooltip."""
    text = value.text.removeprefix("+").removesuffix(" %")
    return text not in (value.exact, value.exact.removesuffix(".0"))


@register.filter
def how_measured(measurement: Measurement) -> str:
    """Returns at which step, where and on which data a metric was measured."""
    return sentences.how_measured(measurement)


@register.filter
def direction_from(wanted: Wanted) -> str:
    """Returns where it comes from that some values of a metric are better."""
    return sentences.direction_from(wanted)


@register.filter
def says_otherwise(measurement: Measurement) -> str:
    """Returns what the other place, run or logged model, has."""
    return sentences.says_otherwise(measurement)


@register.filter
def markdown_html(text: str, people: Known | str = NOBODY) -> SafeString:
    """Returns `text` rendered from Markdown, safe to show, with the mentions of those who are there."""
    return markdown.render(text, people or NOBODY)  # type: ignore[arg-type]  # "" where a page knows of nobody


@register.simple_tag
def status_icon(promote_request: PromoteRequest) -> SafeString:
    """Returns the picture of a request's status, with the status as its label."""
    tone = _STATUS_TONES[Status(promote_request.status)]
    picture = icon(promote_request.status, sentences.standing(promote_request))
    return format_html('<span class="status tone-{}">{}</span>', tone, picture)


@register.simple_tag
def status_pill(promote_request: PromoteRequest) -> SafeString:
    """Returns a request's status as picture and word."""
    tone = _STATUS_TONES[Status(promote_request.status)]
    return format_html(
        '<span class="status pill tone-{}">{}{}</span>',
        tone,
        icon(promote_request.status),
        sentences.standing(promote_request),
    )


@register.simple_tag
def decision_mark(decision: Decision) -> SafeString:
    """Returns a review decision as picture and words."""
    picture, tone = _DECISIONS[decision.decision]
    if decision.label != decision.decision.label:
        picture, tone = "warning", "bad"
    return format_html('<span class="verdict tone-{}">{}{}</span>', tone, icon(picture), decision.label)


@register.simple_tag
def destination_mark(promote_request: PromoteRequest) -> SafeString:
    """Returns where a version is to go, so that the three kinds look like three: a chip, `@prod`, a sign of a copy."""
    words = wrappable(sentences.destination(promote_request.proposal))
    match promote_request.target.kind:
        case TargetKind.MODEL:
            return format_html("{} {}", icon("copy", "a copy in"), words)
        case TargetKind.STAGE | TargetKind.STATUS:
            return format_html('<span class="tag">{}</span>', words)
    return format_html('<span class="alias">{}</span>', words)


@register.simple_tag
def kind_tag(model: RegisteredModel) -> SafeString:
    """Returns a chip that says what a model is, if it is not one."""
    kind = _KINDS.get(model.family) or ("Prompt" if model.is_prompt else "")
    return format_html('<span class="tag">{}</span>', kind) if kind else SafeString()


@register.filter
def in_words(target: str) -> str:
    """Returns a target or a pattern of targets as people say it: `the alias @champion`."""
    return sentences.covered(target)


@register.filter
def rule_in_words(name: str) -> str:
    """Returns the name under which a rule is on record, its targets as people say them; no pattern has a space."""
    target, of, model = name.partition(" of ")
    return f"{sentences.covered(target)} of {'every model' if model == '*' else model}" if of else name


@register.simple_tag
def covered_target(rule: Rule | FrozenRule) -> str:
    """Returns what a rule's pattern of targets covers, in words."""
    return sentences.covered(rule.target_pattern)
