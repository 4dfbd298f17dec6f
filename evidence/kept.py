"""Keeps evidence for ever, under the SHA-256 of what it says: the same facts are one row, a changed row is noticed."""

import hashlib
import json
from datetime import datetime
from typing import Any

from evidence.directions.wanted import BY_NAME, Directions
from evidence.freeze import UnreadableEvidence, freeze, measured_keys, thaw
from evidence.models import FrozenEvidence
from evidence.observe import Evidence
from registry.types import VersionFacts

FORMAT = 1
"""Of a row that says which facts were judged beside each other; facts have a format of their own."""


def keep(evidence: Evidence) -> str:
    """Stores evidence and returns its digest: SHA-256 in hex of its canonical JSON."""
    champion = evidence.champion
    return store(
        {
            "format": FORMAT,
            "challenger": store(freeze(evidence.challenger)),
            "champion": None if champion is None else store(freeze(champion)),
            "other_holders": list(evidence.other_holders),
            "removing": evidence.removing,
            # Tables of names change with releases, and what somebody set here at any time.
            "directions": store(evidence.directions.frozen(measured_keys(evidence))),
        }
    )


def load(digest: str) -> Evidence:
    """Returns the evidence that `keep` stored under this digest.

    Raises:
        UnreadableEvidence: there is none, somebody changed the row, or a newer release wrote it.
    """
    return load_with_time(digest)[0]


def load_with_time(digest: str) -> tuple[Evidence, datetime]:
    """Returns the evidence of this digest, and when it was observed first; see `load`. Two queries."""
    row = _rows([digest]).get(digest)
    said = _read(row, digest)
    if row is None or said.get("format") != FORMAT:
        raise UnreadableEvidence(
            f"What was true then is kept in a format that this Checkpoint cannot read ({said.get('format')})."
        )
    try:
        one, other, judged_by = said["challenger"], said["champion"], said.get("directions")
        rows = _rows([name for name in (one, other, judged_by) if name is not None])
        challenger = thaw(_read(rows.get(one), one))
        champion: VersionFacts | None = None
        if other is not None:
            champion = challenger if other == one else thaw(_read(rows.get(other), other))
        directions = BY_NAME if judged_by is None else Directions.thawed(_read(rows.get(judged_by), judged_by))
        evidence = Evidence(challenger, champion, tuple(said["other_holders"]), bool(said["removing"]), directions)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise UnreadableEvidence("What was true then is kept in a damaged row, which cannot be read.") from error
    return evidence, row.created_at


def _rows(digests: list[str]) -> dict[str, FrozenEvidence]:
    return {row.digest: row for row in FrozenEvidence.objects.filter(pk__in=digests)}


def store(document: dict[str, Any]) -> str:
    """Stores a document of JSON with a number as its `format`, and returns its SHA-256 in hex."""
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    digest = hashlib.sha256(text.encode("utf-8")).hexdigest()
    FrozenEvidence.objects.get_or_create(digest=digest, defaults={"document": text})
    return digest


def load_document(digest: str) -> dict[str, Any]:
    """Returns the document that `store` was given.

    Raises:
        UnreadableEvidence: there is none, or somebody changed the row.
    """
    return _read(_rows([digest]).get(digest), digest)


def _read(row: FrozenEvidence | None, digest: str) -> dict[str, Any]:
    if row is None:
        raise UnreadableEvidence("What was true then is not kept here any more.")
    if hashlib.sha256(row.document.encode("utf-8")).hexdigest() != digest:
        raise UnreadableEvidence("What was true then is kept in a row that somebody changed, so it is not shown.")
    found = json.loads(row.document)
    return found if isinstance(found, dict) else {}
