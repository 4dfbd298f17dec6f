"""Makes, changes and deletes labels."""

from django.db import IntegrityError, transaction

from audit import trail
from audit.actors import Actor
from audit.choices import AuditAction
from foundation.exceptions import InvalidInput, NotAllowed, WrongState
from promote_requests.models import Label, LabelColour
from promote_requests.sentences.labels import label_added, label_changed, label_deleted
from registry.names import plain

LONGEST = 50
LONGEST_KEY = 200
MOST = 200
"""Labels of an installation: the form that labels a request shows all of them."""
ONLY_EDITORS = "Only people with the permission to edit labels can do this."


@trail.records_refusals
def save_label(*, actor: Actor, name: str, colour: str, pk: int | None = None) -> Label:
    """Makes a label, or changes the one with this key.

    Raises:
        InvalidInput: the name or the colour is wrong, another label has the name, or there are too many.
        NotAllowed: the actor may not do this.
        WrongState: somebody deleted the label.
    """
    _require_editor(actor, "add" if pk is None else "change")
    try:
        with transaction.atomic():
            label = Label() if pk is None else _lock(pk)
            before = label.name, label.colour
            label.name, label.key, label.colour = checked_label(name, colour, pk)
            after = label.name, label.colour
            if pk is not None and before == after:
                return label
            label.save(force_insert=pk is None)
            reason = label_added(*after) if pk is None else label_changed(before, after)
            trail.record(AuditAction.LABEL_CHANGED, about=label.about, reason=reason, actor=actor)
    except IntegrityError:
        # Somebody saved the same since the check above; the constraint refused the second.
        checked_label(name, colour, pk)
        raise
    return label


@trail.records_refusals
def delete_label(*, actor: Actor, pk: int) -> None:
    """Deletes a label; no request has it afterwards.

    Raises:
        NotAllowed: the actor may not do this.
        WrongState: somebody deleted it already.
    """
    _require_editor(actor, "delete")
    with transaction.atomic():
        label = _lock(pk)
        reason = label_deleted(label.name, label.colour, label.requests.count())
        trail.record(AuditAction.LABEL_CHANGED, about=label.about, reason=reason, actor=actor)
        label.delete()


def checked_label(name: str, colour: str, pk: int | None) -> tuple[str, str, LabelColour]:
    """Returns the name, its folded form and the colour of a label, as they are stored.

    Args:
        name: Of 1 to `LONGEST` characters that can be seen, without a quotation mark, which the search puts around it.
        colour: One of the palette.
        pk: The label's, if there is one already.

    Raises:
        InvalidInput: one of them is wrong, another label has the name, or there are too many.
    """
    name = " ".join(name.split())
    if not 1 <= len(name) <= LONGEST:
        raise InvalidInput(f"Give the label a name of 1 to {LONGEST} characters.", field="name")
    key = plain(name)
    if not name.isprintable() or '"' in name or not key or len(key) > LONGEST_KEY:
        raise InvalidInput("Use letters, digits and signs that can be seen, and no quotation mark.", field="name")
    if colour not in LabelColour.values:
        raise InvalidInput(f"{colour!r} is not a colour: use {', '.join(LabelColour.values)}.", field="colour")
    others = Label.objects.all() if pk is None else Label.objects.exclude(pk=pk)
    if (same := others.filter(key=key).first()) is not None:
        raise InvalidInput(f"There is a label called {same.name} already.", field="name")
    if pk is None and others.count() >= MOST:
        raise InvalidInput(f"There are {MOST} labels, and no more are kept: delete one first.", field="name")
    return name, key, LabelColour(colour)


def _require_editor(actor: Actor, change: str) -> None:
    if not actor.has_perm(f"promote_requests.{change}_label"):
        raise NotAllowed(ONLY_EDITORS)


def _lock(pk: int) -> Label:
    found = Label.objects.select_for_update().filter(pk=pk).first()
    if found is None:
        raise WrongState("Somebody else deleted this label meanwhile.")
    return found
