"""Writes who registered versions, at once: they are rare, and matter."""

from collections.abc import Iterable

from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from audit.making import waiting
from audit.making.answers import Version
from audit.making.models import Kind, MadeThing, RegisteredVersion, VersionPart
from foundation.texts import storable_text
from registry.types import ModelVersion

CHECKPOINT = "Checkpoint"


def milliseconds(version: ModelVersion) -> int:
    """Returns when MLflow made a version, as it is kept here; 0 where MLflow does not say, which matches nothing."""
    return 0 if version.created_at is None else round(version.created_at.timestamp() * 1000)


def record_version(
    version: Version,
    *,
    workspace: str,
    user_id: int,
    name: str,
    owner_id: int | None = None,
    original: ModelVersion | None = None,
) -> RegisteredVersion | None:
    """Records who registered a version, after the runs that this process has seen.

    Args:
        version: What MLflow says it made.
        workspace: Canonical.
        user_id: Of the caller.
        name: The caller's, at this moment.
        owner_id: Of who answers for the caller at this moment, if it is a service account.
        original: What it is a copy of, as MLflow has it now.

    Returns:
        The row; None where there was one already, which stays.

    Raises:
        DatabaseError: nothing was recorded.
    """
    waiting.flush()
    source = None if original is None else find(workspace, original)
    return _add(version, workspace=workspace, user_id=user_id, name=name, owner_id=owner_id, source=source)


def record_copy(copy: ModelVersion, original: ModelVersion, *, workspace: str) -> RegisteredVersion | None:
    """Records the copy that a promotion of Checkpoint's made: whoever made the original made it."""
    made = Version(copy.name, copy.version, milliseconds(copy), f"models:/{original.name}/{original.version}", parts=())
    return _add(made, workspace=workspace, user_id=None, name=CHECKPOINT, source=find(workspace, original))


def find(workspace: str, version: ModelVersion) -> RegisteredVersion | None:
    """Returns the row of exactly this version, not of one that had its number before."""
    return RegisteredVersion.objects.filter(
        workspace=workspace, model_name=version.name, version=version.version, created_ms=milliseconds(version) or -1
    ).first()


def rename(workspace: str, former: str, present: str) -> None:
    """Lets the versions of a model keep their makers under its new name, in one statement.

    Where one of the new name was made in the same millisecond, each stays what it is.

    Raises:
        DatabaseError: nothing was renamed.
    """
    of_workspace = RegisteredVersion.objects.filter(workspace=workspace)
    namesakes = of_workspace.filter(model_name=present, version=OuterRef("version"), created_ms=OuterRef("created_ms"))
    of_workspace.filter(~Exists(namesakes), model_name=former).update(model_name=present)


def _add(
    version: Version,
    *,
    workspace: str,
    user_id: int | None,
    name: str,
    source: RegisteredVersion | None,
    owner_id: int | None = None,
) -> RegisteredVersion | None:
    try:
        with transaction.atomic():
            row = RegisteredVersion.objects.create(
                workspace=workspace,
                model_name=storable_text(version.name),
                version=version.version,
                created_ms=version.created_ms,
                maker_id=user_id,
                maker_name=name[:150],
                owner_id=owner_id,
                at=timezone.now(),
                source=storable_text(version.source),
                is_copy=version.is_copy,
                copied_from=source,
            )
            VersionPart.objects.bulk_create(_parts(row, version.parts), ignore_conflicts=True)
    except IntegrityError:
        return None
    return row


def _parts(row: RegisteredVersion, given: Iterable[tuple[str, Kind, bool]]) -> list[VersionPart]:
    """Returns what a version is made of, and the runs that its logged models came from."""
    found = {storable_text(thing_id): (kind, is_named) for thing_id, kind, is_named in given}
    models = MadeThing.objects.filter(kind=Kind.LOGGED_MODEL, thing_id__in=found).exclude(source_run="")
    for run_id, model_id in models.values_list("source_run", "thing_id"):
        found.setdefault(run_id, (Kind.RUN, found[model_id][1]))
    return [
        VersionPart(version=row, thing_id=thing_id, kind=kind, is_named=is_named)
        for thing_id, (kind, is_named) in found.items()
    ]
