"""Which addresses a webhook may have, and which of a name's it is sent to.

Threat: a webhook makes the worker call from inside the network. Judged is the address that is called, at the moment at
which it is called: a name that leads elsewhere than when it was entered reaches nothing more.
"""

import socket
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Any
from urllib.parse import SplitResult, urlsplit

from foundation.exceptions import InvalidInput

LONGEST = 2_000
_NAT64 = IPv6Network("64:ff9b::/96")
_COMPATIBLE = IPv6Network("::/96")

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
    host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise AddressRefused(f"{host} has no address.") from None
    addresses: list[SocketAddress] = [(family, address) for family, _, _, _, address in found]
    for _, address in addresses:
        if not private_allowed and not is_public(str(address[0])):
            # One that is not public is enough: which of several is called must not depend on chance.
            which = "" if host == address[0] else f" leads to {address[0]}, which"
            raise AddressRefused(
                f"{host}{which} is not a public address: CHECKPOINT_WEBHOOK_PRIVATE_ADDRESSES=1 would allow it."
            )
    return addresses


def is_public(text: str) -> bool:
    """Tells whether an IP address is one of the public internet, also where IPv6 wraps an IPv4 address."""
    address: IPv4Address | IPv6Address = ip_address(text.partition("%")[0])
    if isinstance(address, IPv6Address):
        wrapped = address.ipv4_mapped or address.sixtofour or (address.teredo or (None, None))[1]
        if wrapped is None and (address in _NAT64 or address in _COMPATIBLE):
            wrapped = IPv4Address(int(address) & 0xFFFF_FFFF)
        if wrapped is not None:
            return is_public(str(wrapped))
    return address.is_global and not address.is_multicast
