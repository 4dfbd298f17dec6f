"""The rulebook as the database has it, and the services that write its freeze windows and owners.

The rules themselves are written in `protection.rules`. Every change leaves an audit row that says what changed.
"""

from typing import TypeVar

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from audit import trail
from audit.actors import Actor
from audit.choices import AuditAction
from foundation.exceptions import InvalidInput, WrongState
from foundation.words import counted
from protection import sentences
from protection.choices import Enforcement
from protection.matching import Rulebook
from protection.models import FreezeWindow, Ownership
from protection.people import able, keyed, resolved
from protection.permissions import require_editor
from protection.references import People
from protection.rulebook import kept

R = TypeVar("R", FreezeWindow, Ownership)


def rulebook(enforcement: Enforcement = Enforcement.ACTIVE) -> Rulebook:
    """Returns what is asked for at this moment, in three queries; load it once for a whole page of requests.

    Args:
        enforcement: Which rules: those that are enforced, or those that are only evaluated.
    """
    return Rulebook(
        rules=tuple(rule for rule in kept.rules() if rule.enforcement == enforcement),
        freezes=kept.freezes(),
        ownership=kept.ownership(),
    )


@trail.records_refusals
def save_entry(*, actor: Actor, entry: R) -> R:
    """Adds a freeze window or a row of the ownership list, or stores its new values.

    Args:
        actor: Who changes it.
        entry: With its new values, and the version that the actor was shown.

    Raises:
        InvalidInput: a value is wrong, nobody could approve, or another row is called so.
        NotAllowed: the actor may not edit such rows.
        WrongState: somebody changed or deleted the row meanwhile.
    """
    adding = entry.pk is None
    require_editor(actor, "add" if adding else "change", entry)
    if isinstance(entry, Ownership):
        _settle_owners(entry)
    _check(entry)
    try:
        with transaction.atomic():
            locked = None if adding else _lock(entry)
            if locked is not None and locked.version != entry.version:
                raise WrongState(sentences.entry_meanwhile(locked))
            # The documents tell, not the words: another group may have got the name of one that is gone.
            is_same = locked is not None and keyed(locked.document) == keyed(entry.document)
            entry.version = 1 if adding else entry.version + (not is_same)
            entry.save(force_insert=adding, force_update=not adding)
            if locked is None:
                _record(entry, actor, sentences.added(sentences.entry(entry)))
            elif not is_same:
                _record(entry, actor, sentences.entry_changed(sentences.entry(locked), sentences.entry(entry)))
    except IntegrityError:
        # Somebody saved the same since the check above; the constraint refused the second.
        _check(entry)
        raise
    return entry


def changed_meanwhile(entry: FreezeWindow | Ownership) -> str:
    """Says what a row says now, for who edits it, where somebody changed it since they were shown it; else ""."""
    stored = type(entry)._default_manager.filter(pk=entry.pk).first()
    return "" if stored is None or stored.version == entry.version else sentences.entry_meanwhile(stored)


@trail.records_refusals
def delete_entry(*, actor: Actor, entry: R) -> None:
    """Deletes a freeze window or a row of the ownership list.

    Raises:
        NotAllowed: the actor may not delete such rows.
        WrongState: somebody deleted the row already.
    """
    require_editor(actor, "delete", entry)
    with transaction.atomic():
        locked = _lock(entry)
        _record(locked, actor, sentences.deleted(sentences.entry(locked)))
        locked.delete()


def _settle_owners(row: Ownership) -> None:
    """Looks the owners up, and raises InvalidInput where too few of them can sign in."""
    row.people = resolved(row.people, field="people")
    if isinstance(row.approvals, int):
        require_able(People.parse(row.people, field="people"), row.approvals)


def require_able(people: People, approvals: int) -> None:
    """Raises InvalidInput where fewer of the owners can sign in than have to approve."""
    if (there := len(able(people))) < approvals:
        asked, who = counted(approvals, "approval"), counted(there, "person", "people")
        raise InvalidInput(f"Nobody can meet {asked} by {people}: only {who} of them can sign in.", field="approvals")


def _check(entry: FreezeWindow | Ownership) -> None:
    try:
        entry.full_clean()
    except ValidationError as error:
        field, messages = next(iter(error.message_dict.items()))
        raise InvalidInput(" ".join(messages), field="" if field == "__all__" else field) from None


def _lock(entry: R) -> R:
    found = type(entry)._default_manager.select_for_update().filter(pk=entry.pk).first()
    if found is None:
        raise WrongState("Somebody else deleted this meanwhile.")
    return found


def _record(entry: FreezeWindow | Ownership, actor: Actor, reason: str) -> None:
    trail.record(AuditAction.RULE_CHANGED, reason=reason, about=entry.about, actor=actor)
