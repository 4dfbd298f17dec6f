"""Says who made a version, by Checkpoint's own record."""

from audit.making import waiting
from audit.making.answers import parts_of
from audit.making.models import Kind, MadeThing, RegisteredVersion, VersionPart
from audit.making.recording import find
from registry.makers import Deed, Maker
from registry.types import ModelVersion

_LONGEST_CHAIN = 20
"""Copies of copies that are followed; who made what lies behind is unknown."""
_DEEDS = {Kind.RUN: Deed.CREATED_RUN, Kind.LOGGED_MODEL: Deed.CREATED_LOGGED_MODEL}


def makers_of(version: ModelVersion, *, workspace: str, made_by: str = "") -> tuple[Maker, ...]:
    """Returns who registered a version and who created what it is made of: each deed, known or not, once.

    Of a copy the makers of its original, too. A row without a name stands for a deed that nobody is known for.

    Not within a transaction: what waits in this process is written first.

    Args:
        version: As MLflow has it.
        workspace: Canonical.
        made_by: The run that its files come from, where that is not the run that it names.
    """
    waiting.flush()
    chain = _chain(find(workspace, version))
    found = [] if chain else [Maker(Deed.REGISTERED)]
    for row in chain:
        if row.maker_id is not None:
            found.append(_maker(Deed.REGISTERED, row))
    if chain and chain[-1].is_copy:
        found.append(Maker(Deed.REGISTERED))
    named = parts_of(version.run_id, version.model_id, version.source)
    parts = {thing_id: (kind, is_named) for thing_id, kind, is_named in (*named, *parts_of(made_by, ""))}
    for part in VersionPart.objects.filter(version__in=[row.pk for row in chain]) if chain else ():
        parts[part.thing_id] = (Kind(part.kind), part.is_named or parts.get(part.thing_id, ("", False))[1])
    things = MadeThing.objects.filter(thing_id__in=parts).select_related("owner") if parts else ()
    known = {thing.thing_id: thing for thing in things}
    for thing_id, (kind, is_named) in parts.items():
        thing = known.get(thing_id)
        if thing is not None:
            found.append(_maker(_DEEDS[Kind(thing.kind)], thing))
        elif is_named:
            found.append(Maker(_DEEDS[kind]))
    return tuple(dict.fromkeys(found))


def _maker(deed: Deed, row: RegisteredVersion | MadeThing) -> Maker:
    """Returns who did it, and of a service account's deed who answered for it then."""
    return Maker(deed, row.maker_id, row.maker_name, row.owner_id, row.owner.get_username() if row.owner else "")


def _chain(row: RegisteredVersion | None) -> list[RegisteredVersion]:
    """Returns a version's row, that of its original, and so on."""
    found: list[RegisteredVersion] = []
    while row is not None and len(found) < _LONGEST_CHAIN:
        found.append(row)
        row = row.copied_from
    return found
