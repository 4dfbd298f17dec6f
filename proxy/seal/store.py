"""What is known of what is sealed, in the database: written by whoever looks at MLflow or decides, read by all."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from proxy.protected import Held
from proxy.seal.models import LookedAtModel, SealedVersion, SealedWorkspace
from proxy.seal.seals import Seal
from registry.targets import Target
from registry.types import Provenance

LEASE = timedelta(seconds=60)
"""How long a process that looks is waited for before another one looks; longer than a call to MLflow may last."""
_AT_ONCE = 500
_PARTS = ("run_ids", "model_ids", "experiment_ids", "locations")


@dataclass(frozen=True, slots=True)
class State:
    """How far what is known of a workspace can be relied on; see `SealedWorkspace`."""

    generation: int
    epoch: int
    looked_at: datetime | None
    rest_seconds: float
    serves_seconds: float

    def age(self) -> float | None:
        """Returns the seconds since the last whole look began; None where there was none."""
        return (timezone.now() - self.looked_at).total_seconds() if self.looked_at else None


@dataclass(frozen=True, slots=True)
class Found:
    """A version as a look found it."""

    version: str
    created_at: datetime | None
    held: tuple[Held, ...]
    made_of: Provenance


def state(workspace: str) -> State | None:
    """Returns the state of a workspace (canonical), or None where nobody has looked at it yet. One indexed read."""
    names = ("generation", "epoch", "looked_at", "rest_seconds", "serves_seconds")
    found = SealedWorkspace.objects.filter(workspace=workspace).values_list(*names, "upstream").first()
    if found is None:
        return None
    *values, upstream = found
    known = State(*values)
    # What another MLflow holds says nothing of this one.
    return known if upstream == settings.CHECKPOINT_REGISTRY_URL else replace(known, looked_at=None)


def rows(workspace: str, known: Mapping[int, int]) -> tuple[set[int], list[SealedVersion]]:
    """Returns the keys of all rows of a workspace, and those rows that changed.

    Args:
        workspace: Canonical.
        known: {key: generation} of the rows that the caller has.
    """
    generations = dict(SealedVersion.objects.filter(workspace=workspace).values_list("pk", "generation"))
    changed = [pk for pk, generation in generations.items() if known.get(pk) != generation]
    found: list[SealedVersion] = []
    for start in range(0, len(changed), _AT_ONCE):
        found += SealedVersion.objects.filter(pk__in=changed[start : start + _AT_ONCE])
    return set(generations), found


def seal_of(row: SealedVersion) -> Seal:
    """Returns the seal that a row keeps."""
    held = tuple(Held(Target.of(kind, name), row.version) for kind, name in row.held)
    return Seal(row.model_name, row.version, held, row.created_at, row.workspace)


def made_of(row: SealedVersion) -> Provenance | None:
    """Returns what a row's version is made of; None where that is not learnt yet."""
    if row.made_of is None:
        return None
    return Provenance(**{part: frozenset(row.made_of[part]) for part in _PARTS})


# What decisions write, in their own transactions


@transaction.atomic
def mark_judged(workspace: str, model_name: str, version: str) -> None:
    """Seals a version from this transaction's commit on, because somebody's approval of it counts."""
    _write(workspace, [_row(workspace, model_name, version, is_judged=True)])


@transaction.atomic
def mark_held(workspace: str, model_name: str, version: str, target: Target) -> None:
    """Seals a version that Checkpoint has just put where it is protected."""
    _write(workspace, [_row(workspace, model_name, version, held=[[target.kind, target.name]])])


def expire_all() -> None:
    """Lets no look serve that began before: the rules have changed."""
    SealedWorkspace.objects.update(generation=F("generation") + 1, epoch=F("epoch") + 1, looked_at=None)


# What a look writes


def begin(workspace: str) -> State | None:
    """Takes the turn to look at a workspace; None while somebody else has it."""
    SealedWorkspace.objects.get_or_create(workspace=workspace)
    now = timezone.now()
    free = Q(looking_until=None) | Q(looking_until__lt=now)
    if not SealedWorkspace.objects.filter(free, workspace=workspace).update(looking_until=now + LEASE):
        return None
    return state(workspace)


def go_on(workspace: str) -> None:
    """Keeps the turn."""
    SealedWorkspace.objects.filter(workspace=workspace).update(looking_until=timezone.now() + LEASE)


def give_up(workspace: str) -> None:
    """Gives the turn back without having looked at everything."""
    SealedWorkspace.objects.filter(workspace=workspace).update(looking_until=None)


def finish(workspace: str, began: State, began_at: datetime, *, rest_seconds: float, serves_seconds: float) -> None:
    """Says that everything that was sealed at a moment is in the rows, unless the rules changed meanwhile."""
    SealedWorkspace.objects.filter(workspace=workspace, epoch=began.epoch).update(
        upstream=settings.CHECKPOINT_REGISTRY_URL,
        looked_at=began_at,
        rest_seconds=rest_seconds,
        serves_seconds=serves_seconds,
    )
    give_up(workspace)


def marks(workspace: str) -> dict[str, str]:
    """Returns {model name: mark} as the last looks found the models."""
    return dict(LookedAtModel.objects.filter(workspace=workspace).values_list("model_name", "mark"))


def remember(workspace: str, found: Mapping[str, str]) -> None:
    """Keeps the marks of models whose versions have been written."""
    made = [LookedAtModel(workspace=workspace, model_name=name, mark=mark) for name, mark in found.items()]
    LookedAtModel.objects.bulk_create(
        made,
        batch_size=_AT_ONCE,
        update_conflicts=True,
        unique_fields=["workspace", "model_name"],
        update_fields=["mark"],
    )


def forget(workspace: str, names: Iterable[str]) -> None:
    """Forgets models that are gone, with what was held of them."""
    for name in names:
        save(workspace, name, [])
        LookedAtModel.objects.filter(workspace=workspace, model_name=name).delete()


def known_of(workspace: str, model_name: str) -> dict[tuple[str, datetime | None], Provenance]:
    """Returns what the versions of a model are made of, as far as it was learnt."""
    found = SealedVersion.objects.filter(workspace=workspace, model_name=model_name).exclude(made_of__isnull=True)
    return {(row.version, row.created_at): provenance for row in found if (provenance := made_of(row)) is not None}


@transaction.atomic
def save(workspace: str, model_name: str, found: Iterable[Found]) -> None:
    """Writes which versions of a model hold something protected; raises the generation if that is news."""
    _lock(workspace)
    before = {row.version: row for row in SealedVersion.objects.filter(workspace=workspace, model_name=model_name)}
    changed, gone = [], []
    wanted = {each.version: each for each in found}
    for each in wanted.values():
        row = before.get(each.version) or SealedVersion(
            workspace=workspace, model_name=model_name, version=each.version
        )
        values = {
            "created_at": each.created_at,
            "held": [[held.target.kind, held.target.name] for held in each.held],
            "made_of": _json(each.made_of),
        }
        if row.pk is None or any(getattr(row, name) != value for name, value in values.items()):
            for name, value in values.items():
                setattr(row, name, value)
            changed.append(row)
    for version in before.keys() - wanted.keys():
        row = before[version]
        if row.is_judged and row.held:
            row.held = []
            changed.append(row)
        elif not row.is_judged:
            gone.append(row.pk)
    _write(workspace, changed, gone)


@transaction.atomic
def keep_judged(workspace: str, judged: set[tuple[str, str]], began: State) -> None:
    """Writes which versions are judged, as they were before a look began; later approvals have written their own.

    Args:
        workspace: Canonical.
        judged: (model, version) of each.
        began: The state at the look's beginning.
    """
    _lock(workspace)
    flagged = SealedVersion.objects.filter(workspace=workspace, is_judged=True)
    known = {(row.model_name, row.version): row for row in flagged}
    new = [_row(workspace, *key, is_judged=True) for key in sorted(judged - known.keys())]
    over = [row for key, row in known.items() if key not in judged and row.generation <= began.generation]
    for row in over:
        row.is_judged = False
    _write(workspace, [*new, *(row for row in over if row.held)], [row.pk for row in over if not row.held])


def unlearnt(workspace: str) -> list[tuple[str, str]]:
    """Returns the (model, version) of what is sealed without anybody knowing what it is made of."""
    found = SealedVersion.objects.filter(workspace=workspace, made_of__isnull=True)
    return list(found.values_list("model_name", "version"))


@transaction.atomic
def learn(workspace: str, model_name: str, version: str, created_at: datetime | None, learnt: Provenance) -> None:
    """Writes what a version is made of."""
    _lock(workspace)
    rows = SealedVersion.objects.filter(workspace=workspace, model_name=model_name, version=version)
    for row in rows:
        row.created_at, row.made_of = created_at, _json(learnt)
    _write(workspace, list(rows))


def _lock(workspace: str) -> SealedWorkspace:
    """Returns the workspace's row, for this transaction alone: all that writes rows of it takes this first."""
    found, _ = SealedWorkspace.objects.select_for_update().get_or_create(workspace=workspace)
    return found


def _row(workspace: str, model_name: str, version: str, **values: Any) -> SealedVersion:
    """Returns a version's row with some values set, not saved yet; the workspace is locked."""
    _lock(workspace)
    key = {"workspace": workspace, "model_name": model_name, "version": version}
    row = SealedVersion.objects.filter(**key).first() or SealedVersion(**key)
    for name, value in values.items():
        setattr(row, name, value)
    return row


def _write(workspace: str, changed: list[SealedVersion], gone: Iterable[int] = ()) -> None:
    """Saves and deletes rows under the next generation; the workspace is locked."""
    gone = list(gone)
    if not (changed or gone):
        return
    found = _lock(workspace)
    found.generation += 1
    found.save(update_fields=["generation"])
    for row in changed:
        row.generation = found.generation
        row.save()
    SealedVersion.objects.filter(pk__in=gone).delete()


def _json(provenance: Provenance) -> dict[str, Any]:
    return {part: sorted(getattr(provenance, part)) for part in _PARTS}
