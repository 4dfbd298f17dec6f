"""Takes copies of a version's pictures from MLflow, within bounds, and keeps each once under its SHA-256."""

import hashlib
import posixpath
from collections.abc import Sequence
from typing import Any

from django.utils import timezone

from evidence.digests.taking import key_of
from evidence.files.pictures import Unshowable, picture_of
from evidence.models import PictureCopy, PictureLook
from registry import patience
from registry.client import RegistryClient
from registry.types import FileEntry, VersionFacts

LARGEST_BYTES = 256 * 1024
MOST = 8
"""Pictures of a version: with `LARGEST_BYTES`, a request keeps 4 MiB at most, 2 a side."""
SECONDS = 30.0
"""How long all reading from MLflow may take for one version."""
_ENDINGS = (".png", ".jpg", ".jpeg", ".gif", ".webp")


def take(registry: RegistryClient, *, workspace: str, name: str, version: str) -> PictureLook:
    """Copies the pictures of a version as they are now, and keeps which those were.

    The first ones by depth and path; their bytes as they are, since nothing is decoded here. A file counts as a picture
    by its ending and by its first bytes.

    Raises:
        RegistryError: MLflow cannot be asked, or has no such version.
    """
    taken_at = timezone.now()
    with patience.at_most(SECONDS):
        facts = registry.get_facts(name, version)
        pictures = _copied(registry, facts)
    return PictureLook.objects.create(**key_of(workspace, facts.version), taken_at=taken_at, pictures=pictures)


def is_named_as_picture(path: str) -> bool:
    """Says whether a file is called like a picture that may be copied."""
    return path.lower().endswith(_ENDINGS)


def _copied(registry: RegistryClient, facts: VersionFacts) -> list[dict[str, Any]]:
    if facts.prompt_text is not None or facts.unplaced_source:
        # MLflow would fetch whatever the source names, an address in the inner network too.
        return []
    found: list[dict[str, Any]] = []
    for entry in _offered(registry.list_files(facts.version.name, facts.version.version).files):
        if entry.size > LARGEST_BYTES or sum(bool(one["digest"]) for one in found) == MOST:
            found.append({"path": entry.path, "size": entry.size, "digest": ""})
            continue
        content = registry.read_file(facts.version.name, facts.version.version, entry.path, limit=LARGEST_BYTES)
        if content is not None and len(content) <= LARGEST_BYTES and (kept := _kept(content)) is not None:
            found.append({"path": entry.path, **kept})
    return found


def _offered(files: Sequence[FileEntry]) -> list[FileEntry]:
    """Returns the files that are called like pictures, few enough to be named in a row of the database."""
    named = [entry for entry in files if is_named_as_picture(entry.path)]
    return sorted(named, key=lambda entry: (posixpath.normpath(entry.path).count("/"), entry.path))[: 4 * MOST]


def _kept(content: bytes) -> dict[str, Any] | None:
    try:
        picture = picture_of(content)
    except Unshowable:
        return None
    if picture is None:
        return None
    digest = hashlib.sha256(content).hexdigest()
    PictureCopy.objects.get_or_create(digest=digest, defaults={"content": content})
    return {"digest": digest, "size": len(content), "width": picture.width, "height": picture.height}
