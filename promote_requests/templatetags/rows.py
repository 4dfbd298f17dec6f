"""What a row of a comparison is made of. Filters, because a page has thousands: an include takes ten times as long."""

from django import template
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString
from django.utils.text import Truncator

from evidence.metrics.compare import MetricRow
from evidence.numbers import Value
from evidence.rows import Kind, Sortable
from promote_requests.templatetags.pages import how_measured, icon, is_shortened, says_otherwise
from registry.measurements import Measurement

register = template.Library()

_LONG = 300
"""Characters of a value that is folded."""
_NONE = SafeString('<span class="none">none</span>')
_SIGN = '<span aria-hidden="true">{}</span><span class="visually-hidden">{}</span>'
_SIGNS = {
    Kind.CHANGED: format_html(_SIGN, "~", "changed"),
    Kind.ADDED: format_html(_SIGN, "+", "added"),
    Kind.REMOVED: format_html(_SIGN, "\N{MINUS SIGN}", "removed"),
    Kind.EQUAL: SafeString('<span class="visually-hidden">equal</span>'),
    Kind.NEW: SafeString(""),
}
_BETTER = {True: format_html(_SIGN, "\N{CHECK MARK}", "better"), False: format_html(_SIGN, "\N{BALLOT X}", "worse")}

_WORDS = {
    True: SafeString('<span class="tone-good">better</span> '),
    False: SafeString('<span class="tone-bad">worse</span> '),
    None: SafeString(""),
}
_ARROWS = {"up": "higher", "down": "lower"}


@register.filter
def as_value(value: Value | None) -> SafeString:
    """Returns a value: with all its digits as a tooltip where these are not shown, folded where it is long."""
    if value is None:
        return _NONE
    if len(value.text) > _LONG:
        return format_html(
            '<details class="long"><summary><span class="start">{}</span> {} characters</summary>{}</details>',
            Truncator(value.text).chars(100),
            len(value.text),
            value.text,
        )
    if is_shortened(value):
        return format_html('<span title="{}">{}</span>', value.exact, value.text)
    return conditional_escape(value.text)


@register.filter
def as_sign(row: Sortable) -> SafeString:
    """Returns the sign of a row's difference, with its word for screen readers."""
    return _SIGNS[row.kind]


@register.filter
def as_metric_sign(row: MetricRow) -> SafeString:
    """Returns the sign of a metric: of a better or worse one that, else of the difference."""
    return _SIGNS[row.kind] if row.better is None else _BETTER[row.better]


@register.filter
def as_change(row: MetricRow) -> SafeString:
    """Returns by how much a metric changed, and whether that is better; nothing where that is no number."""
    delta, percent = row.change
    if delta is None or row.kind is not Kind.CHANGED:
        return SafeString("")
    arrow = icon(row.direction, _ARROWS[row.direction]) if row.direction else SafeString("")
    parts = [arrow, as_value(delta)]
    if percent or row.better is not None:
        share = as_value(percent) if percent else ""
        parts.append(format_html('<span class="percent">{}{}</span>', _WORDS[row.better], share))
    return SafeString("".join(parts))


@register.filter
def as_measured(measurement: Measurement) -> SafeString:
    """Returns how something was measured, and what another place says of it where that is something else."""
    how = format_html(' <span class="measured">{}</span>', how_measured(measurement))
    if measurement.other is None:
        return how
    disagrees = format_html(
        ' <span class="measured disagrees">{}{}</span>', icon("warning"), says_otherwise(measurement.other)
    )
    return SafeString(how + disagrees)
