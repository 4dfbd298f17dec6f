"""What the pages' templates need beyond Django's own tags."""

from datetime import datetime

from django import template
from django.templatetags.static import static
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timesince import timesince

from promote_requests import markdown

register = template.Library()


@register.simple_tag
def icon(name: str, label: str = "") -> SafeString:
    """Returns a picture from `icons.svg`, hidden from screen readers unless it has a label of its own."""
    sprite = static("checkpoint/img/icons.svg")
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
def markdown_html(text: str) -> SafeString:
    """Returns `text` rendered from Markdown, safe to show."""
    return markdown.render(text)
