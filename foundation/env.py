"""Reads settings from the environment and refuses malformed ones by name.

Every reader raises `ConfigurationError` with one line that names the variable, what it held and what would be right,
so that a wrong setting stops the start instead of surfacing as a traceback an hour later.
"""

import os
import re
from collections.abc import Collection
from difflib import get_close_matches
from email.utils import parseaddr
from ipaddress import IPv4Network, IPv6Network, ip_network
from urllib.parse import urlsplit
from zoneinfo import available_timezones

from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.core.validators import validate_email

from foundation import hosts

_DIGITS = re.compile(r"[+-]?[0-9]{1,19}")
_DECIMAL = re.compile(r"[+-]?[0-9]{0,19}(\.[0-9]{0,19})?")
_SEGMENTS = re.compile(r"(/[\w.~!$&'()*+,;=:@%-]+)*/?", re.ASCII)
_DOTS = re.compile(r"/(\.|%2e){1,2}(?=/|\Z)", re.IGNORECASE)
_PORT = re.compile(r":[1-9][0-9]*\Z")
_ALIKE = 0.8
"""How much of an unknown name, behind the prefix, must be as in a known one to be taken for that one misspelled."""

_read: set[str] = set()
"""The names that were read, and so are settings."""


class ConfigurationError(ImproperlyConfigured):
    """A setting is missing or malformed. The message is one line, meant for the person who starts the server."""


def string(name: str, default: str = "") -> str:
    """Returns the variable's text without surrounding white space; an empty variable counts as unset.

    Control and invisible characters are refused: they come with a careless paste, and no setting means them.
    """
    _read.add(name)
    value = os.environ.get(name, "").strip()
    if not value.isprintable():
        # Not repeated, because it may be a password.
        raise ConfigurationError(f"{name} holds a character that cannot be printed, or is not UTF-8: take it out.")
    return value or default


def matching(name: str, *, pattern: str, expected: str) -> str:
    """Returns a text that matches the regular expression as a whole; a refusal does not repeat what may be a secret."""
    value = string(name)
    if value and not re.fullmatch(pattern, value):
        raise ConfigurationError(f"{name} cannot be used: expected {expected}.")
    return value


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


def integer(name: str, default: int, *, maximum: int, minimum: int = 0) -> int:
    """Returns a whole number within [minimum, maximum]."""
    raw = string(name)
    return whole_number(name, raw, minimum=minimum, maximum=maximum) if raw else default


def whole_number(name: str, raw: str, *, minimum: int, maximum: int) -> int:
    """Returns the whole number that a text means, for settings and options alike.

    Raises:
        ConfigurationError: it is none, or not within [minimum, maximum]; the message begins with `name`.
    """
    if not _DIGITS.fullmatch(raw) or not minimum <= int(raw) <= maximum:
        raise ConfigurationError(f"{name} is {raw!r}: expected a whole number between {minimum} and {maximum}.")
    return int(raw)


def seconds(name: str, default: float, *, maximum: float = 86_400) -> float:
    """Returns a duration in seconds, above zero and at most `maximum`."""
    raw = string(name)
    if not raw:
        return default
    digits = _DECIMAL.fullmatch(raw) and any(character.isdigit() for character in raw)
    value = float(raw) if digits else 0.0
    if not 0 < value <= maximum:
        raise ConfigurationError(f"{name} is {raw!r}: expected a number of seconds above 0 and at most {maximum:g}.")
    return value


def choice(name: str, default: str, allowed: Collection[str]) -> str:
    """Returns one of `allowed`, compared without regard to case."""
    value = string(name, default).lower()
    if value not in allowed:
        raise ConfigurationError(f"{name} is {value!r}: expected one of {', '.join(sorted(allowed))}.")
    return value


def time_zone(name: str, default: str) -> str:
    """Returns the name of a time zone of the IANA's list."""
    value = string(name, default)
    if value not in available_timezones():
        raise ConfigurationError(f"{name} is {value!r}: expected the name of a time zone, for example Europe/Berlin.")
    return value


def listing(name: str) -> list[str]:
    """Returns the entries of a comma-separated variable, empty ones dropped."""
    return [entry.strip() for entry in string(name).split(",") if entry.strip()]


def url(name: str, default: str = "", *, assume_http: bool = False, prefix: bool = True) -> str:
    """Returns an http(s) address without its trailing slash; a path prefix is kept.

    Credentials, a query and a fragment in the address are refused: credentials would reach log lines, and the other
    two cannot be part of a base address. So is what a slip of the hand makes of an address that other programs read in
    some way of their own (`http:/host`, `http//host`).

    Args:
        name: Of the variable.
        default: What holds without it.
        assume_http: Lets a bare `host` or `host:port` count as http. Not for addresses that people use: a wrong guess
            there would send cookies in the clear.
        prefix: Whether there may be a path.
    """
    raw = string(name, default)
    if not raw:
        return ""
    if assume_http and "://" not in raw:
        raw = f"http://{raw}"
    try:
        parts = urlsplit(raw)
        known = parts.scheme in {"http", "https"} and hosts.is_host(parts.hostname or "")
        usable = known and (parts.port is None or bool(_PORT.search(parts.netloc))) and not parts.netloc.endswith(":")
    except ValueError:
        usable = False
    if usable and (parts.username or parts.password or parts.query or parts.fragment):
        raise ConfigurationError(f"{name} must not carry credentials, a query or a fragment.")
    if not usable or not _SEGMENTS.fullmatch(parts.path):
        raise ConfigurationError(f"{name} is not an http(s) address: expected for example http://mlflow:5000.")
    if _DOTS.search(parts.path):
        raise ConfigurationError(f"{name} must not have a dot segment in its path: write the path that it leads to.")
    if not prefix and parts.path.strip("/"):
        raise ConfigurationError(f"{name} must not have a path: give Checkpoint a host name or a port of its own.")
    return raw.rstrip("/")


def host(name: str) -> str:
    """Returns a host's name or IP address, without a port."""
    value = string(name)
    if value and not hosts.is_host(value):
        raise ConfigurationError(f"{name} is {value!r}: expected the name of a host, without a scheme and a port.")
    return value


def hosts_served(name: str) -> list[str]:
    """Returns the host names of a comma-separated variable; `.example.org` stands for whatever is below it too.

    An IPv6 address may be in brackets or not, and is returned as `Host` headers have it.
    """
    found = []
    for entry in listing(name):
        is_bracketed = entry.startswith("[") and entry.endswith("]")
        plain = entry[1:-1] if is_bracketed else entry.removeprefix(".")
        if not hosts.is_host(plain) or (is_bracketed and ":" not in plain):
            raise ConfigurationError(
                f"{name} holds {entry!r}: expected host names without a scheme and a port, separated by commas."
            )
        found.append(hosts.in_header(plain.lower()) if ":" in plain else entry)
    return found


def origin(name: str, default: str = "") -> str:
    """Returns an http(s) address without a path, written as browsers write it in `Origin` and in `Host`."""
    parts = urlsplit(url(name, default, prefix=False))
    usual = {"http": ":80", "https": ":443"}.get(parts.scheme, "")
    return f"{parts.scheme}://{parts.netloc.lower().removesuffix(usual)}" if parts.netloc else ""


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


def mail_address(name: str, default: str) -> str:
    """Returns a mail address, alone or as `Name <address>`."""
    value = string(name)
    try:
        validate_email(parseaddr(value)[1] if value else "somebody@example.org")
    except ValidationError:
        raise ConfigurationError(
            f"{name} is {value!r}: expected an address, or a name with an address in angle brackets."
        ) from None
    return value or default


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


def refuse_misspelled(prefix: str) -> None:
    """Refuses variables whose names are nearly those of settings; call it after the last one was read.

    Other variables with the prefix are left alone: Kubernetes sets `CHECKPOINT_SERVICE_HOST` and more of that kind
    where a service is called `checkpoint`.
    """
    known = [name.removeprefix(prefix) for name in _read if name.startswith(prefix)]
    for name in sorted(set(os.environ) - _read):
        if name.upper().startswith(prefix) and (
            alike := get_close_matches(name.upper().removeprefix(prefix), known, n=1, cutoff=_ALIKE)
        ):
            raise ConfigurationError(f"{name} is not a setting: did you mean {prefix}{alike[0]}?")
