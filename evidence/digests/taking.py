"""Takes the digests of a version's files from MLflow, and compares them with what MLflow has later."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from evidence.digests.root import digest_of, is_signature, root_digest
from evidence.models import DigestedFile, Manifest
from evidence.observe import Evidence
from foundation.exceptions import CheckpointError
from registry.client import RegistryClient
from registry.exceptions import RegistryNotFound
from registry.types import FileEntry, FileTree, ModelVersion, VersionFacts

_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


class Undigestable(CheckpointError):
    """Why the files of a version cannot be read whole."""

    status = 409


@dataclass(frozen=True, slots=True)
class Mismatch:
    """A file that is not as it was: `changed`, `missing` or `added`."""

    path: str
    what: str


def take(registry: RegistryClient, *, workspace: str, name: str, version: str) -> Manifest:
    """Reads every file of a version that was not read yet, and returns its manifest; safe to repeat and to interrupt.

    A file is held a piece at a time, and stored as soon as it is read: whoever is interrupted goes on from there.

    Raises:
        Undigestable: not all files can be read, or they changed meanwhile.
        RegistryError: MLflow cannot be asked, or has no such version.
    """
    facts = registry.get_facts(name, version)
    manifest, _ = Manifest.objects.get_or_create(**key_of(workspace, facts.version))
    if manifest.finished_at is not None:
        return manifest
    tree = _tree(registry, facts)
    done = {file.path: file for file in manifest.files.all()}
    sizes = {entry.path: entry.size for entry in tree.files}
    if any(sizes.get(path) != file.size for path, file in done.items()):
        # The files changed since somebody began: nothing of before counts.
        manifest.files.all().delete()
        done = {}
    for entry in tree.files:
        if entry.path not in done:
            digest, size = _read(registry, facts.version, entry)
            DigestedFile.objects.get_or_create(
                manifest=manifest, path=entry.path, defaults={"sha256": digest, "size": size}
            )
    with transaction.atomic():
        digests = dict(manifest.files.values_list("path", "sha256"))
        if digests.keys() != sizes.keys():
            raise Undigestable(f"The files of {manifest} changed while they were read. Try again.")
        manifest.root, manifest.finished_at = root_digest(digests), timezone.now()
        manifest.save(update_fields=["root", "finished_at"])
    return manifest


def verify(registry: RegistryClient, manifest: Manifest) -> list[Mismatch]:
    """Reads every file of a version again, returns what is not as it was, and keeps that for the pages.

    Raises:
        Undigestable: not all files can be read.
        RegistryError: MLflow cannot be asked, or has no such version.
    """
    facts = registry.get_facts(manifest.model_name, manifest.version)
    if key_of(manifest.workspace, facts.version)["registered_at"] != manifest.registered_at:
        raise RegistryNotFound(f"{manifest} is another version today: this one was deleted.")
    kept = {file.path: file for file in manifest.files.all()}
    found: list[Mismatch] = []
    entries = {entry.path: entry for entry in _tree(registry, facts).files}
    for path in sorted({*kept, *entries}):
        if path not in entries:
            found.append(Mismatch(path, "missing"))
        elif path not in kept:
            found.append(Mismatch(path, "added"))
        elif _differs(registry, facts.version, entries[path], kept[path]):
            found.append(Mismatch(path, "changed"))
    manifest.verified_at = timezone.now()
    manifest.mismatches = [{"path": one.path, "what": one.what} for one in found]
    manifest.save(update_fields=["verified_at", "mismatches"])
    return found


def manifest_of(workspace: str, version: ModelVersion) -> Manifest | None:
    """Returns the finished manifest of a version, if there is one."""
    return Manifest.objects.filter(finished_at__isnull=False, **key_of(workspace, version)).first()


def with_digests(evidence: Evidence, *, workspace: str) -> Evidence:
    """Returns the evidence with the digests in its trees, as far as they were taken. One query."""
    versions = [
        facts.version for facts in (evidence.challenger, evidence.champion) if facts and facts.tree and facts.tree.files
    ]
    if not versions:
        return evidence
    asked = Q()
    for version in versions:
        asked |= Q(**{f"manifest__{name}": value for name, value in key_of(workspace, version).items()})
    taken: dict[tuple[str, str], dict[str, DigestedFile]] = {}
    for file in DigestedFile.objects.filter(asked, manifest__finished_at__isnull=False).select_related("manifest"):
        taken.setdefault((file.manifest.model_name, file.manifest.version), {})[file.path] = file
    challenger = _digested(evidence.challenger, taken)
    champion = evidence.champion
    if champion is evidence.challenger:
        return replace(evidence, challenger=challenger, champion=challenger)
    return replace(evidence, challenger=challenger, champion=champion and _digested(champion, taken))


def _digested(facts: VersionFacts, taken: dict[tuple[str, str], dict[str, DigestedFile]]) -> VersionFacts:
    files = taken.get((facts.version.name, facts.version.version))
    if not files or facts.tree is None:
        return facts
    entries = [
        replace(entry, sha256=file.sha256) if (file := files.get(entry.path)) and file.size == entry.size else entry
        for entry in facts.tree.files
    ]
    return replace(facts, tree=replace(facts.tree, files=tuple(entries)))


def key_of(workspace: str, version: ModelVersion) -> dict[str, Any]:
    """Returns {field: value} that tells one version from all others, later ones of the same number too."""
    return {
        "workspace": workspace,
        "model_name": version.name,
        "version": version.version,
        "registered_at": version.created_at or _LONG_AGO,
    }


def _tree(registry: RegistryClient, facts: VersionFacts) -> FileTree:
    if facts.unplaced_source:
        # MLflow would fetch whatever the source names, an address in the inner network too.
        raise Undigestable("Its files lie where Checkpoint does not look.")
    tree = registry.list_files(facts.version.name, facts.version.version)
    if tree.problem:
        raise Undigestable(tree.problem)
    return FileTree(tuple(entry for entry in tree.files if not is_signature(entry.path)))


def _read(registry: RegistryClient, version: ModelVersion, entry: FileEntry) -> tuple[str, int]:
    digest, size = digest_of(registry.stream_file(version.name, version.version, entry.path))
    if size != entry.size:
        raise Undigestable(f"{entry.path} has {entry.size:,} bytes by MLflow's list, and {size:,} were read.")
    return digest, size


def _differs(registry: RegistryClient, version: ModelVersion, entry: FileEntry, kept: DigestedFile) -> bool:
    if entry.size != kept.size:
        return True
    digest, _ = digest_of(registry.stream_file(version.name, version.version, entry.path))
    return digest != kept.sha256
