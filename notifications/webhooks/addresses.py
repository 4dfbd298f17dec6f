"""Which addresses a webhook may have, and which of a name's it is sent to.

Threat: a webhook makes the worker call from inside the network. Judged is the address that is called, at the moment at
which it is called: a name that leads elsewhere than when it was entered reaches nothing more.
"""

import socket
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Any
from urllib.parse import SplitResult, urlsplit

from foundation.exceptions import InvalidInput

LONGEST = 2_000
_NAT64 = IPv6Network("64:ff9b::/96")
_GLOBAL_UNICAST = IPv6Network("2000::/3")
"""All that IANA gives out to be routed. What lies elsewhere leads somewhere inside, or wraps what does."""
_SPECIAL = (IPv4Network("192.0.0.0/24"), IPv4Network("192.88.99.0/24"), IPv6Network("3fff::/20"))
"""Ranges of IANA's special purposes that older versions of Python take for public."""

SocketAddress = tuple[socket.AddressFamily, Any]
"""The family of an address, and the address as the socket takes it."""


class AddressRefused(Exception):
    """Where a webhook leads is not to be called, or nowhere. The message is a sentence."""


def checked(url: str) -> str:
    """Returns an address that somebody entered.

    Raises:
        InvalidInput: it is no http(s) address, too long, or has credentials in it.
    """
    url = url.strip()
    if len(url) > LONGEST or not url.isprintable() or " " in url:
        raise InvalidInput(f"The address has at most {LONGEST} characters and no spaces.", field="url")
    try:
        parts = urlsplit(url)
        is_web = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
        url.encode("ascii")
    except ValueError:
        is_web = False
    if not is_web:
        raise InvalidInput(
            "The address must begin with https:// or http:// and name a host, in ASCII letters.", field="url"
        )
    if parts.username is not None or parts.password is not None:
        raise InvalidInput("Leave user and password out of the address: the signature says who sends it.", field="url")
    return url


def resolve(parts: SplitResult, *, private_allowed: bool) -> list[SocketAddress]:
    """Returns where an address leads now.

    Args:
        parts: Of the webhook's URL.
        private_allowed: Whether others than public addresses may be called.

    Raises:
        AddressRefused: it leads nowhere, or one of its addresses is not public.
    """
    host = parts.hostname or ""
    try:
        addresses = _look_up(parts)
    except (OSError, UnicodeError):
        raise AddressRefused(f"{host} has no address.") from None
    for _, address in addresses:
        if not private_allowed and not is_public(str(address[0])):
            # One that is not public is enough: which of several is called must not depend on chance.
            which = "" if host == address[0] else f" leads to {address[0]}, which"
            raise AddressRefused(
                f"{host}{which} is not a public address: CHECKPOINT_WEBHOOK_PRIVATE_ADDRESSES=1 would allow it."
            )
    return addresses


def refuse_upstream(addresses: Sequence[SocketAddress], upstream: str) -> None:
    """Refuses to call MLflow itself, whatever else may be called.

    Threat: what the worker sends there has not passed the guard: `upload-artifact` would take a delivery for a file.
    MLflow under an address that Checkpoint does not know (of another machine, or another port) is not found by this.

    Raises:
        AddressRefused: one of the addresses is where `upstream` leads.
    """
    parts = urlsplit(upstream)
    try:
        known = [(family, address) for family, address in _look_up(parts)]
    except (OSError, UnicodeError):
        return  # what has no address now cannot be called either
    for _, (host, port, *_) in addresses:
        for _, (other, other_port, *_) in known:
            if port == other_port and (_plain(host) == _plain(other) or (_is_here(host) and _is_here(other))):
                raise AddressRefused("It leads to MLflow itself, past what Checkpoint guards.")


def is_public(text: str) -> bool:
    """Tells whether an IP address is one of the public internet, also where IPv6 wraps an IPv4 address."""
    address: IPv4Address | IPv6Address = ip_address(text.partition("%")[0])
    if isinstance(address, IPv6Address):
        wrapped = _wrapped(address)
        if wrapped is not None:
            return is_public(str(wrapped))
        if address not in _GLOBAL_UNICAST:
            return False
    if any(address in network for network in _SPECIAL if network.version == address.version):
        return False
    return address.is_global and not address.is_multicast


def shown(url: str) -> str:
    """Returns a webhook's address without what may be a secret in it, as Slack's and Teams' are."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{host}{'/…' if parts.path.strip('/') or parts.query else ''}"


def _look_up(parts: SplitResult) -> list[SocketAddress]:
    port = parts.port or (443 if parts.scheme == "https" else 80)
    found = socket.getaddrinfo(parts.hostname or "", port, type=socket.SOCK_STREAM)
    return [(family, address) for family, _, _, _, address in found]


def _plain(text: str) -> IPv4Address | IPv6Address:
    address: IPv4Address | IPv6Address = ip_address(text.partition("%")[0])
    return (address.ipv4_mapped or address) if isinstance(address, IPv6Address) else address


def _is_here(text: str) -> bool:
    """Tells whether an address is one of this machine's: only on those can one listen."""
    address = _plain(text)
    if address.is_loopback or address.is_unspecified:
        return True
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        try:
            probe.bind((str(address), 0))
        except OSError:
            return False
    return True


def _wrapped(address: IPv6Address) -> IPv4Address | None:
    found = address.ipv4_mapped or address.sixtofour or (address.teredo or (None, None))[1]
    return found or (IPv4Address(int(address) & 0xFFFF_FFFF) if address in _NAT64 else None)
