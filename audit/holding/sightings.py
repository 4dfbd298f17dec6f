"""Keeps what was seen of a version, and tells since when it holds what."""

from datetime import UTC, datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from audit.holding.models import Holding
from registry.targets import ACTIVE_STAGES, Target, TargetKind
from registry.types import Family, ModelVersion


def sight(version: ModelVersion, *, workspace: str) -> dict[str, datetime]:
    """Returns {target: since when} of what a version holds now, and keeps it; writes only what is new.

    Of several looks at the same moment one is kept.

    Args:
        version: As MLflow has it now.
        workspace: Canonical.
    """
    now = timezone.now()
    created, changed = _milliseconds(version.created_at), _milliseconds(version.updated_at)
    held = _held(version)
    present = Holding.objects.filter(
        workspace=workspace, model_name=version.name, version=version.version, ended_at=None
    )
    found: dict[str, datetime] = {}
    for row in list(present):
        if row.target not in held or _is_of_another(row, created) or _was_touched(row, changed):
            Holding.objects.filter(pk=row.pk, ended_at=None).update(ended_at=now)
            continue
        found[row.target] = row.since
        if (row.created_ms or not created) and (row.mark_ms or not held[row.target]):
            continue
        Holding.objects.filter(pk=row.pk).update(created_ms=created, mark_ms=changed if held[row.target] else 0)
    for target, is_dated in held.items():
        if target in found:
            continue
        since = min(_moment(changed), now) if is_dated and changed else now
        found[target] = since
        _begin(
            workspace=workspace,
            model_name=version.name,
            version=version.version,
            target=target,
            since=since,
            created_ms=created,
            mark_ms=changed if is_dated else 0,
        )
    return found


def begin(workspace: str, model_name: str, version: str, target: Target) -> None:
    """Keeps that a version was given an alias or a status just now, and that nobody else has the alias any more.

    Who is given what it has goes on holding it. Nothing is kept of a stage: MLflow itself tells since when.
    """
    if target.kind not in (TargetKind.ALIAS, TargetKind.STATUS):
        return
    now = timezone.now()
    present = Holding.objects.filter(workspace=workspace, model_name=model_name, target=str(target), ended_at=None)
    if target.kind == TargetKind.ALIAS:
        present.exclude(version=version).update(ended_at=now)
    if not present.filter(version=version).exists():
        _begin(workspace=workspace, model_name=model_name, version=version, target=str(target), since=now)


def end(workspace: str, model_name: str, target: Target) -> None:
    """Keeps that nobody has an alias any more."""
    Holding.objects.filter(workspace=workspace, model_name=model_name, target=str(target), ended_at=None).update(
        ended_at=timezone.now()
    )


def edited(workspace: str, model_name: str, version: str, changed_ms: int) -> None:
    """Keeps that a version's description was changed: MLflow changed the version then, and not its stage."""
    Holding.objects.filter(
        workspace=workspace, model_name=model_name, version=version, ended_at=None, mark_ms__gt=0
    ).update(mark_ms=changed_ms)


def rename(workspace: str, former: str, present: str) -> None:
    """Lets the versions of a model go on holding, under its new name, what they have held.

    MLflow gives the name away only where no model has it: what versions of that name were seen to hold is over, or was
    seen after the rename and is known for longer under the former name.
    """
    of_workspace = Holding.objects.filter(workspace=workspace)
    with transaction.atomic():
        # Where the former name holds nothing, this was recorded already, and the present name's go on.
        if not of_workspace.filter(model_name=former).exists():
            return
        of_workspace.filter(model_name=present, ended_at=None).update(ended_at=timezone.now())
        of_workspace.filter(model_name=former).update(model_name=present)


def _begin(**values: Any) -> None:
    try:
        with transaction.atomic():
            Holding.objects.create(**values)
    except IntegrityError:  # somebody else saw it at the same moment
        return


def _held(version: ModelVersion) -> dict[str, bool]:
    """Returns {target: whether MLflow tells since when at least} of what a version holds."""
    found = {str(Target(TargetKind.ALIAS, alias)): False for alias in version.aliases}
    if version.family is not Family.MODEL:
        found[str(Target(TargetKind.STATUS, version.status))] = False
    elif version.stage in ACTIVE_STAGES:
        found[str(Target(TargetKind.STAGE, version.stage))] = True
    return found


def _is_of_another(row: Holding, created: int) -> bool:
    """Tells whether a row is of a version that had this number before."""
    if row.created_ms:
        return row.created_ms != created
    return bool(created) and row.since < _moment(created)


def _was_touched(row: Holding, changed: int) -> bool:
    """Tells whether MLflow changed the version since, which may have been a move away and back."""
    return bool(row.mark_ms) and row.mark_ms != changed


def _milliseconds(moment: datetime | None) -> int:
    return 0 if moment is None else round(moment.timestamp() * 1000)


def _moment(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)
