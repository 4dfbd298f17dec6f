"""Reads the calls that change skills and MCP servers, which name in their path what they change.

An MCP server's name holds a slash and MLflow's routes take any number of them, so one path can be read in several ways
(MLflow 3.18 `server/mcp_server_api.py`: `/{name:path}/versions/{version:path}/tags/{key:path}`). Here a name is read by
the rules that MLflow itself has for it. A path that leaves anything open is refused.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from proxy.guard import messages, registrations, wording
from proxy.guard.messages import Message, UnreadableCall
from proxy.guard.rulings import Ruling, models, tags, versions
from proxy.guard.rulings import entries as rulings_of_entries
from proxy.paths import decodings
from registry.types import Family, entry_name, is_entry_name, is_version_of

# MLflow's static prefix may stand in front, and is no word of its API.
_PATH = re.compile(
    r"(?:/(?!gateway/)[\w.~-]+)*?/(?:ajax-)?api/3\.0/mlflow/"
    r"(?:skills/(?P<skill>(?:@[^/]+/)?[^@/]+)|mcp-servers/(?P<mcp>[^/]+/[^/]+))(?P<rest>(?:/.+)?)",
    re.DOTALL,
)
_WORDS = frozenset({"aliases", "endpoints", "tags", "versions"})
"""Words of MLflow's routes: where one stands in a name of the caller's own, another route may be meant."""
_Reader = Callable[[str, Message], Message]
"""Returns the body that goes upstream, of the entry's name and the body that came."""
REGISTRATION = "register-entry"
"""The operation of `known_writes` by which versions come to be."""


@dataclass(frozen=True, slots=True)
class Call:
    """A call as it was read.

    Attributes:
        operation: Of `OPERATIONS`.
        message: As the rulings take it: the entry's name, and what else was sent.
        sent: The body that goes upstream; None for a call without one.
    """

    operation: str
    message: Message
    sent: Message | None = None


def _alias(name: str, sent: Message) -> Message:
    return {"alias": messages.text(sent, "alias"), "version": _version(name, sent.get("version"))}


def _tag(name: str, sent: Message) -> Message:
    return {"key": messages.text(sent, "key"), "value": messages.text(sent, "value")}


def _update(name: str, sent: Message) -> Message:
    content = () if name.startswith(f"{Family.SKILL}:") else ("tools", "connect_options")
    status = {"status": messages.text(sent, "status")} if "status" in sent else {}
    return status | {field: sent[field] for field in content if field in sent}


_SHAPES: tuple[tuple[str, str, str, _Reader | None], ...] = (
    ("POST", r"/versions", REGISTRATION, registrations.of_version),
    ("POST", r"", "register-entries", registrations.together),
    ("POST", r"/aliases", "set-entry-alias", _alias),
    ("DELETE", r"/aliases/(?P<alias>.+)", "delete-entry-alias", None),
    ("PATCH", r"/versions/(?P<version>[^/]+)", "update-entry-version", _update),
    ("DELETE", r"/versions/(?P<version>[^/]+)", "delete-entry-version", None),
    ("POST", r"/versions/(?P<version>[^/]+)/tags", "tag-version", _tag),
    ("DELETE", r"/versions/(?P<version>[^/]+)/tags/(?P<key>.+)", "tag-version", None),
    ("POST", r"/tags", "tag-entry", _tag),
    ("DELETE", r"/tags/(?P<key>.+)", "tag-entry", None),
    ("DELETE", r"/endpoints/(?P<endpoint>[^/]+)", "delete-endpoint", None),
    ("DELETE", r"", "delete-entry", None),
)
RULINGS: dict[str, Ruling] = {
    REGISTRATION: rulings_of_entries.register_entry,
    "register-entries": rulings_of_entries.register_entries,
    "set-entry-alias": versions.set_alias,
    "delete-entry-alias": versions.delete_alias,
    "update-entry-version": rulings_of_entries.update_entry_version,
    "delete-entry-version": versions.delete_version,
    "delete-entry": models.delete_model,
    "tag-version": tags.version_tag,
    "tag-entry": tags.model_tag,
    "delete-endpoint": models.pass_on,
}
"""What `read` finds -> its ruling."""
OPERATIONS = frozenset(RULINGS)
"""Operations of `known_writes` that are read here; which of them a path means, `read` says."""


def read(method: str, path: str, body: bytes) -> Call:
    """Returns what a call changes.

    Args:
        method: As sent.
        path: As sent, encoded or not. MLflow's router reads it decoded once.
        body: As sent.

    Raises:
        UnreadableCall: the path or the body has no single reading, or names what cannot be.
    """
    name, found, operation, reader = _meant(method, path)
    message = {"name": name, **_checked(name, found)}
    sent = None if reader is None else reader(name, messages.load(body))
    if reader is registrations.together and sent is not None:
        return Call(operation, {"entries": registrations.each(sent)}, sent)
    # What the path names, no field of the body names otherwise.
    return Call(operation, (sent or {}) | message, sent)


def registered(method: str, path: str) -> str | None:
    """Returns the entry of which a call registers a version; None where only its body says of which.

    Args:
        method: As sent.
        path: As sent, of a call that `known_writes` has as `REGISTRATION`.

    Raises:
        UnreadableCall: the path has no single reading.
    """
    name = _meant(method, path)[0]
    return None if name == registrations.TOGETHER else name


def _meant(method: str, path: str) -> tuple[str, dict[str, str], str, _Reader | None]:
    """Returns the entry's name, what else the path names, the operation, and what reads the body."""
    named = _PATH.fullmatch(decodings(path)[:2][-1])
    if named is None:
        raise UnreadableCall(wording.ENTRY_PATH)
    family = Family.SKILL if named["skill"] else Family.SERVER
    name = entry_name(family, named[family])
    if not is_entry_name(name):
        raise UnreadableCall(wording.ENTRY_PATH)
    for meant, shape, operation, reader in _SHAPES:
        found = re.fullmatch(shape, named["rest"], re.DOTALL) if meant == method else None
        if found is not None:
            return name, found.groupdict(), operation, reader
    raise UnreadableCall(wording.ENTRY_PATH)


def _checked(name: str, named: dict[str, str]) -> Message:
    for value in named.values():
        if "%" in value or _WORDS & set(value.split("/")):
            raise UnreadableCall(wording.ENTRY_PATH)
    for field in named.keys() & {"alias", "key"}:
        messages.require_plain(field, named[field])
    return {field: _version(name, value) if field == "version" else value for field, value in named.items()}


def _version(name: str, value: Any) -> str:
    # MLflow takes a skill's version as a number and as a text.
    version = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if not isinstance(version, str) or not is_version_of(name, version):
        raise UnreadableCall("'version' must be spelt as MLflow spells it, for example 3, or 1.4.0 of an MCP server.")
    return version
