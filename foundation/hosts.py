"""What may be the name of a host."""

import re
from ipaddress import ip_address

_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?", re.IGNORECASE)
"""Also with `_`, which names of containers have. Other letters have to be written as DNS has them (`xn--...`)."""


def is_host(text: str) -> bool:
    """Tells whether the text is a name that can be looked up, or an IP address, without brackets, scheme and port."""
    labels = text.removesuffix(".").split(".")
    if ":" in text or labels[-1].isdecimal():
        try:
            ip_address(text)
        except ValueError:
            return False
        return True
    return len(text) <= 253 and all(_LABEL.fullmatch(label) for label in labels)


def in_header(host: str) -> str:
    """Returns a host as `Host` headers have it: an IPv6 address in brackets."""
    return f"[{host}]" if ":" in host else host
