"""Rulings on versions of skills and MCP servers."""

from foundation.exceptions import InvalidInput
from proxy.guard import wording
from proxy.guard.messages import Message
from proxy.guard.rulings.looking import Unchanged, kept, looking, require_possible
from proxy.guard.rulings.versions import delete_version
from proxy.protected import Protected
from proxy.refusals import Refusal, holding
from registry.proposals import Proposal
from registry.server_texts import says_already
from registry.targets import FIRST_STATUS, Target, TargetKind, status_fault
from registry.types import ModelVersion


@looking
def update_entry_version(message: Message, protected: Protected) -> Refusal | Unchanged | None:
    """Refuses a protected status, the way out of one, and to change what a version says that is in use or judged."""
    name, status = message["name"], message.get("status")
    if status == "deleted":
        return delete_version(message, protected)
    found = protected.registry.get_version(name, message["version"])
    target = None if status is None else Target.of(TargetKind.STATUS, status)
    if message.keys() - {"name", "version", "status"}:
        what = f"What version {found.version} of {name} says cannot be changed"
        refusal = holding(what, name, protected.held_by_version(found), protected.workspace) or kept(
            name, protected, version=found.version
        )
        if refusal:
            return _said_already(message, found, protected) or refusal
    if target is not None and target.name == found.status and protected.covers(name, target):
        # MLflow takes it for a mistake, whatever else is sent. Not passed on though nothing would happen: it might get
        # another status before this arrives.
        raise InvalidInput(wording.status_already(name, found.version, target))
    if target is not None:
        current = Target.of(TargetKind.STATUS, found.status)
        wanted = Proposal(name, found.version, target, workspace=protected.workspace)
        # A request asks for the status alone: what else the call would change it would lose without a word.
        is_all = message.keys() == {"name", "version", "status"}
        for place in (target, current):
            if protected.covers(name, place):
                require_possible(status_fault(found.version, found.status, target.name))
                return Refusal(wording.move(wanted, place), wanted, target=place, is_asked_for=is_all)
    return None


def _said_already(message: Message, found: ModelVersion, protected: Protected) -> Unchanged | None:
    """Returns that a version says already what a refused message wants it to say, if that is all that it wants."""
    content = {field: value for field, value in message.items() if field not in ("name", "version")}
    if "status" in content:
        return None
    text = protected.registry.get_facts(found.name, found.version).prompt_text
    return Unchanged(found.name, found.version) if says_already(text, content) else None


def register_entry(message: Message, protected: Protected) -> Refusal | None:
    """Refuses a new version that would have a protected status at once.

    No request can ask for it: the version is not there yet. As a draft it is let in under any rule.
    """
    name, status = message["name"], Target.of(TargetKind.STATUS, message["status"])
    if status.name == FIRST_STATUS or not protected.covers(name, status):
        return None
    return Refusal(wording.registration_with(name, status), model_name=name, target=status)


def register_entries(message: Message, protected: Protected) -> Refusal | None:
    """Refuses several new versions, of one skill each, if one of them is refused."""
    refusals = (register_entry(each, protected) for each in message["entries"])
    return next((refusal for refusal in refusals if refusal), None)
