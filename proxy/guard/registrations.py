"""Reads what a new version of a skill or an MCP server is registered with.

What goes upstream names the status that was judged, also where the caller named none, and nothing that MLflow (3.17.2
`server/mcp_server_api.py`, 3.18 `server/skill_registry_api.py`) does not take: a later one could take an alias.
"""

from proxy.guard import messages, wording
from proxy.guard.messages import Message, UnreadableCall
from registry.types import Family, entry_name, family_of, is_entry_name

TOGETHER = entry_name(Family.SKILL, "bulk-register")
"""What stands in the place of a name where versions of several skills are registered together."""
_SOURCE = frozenset({"name", "source_type", "source", "ref", "subpath", "digest", "status"})
FIELDS = {
    Family.SKILL: _SOURCE | {"organization"},
    Family.SERVER: frozenset({"server_json", "status", "source", "tools", "connect_options"}),
}
"""What MLflow takes of a new version."""
FIELDS_TOGETHER = frozenset({"organization", "skills"})
FIELDS_OF_EACH = _SOURCE
UNSAID = {Family.SKILL: "active", Family.SERVER: "draft"}
"""The status of a new version of which none is said."""


def of_version(name: str, sent: Message) -> Message:
    """Returns what goes upstream to register a version.

    Args:
        name: The entry's.
        sent: The body, or the part of it that says what is uploaded.

    Raises:
        UnreadableCall: it could be read in another way.
    """
    family = family_of(name)
    if family is Family.SKILL:  # of which MLflow refuses what it does not know; of a server it drops that
        _require_known(sent, FIELDS[family])
    known = {field: value for field, value in sent.items() if field in FIELDS[family]}
    return known | _status(family, sent)


def together(name: str, sent: Message) -> Message:
    """Returns what goes upstream to register versions of several skills.

    Raises:
        UnreadableCall: the path names a skill, or the body could be read in another way.
    """
    if name != TOGETHER:
        raise UnreadableCall(wording.ENTRY_PATH)
    _require_known(sent, FIELDS_TOGETHER)
    skills = sent.get("skills")
    if not isinstance(skills, list) or not all(isinstance(skill, dict) for skill in skills):
        raise UnreadableCall("'skills' must be a list of objects.")
    for skill in skills:
        _require_known(skill, FIELDS_OF_EACH)
    return sent | {"skills": [skill | _status(Family.SKILL, skill) for skill in skills]}


def each(sent: Message) -> list[Message]:
    """Returns the name and status of each version that `together` returned.

    Raises:
        UnreadableCall: no skill can be called so.
    """
    organization = messages.text(sent, "organization") if "organization" in sent else ""
    return [
        {"name": _name(organization, messages.text(skill, "name")), "status": skill["status"]}
        for skill in sent["skills"]
    ]


def _name(organization: str, skill: str) -> str:
    name = entry_name(Family.SKILL, f"@{organization}/{skill}" if organization else skill)
    if "/" in skill or not is_entry_name(name):
        raise UnreadableCall("'name' and 'organization' must be spelt as MLflow spells them.")
    return name


def _require_known(sent: Message, fields: frozenset[str]) -> None:
    unknown = next((field for field in sent if field not in fields), None)
    if unknown is not None:
        raise UnreadableCall(f"'{unknown}' is no field of this call.")


def _status(family: Family, sent: Message) -> Message:
    return {"status": messages.text(sent, "status") if "status" in sent else UNSAID[family]}
