"""Finds the copies of pictures that belong to what was judged."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from evidence.digests.taking import key_of
from evidence.models import PictureCopy, PictureLook
from evidence.observe import Evidence
from registry.types import ModelVersion, VersionFacts


@dataclass(frozen=True, slots=True)
class Copy:
    """A copy of a picture: the name of its bytes, its size in pixels, and when it was taken."""

    digest: str
    width: int
    height: int
    taken_at: datetime


@dataclass(frozen=True, slots=True)
class CopiedPicture:
    """A picture of both versions, as it was kept; a side of which there is no copy is None."""

    path: str
    champion: Copy | None
    challenger: Copy | None


@dataclass(frozen=True, slots=True)
class CopiedPictures:
    """The pictures of what was judged.

    Attributes:
        rows: By path.
        left_out: The paths of pictures of which no copy was kept, because they are too large or too many.
    """

    rows: tuple[CopiedPicture, ...] = ()
    left_out: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.rows or self.left_out)


def pictures_of(
    evidence: Evidence, *, workspace: str, moment: datetime, since: datetime, until: datetime
) -> CopiedPictures:
    """Returns the copies of the pictures that the evidence is about, those that fit its list of files. One query.

    Args:
        evidence: What was judged.
        workspace: Canonical.
        moment: When it was observed.
        since: When the request was opened: from then on nothing changed the files.
        until: When it was decided; now while it is not.
    """
    sides = [evidence.challenger]
    if evidence.champion is not None and evidence.champion.version != evidence.challenger.version:
        sides.append(evidence.champion)
    window = (since, until) if since <= moment <= until else (moment, moment)
    looks = _looks_at([key_of(workspace, facts.version) for facts in sides])
    found = [_of_side(facts, looks.get(_name(facts.version), []), moment, window) for facts in sides]
    challenger, champion = found[0], found[1] if len(found) == 2 else ({}, set())
    paths = sorted({*challenger[0], *champion[0]})
    return CopiedPictures(
        tuple(CopiedPicture(path, champion[0].get(path), challenger[0].get(path)) for path in paths),
        tuple(sorted((challenger[1] | champion[1]) - set(paths))),
    )


def last_copy(workspace: str, name: str, version: str, path: str, *, known: ModelVersion | None = None) -> Copy | None:
    """Returns the copy of a version's picture that was taken last.

    Args:
        workspace: Canonical.
        name: Of the model.
        version: The version's number.
        path: The picture's.
        known: The version as MLflow has it, where it has one; then only copies of this very one count.
    """
    looks = PictureLook.objects.filter(workspace=workspace, model_name=name, version=version)
    if known is not None:
        looks = looks.filter(**key_of(workspace, known))
    for look in looks.order_by("-pk")[:20]:
        if (copy := _copies(look).get(path)) is not None:
            return copy
    return None


def content_of(digest: str) -> bytes | None:
    """Returns a picture's bytes; None where nobody kept it, or somebody changed the row."""
    found = PictureCopy.objects.filter(pk=digest).values_list("content", flat=True).first()
    content = None if found is None else bytes(found)
    return content if content is not None and hashlib.sha256(content).hexdigest() == digest else None


def _looks_at(keys: Iterable[dict[str, object]]) -> dict[tuple[str, str], list[PictureLook]]:
    looks = PictureLook.objects.none()
    for key in keys:
        looks |= PictureLook.objects.filter(**key)
    found: dict[tuple[str, str], list[PictureLook]] = {}
    for look in looks.order_by("pk"):
        found.setdefault((look.model_name, look.version), []).append(look)
    return found


def _name(version: ModelVersion) -> tuple[str, str]:
    return version.name, version.version


def _of_side(
    facts: VersionFacts, looks: list[PictureLook], moment: datetime, window: tuple[datetime, datetime]
) -> tuple[dict[str, Copy], set[str]]:
    """Returns {path: copy} of one version, and the paths of which the look nearest to the moment kept none."""
    # While a request is open its version's files are sealed, so any look of that time saw what was judged.
    nearest = sorted(
        looks,
        key=lambda look: (not window[0] <= look.taken_at <= window[1], abs(look.taken_at - moment)),
    )
    found: dict[str, Copy] = {}
    for look in nearest:
        for path, copy in _copies(look).items():
            if path not in found and _fits(facts, path, look):
                found[path] = copy
    left_out = {str(one["path"]) for look in nearest[:1] for one in look.pictures if not one["digest"]}
    return found, left_out


def _copies(look: PictureLook) -> dict[str, Copy]:
    return {
        one["path"]: Copy(one["digest"], one["width"], one["height"], look.taken_at)
        for one in look.pictures
        if one["digest"]
    }


def _fits(facts: VersionFacts, path: str, look: PictureLook) -> bool:
    """Says whether the copy can be of the file that was judged, by its size, and by its digest where that is known."""
    if facts.tree is None:
        return True
    listed = next((entry for entry in facts.tree.files if entry.path == path), None)
    copied = next(one for one in look.pictures if one["path"] == path)
    return listed is not None and listed.size == copied["size"] and listed.sha256 in ("", copied["digest"])
