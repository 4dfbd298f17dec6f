"""Reads settings from the environment and refuses malformed ones by name.

Every reader raises `ConfigurationError` with one line that names the variable, what it held and what would be right,
so that a wrong setting stops the start instead of surfacing as a traceback an hour later.
"""

import os
import re
from collections.abc import Collection
from ipaddress import IPv4Network, IPv6Network, ip_network
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

_HOST = re.compile(r"[\w.-]+|[0-9a-f:.]+(%\w+)?")  # a name, an IPv4 address, or an IPv6 address without its brackets


class ConfigurationError(ImproperlyConfigured):
    """A setting is missing or malformed. The message is one line, meant for the person who starts the server."""


def string(name: str, default: str = "") -> str:
    """Returns the variable's text without surrounding white space; an empty variable counts as unset."""
    return os.environ.get(name, "").strip() or default


def flag(name: str, *, default: bool) -> bool:
    """Returns a boolean from 1/0, true/false, yes/no or on/off, in any case."""
    raw = string(name).lower()
    if not raw:
        return default
    if raw in {"1", "true", "yes", "on"}:
        return True
    if raw in {"0", "false", "no", "off"}:
        return False
    raise ConfigurationError(f"{name} is {raw!r}: expected 1 or 0.")


def integer(name: str, default: int, *, minimum: int = 0, maximum: int | None = None) -> int:
    """Returns a whole number within [minimum, maximum]."""
    raw = string(name)
    if not raw:
        return default
    try:
        value = int(raw)
    except ValueError:
        raise ConfigurationError(f"{name} is {raw!r}: expected a whole number.") from None
    if value < minimum or (maximum is not None and value > maximum):
        limits = f"at least {minimum}" if maximum is None else f"between {minimum} and {maximum}"
        raise ConfigurationError(f"{name} is {value}: expected a whole number {limits}.")
    return value


def seconds(name: str, default: float, *, maximum: float = 86_400) -> float:
    """Returns a duration in seconds, above zero and at most `maximum`."""
    raw = string(name)
    if not raw:
        return default
    try:
        value = float(raw)
    except ValueError:
        value = 0.0
    if not 0 < value <= maximum:
        raise ConfigurationError(f"{name} is {raw!r}: expected a number of seconds above 0 and at most {maximum:g}.")
    return value


def choice(name: str, default: str, allowed: Collection[str]) -> str:
    """Returns one of `allowed`, compared without regard to case."""
    value = string(name, default).lower()
    if value not in allowed:
        raise ConfigurationError(f"{name} is {value!r}: expected one of {', '.join(sorted(allowed))}.")
    return value


def listing(name: str) -> list[str]:
    """Returns the entries of a comma-separated variable, empty ones dropped."""
    return [entry.strip() for entry in string(name).split(",") if entry.strip()]


def url(name: str, default: str = "", *, assume_http: bool = False) -> str:
    """Returns an http(s) address without its trailing slash; a path prefix is kept.

    With `assume_http` a bare `host` or `host:port` counts as http. Not for addresses that people use: a wrong guess
    there would send cookies in the clear.

    Credentials, a query and a fragment in the address are refused: credentials would reach log lines, and the other
    two cannot be part of a base address.
    """
    raw = string(name, default)
    if not raw:
        return ""
    if assume_http and "://" not in raw:
        raw = f"http://{raw}"
    try:
        parts = urlsplit(raw)
        known = parts.scheme in {"http", "https"} and _HOST.fullmatch(parts.hostname or "")
        usable = known and (parts.port is None or parts.port > 0)
    except ValueError:
        usable = False
    if not usable:
        raise ConfigurationError(f"{name} is not an http(s) address: expected for example http://mlflow:5000.")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise ConfigurationError(f"{name} must not carry credentials, a query or a fragment.")
    return raw.rstrip("/")


def networks(name: str) -> list[IPv4Network | IPv6Network]:
    """Returns the addresses and CIDR ranges of a comma-separated variable."""
    found = []
    for entry in listing(name):
        try:
            found.append(ip_network(entry))
        except ValueError:
            raise ConfigurationError(
                f"{name} holds {entry!r}: expected an IP address or a range like 10.0.0.0/8."
            ) from None
    return found


def require_together(*names: str) -> None:
    """Refuses a group of variables of which only some are set."""
    missing = [name for name in names if not string(name)]
    if missing and len(missing) < len(names):
        present = next(name for name in names if name not in missing)
        raise ConfigurationError(f"{missing[0]} is not set, but {present} is: set both or neither.")


def require_at_most_one(*names: str) -> None:
    """Refuses variables that exclude each other."""
    present = [name for name in names if string(name)]
    if len(present) > 1:
        raise ConfigurationError(f"{' and '.join(present)} are both set: set one of them.")
