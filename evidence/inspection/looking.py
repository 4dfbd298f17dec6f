"""Looks at a version's files: reads the few that are needed from MLflow, has them judged, and keeps what came of it."""

import hashlib
from dataclasses import dataclass
from typing import Any

from django.utils import timezone

from evidence.contents.texts import LARGEST_BYTES
from evidence.digests.taking import key_of
from evidence.freeze import UnreadableEvidence
from evidence.inspection.findings import Finding, Outcome, outcome_of
from evidence.inspection.judging import EXAMPLE, FORMAT, READ, SERVING_EXAMPLE, as_document
from evidence.inspection.process import ask
from evidence.kept import load_document, store
from evidence.models import Inspection
from registry import patience
from registry.client import RegistryClient
from registry.types import ModelVersion, VersionFacts

LARGEST_EXAMPLE = 1_000_000
"""Bytes of an input example that is read."""
SECONDS = 60.0
"""How long all reading from MLflow may take for one version."""


@dataclass(frozen=True, slots=True)
class Subject:
    """What is judged of a version, or the finding that there is nothing to judge.

    Attributes:
        document: For the child.
        files: {path: SHA-256 in hex} of what was read.
    """

    document: bytes
    files: dict[str, str]
    instead: Finding | None = None

    @property
    def digest(self) -> str:
        """SHA-256 in hex."""
        said = self.document + (self.instead.sentence.encode() if self.instead else b"")
        return hashlib.sha256(said).hexdigest()


def look(registry: RegistryClient, *, workspace: str, name: str, version: str, afresh: bool = False) -> Inspection:
    """Looks at a version's files now and returns what came of it.

    The files are read each time. What was found of the very same bytes and names before is taken over, without a
    second process, unless somebody wants it `afresh` or nothing could be told then.

    Raises:
        RegistryError: MLflow cannot be asked, or has no such version.
    """
    made_at = timezone.now()
    with patience.at_most(SECONDS):
        facts = registry.get_facts(name, version)
        subject = _read(registry, facts)
    known = None if afresh else Inspection.objects.filter(subject=subject.digest).last()
    if known is not None and known.outcome != Outcome.UNKNOWN:
        outcome, digest = known.outcome, known.digest
    else:
        findings = (subject.instead,) if subject.instead else ask(subject.document).findings
        outcome = outcome_of(findings)
        digest = store(
            {
                "format": FORMAT,
                "subject": subject.digest,
                "files": subject.files,
                "outcome": str(outcome),
                "findings": [finding.as_dict() for finding in findings],
            }
        )
    return Inspection.objects.create(
        **key_of(workspace, facts.version), subject=subject.digest, outcome=outcome, digest=digest, made_at=made_at
    )


def inspection_of(workspace: str, version: ModelVersion) -> Inspection | None:
    """Returns what came of the last look at a version, if there was one."""
    return Inspection.objects.filter(**key_of(workspace, version)).last()


def findings_of(inspection: Inspection) -> tuple[Finding, ...]:
    """Returns what was found, or a finding that says why that cannot be read any more."""
    try:
        said: dict[str, Any] = load_document(inspection.digest)
        return tuple(Finding(one["code"], one["sentence"], Outcome(one["outcome"])) for one in said["findings"])
    except (UnreadableEvidence, KeyError, TypeError, ValueError):
        return (Finding("process", "What was found is kept in a row that cannot be read.", Outcome.UNKNOWN),)


def _read(registry: RegistryClient, facts: VersionFacts) -> Subject:
    if facts.prompt_text is not None:
        return Subject(
            b"", {}, Finding("prompt", "A prompt has no files: there is nothing to look at.", Outcome.PASSED)
        )
    if facts.unplaced_source:
        # MLflow would fetch whatever the source names, an address in the inner network too.
        return Subject(b"", {}, Finding("files", "Its files lie where Checkpoint does not look.", Outcome.UNKNOWN))
    name, version = facts.version.name, facts.version.version
    tree = registry.list_files(name, version)
    listed = None if tree.problem else {entry.path: entry.size for entry in tree.files}
    files: dict[str, bytes] = {}
    too_large: dict[str, int] = {}
    for path in READ if listed is None else (path for path in READ if path in listed):
        most = LARGEST_EXAMPLE if path in (EXAMPLE, SERVING_EXAMPLE) else LARGEST_BYTES
        if listed is not None and listed[path] > most:
            too_large[path] = most
            continue
        content = registry.read_file(name, version, path, limit=most)
        if content is not None and len(content) > most:
            too_large[path] = most
        elif content is not None:
            files[path] = content
    digests = {path: hashlib.sha256(content).hexdigest() for path, content in files.items()}
    return Subject(as_document(files, too_large, listed), digests)
