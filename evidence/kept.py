"""Keeps evidence for ever, under the SHA-256 of what it says: the same facts are one row, a changed row is noticed."""

import hashlib
import json
from datetime import datetime
from typing import Any

from evidence.freeze import UnreadableEvidence, freeze, thaw
from evidence.models import FrozenEvidence
from evidence.observe import Evidence
from registry.types import VersionFacts

FORMAT = 1
"""Of a row that says which facts were judged beside each other; facts have a format of their own."""


def keep(evidence: Evidence) -> str:
    """Stores evidence and returns its digest: SHA-256 in hex of its canonical JSON."""
    champion = evidence.champion
    return _store(
        {
            "format": FORMAT,
            "challenger": _store(freeze(evidence.challenger)),
            "champion": None if champion is None else _store(freeze(champion)),
            "other_holders": list(evidence.other_holders),
            "removing": evidence.removing,
        }
    )


def load(digest: str) -> Evidence:
    """Returns the evidence that `keep` stored under this digest.

    Raises:
        UnreadableEvidence: there is none, somebody changed the row, or a newer release wrote it.
    """
    said = _read(digest)
    if said.get("format") != FORMAT:
        raise UnreadableEvidence(
            f"What was true then is kept in a format that this Checkpoint cannot read ({said.get('format')})."
        )
    try:
        challenger = thaw(_read(said["challenger"]))
        champion: VersionFacts | None = None
        if said["champion"] is not None:
            champion = challenger if said["champion"] == said["challenger"] else thaw(_read(said["champion"]))
        return Evidence(challenger, champion, tuple(said["other_holders"]), bool(said["removing"]))
    except (KeyError, TypeError) as error:
        raise UnreadableEvidence("What was true then is kept in a damaged row, which cannot be read.") from error


def kept_at(digest: str) -> datetime | None:
    """Returns when this evidence was observed first; None where it is not kept."""
    return FrozenEvidence.objects.filter(pk=digest).values_list("created_at", flat=True).first()


def _store(document: dict[str, Any]) -> str:
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    digest = hashlib.sha256(text.encode("utf-8")).hexdigest()
    FrozenEvidence.objects.get_or_create(digest=digest, defaults={"document": text})
    return digest


def _read(digest: str) -> dict[str, Any]:
    row = FrozenEvidence.objects.filter(pk=digest).first()
    if row is None:
        raise UnreadableEvidence("What was true then is not kept here any more.")
    if hashlib.sha256(row.document.encode("utf-8")).hexdigest() != digest:
        raise UnreadableEvidence("What was true then is kept in a row that somebody changed, so it is not shown.")
    read = json.loads(row.document)
    return read if isinstance(read, dict) else {}
