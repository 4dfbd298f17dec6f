"""The address that a call came from; a caller cannot forge it."""

from ipaddress import ip_address

from django.conf import settings
from django.http import HttpRequest


def client_address(request: HttpRequest) -> str:
    """Returns the caller's IP address, or "unknown" on a socket that has none.

    X-Forwarded-For counts only when the connection comes from CHECKPOINT_TRUSTED_PROXIES, and is read from the right.
    Everything left of the first address that is not a trusted proxy was written by the caller, who could otherwise
    evade the rate limits with a new address for every request.
    """
    address = _clean(request.META.get("REMOTE_ADDR", ""))
    forwarded = request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")
    while forwarded and _is_trusted(address):
        previous = _clean(forwarded.pop())
        if not previous:
            break
        address = previous
    return address or "unknown"


def comes_from_trusted_proxy(request: HttpRequest) -> bool:
    """Tells whether the connection itself is one of CHECKPOINT_TRUSTED_PROXIES; no header counts."""
    return _is_trusted(_clean(request.META.get("REMOTE_ADDR", "")))


def _clean(text: str) -> str:
    text = text.strip()
    if text.startswith("[") and "]" in text:
        text = text[1 : text.index("]")]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ip_address(text)
    except ValueError:
        return ""
    mapped = getattr(address, "ipv4_mapped", None)
    return str(mapped or address)


def _is_trusted(text: str) -> bool:
    return bool(text) and any(ip_address(text) in network for network in settings.CHECKPOINT_TRUSTED_PROXIES)
