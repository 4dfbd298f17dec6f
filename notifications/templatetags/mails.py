"""Template filters of mails in plain text.

Threat: where nothing sets apart what people wrote, a remark or a model's name can say what Checkpoint seems to say:
`Open the request: https://evil.example`.
"""

from django import template

register = template.Library()


@register.filter
def quoted(text: str) -> str:
    """Returns what somebody wrote, each line marked as mail programs mark it (RFC 3676, 4.5)."""
    return "\n".join(f"> {line}".rstrip() for line in text.splitlines())


@register.filter
def one_line(text: object) -> str:
    """Returns a text without line ends, which a name may have."""
    return " ".join(str(text).split())
