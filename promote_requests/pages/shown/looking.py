"""Looks at the facts of a request for a page."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum, auto
from typing import Self

from django.http import HttpRequest

from audit.actors import Actor, Door
from evidence.freeze import Observation, UnreadableEvidence
from evidence.kept import load_with_time
from evidence.observe import Evidence
from foundation.exceptions import CheckpointError
from promote_requests.choices import Status
from promote_requests.models import PromoteRequest
from promote_requests.pages.http import PageRequest
from promote_requests.services import evidence_of, with_files
from promote_requests.services.gating import UNFINISHED, keep, measure
from promote_requests.services.moves.gone import notice_return, noticed
from promote_requests.services.observing import has_changed, notice_changes
from protection.matching import Rulebook
from registry.exceptions import RegistryError

PRESSED = "pressed"
"""The name of the button that asks MLflow again; a page that asks by itself sends none."""


class Look(Enum):
    """Which facts an open request is shown with: those observed last, MLflow's of some seconds ago, or of now."""

    KEPT = auto()
    RECENT = auto()
    NOW = auto()

    @classmethod
    def at_present(cls, request: HttpRequest) -> Self:
        """Returns what a page gets that asks for the present: that of now where somebody pressed the button."""
        return cls.NOW if PRESSED in request.POST else cls.RECENT


@dataclass(frozen=True, slots=True)
class Seen:
    """The facts that the page shows, or why there are none.

    Attributes:
        observation: Of the facts shown, which may be newer than those that the request recorded last.
        changed: A sentence about how the facts differ from those that were last reviewed; "" if they do not.
        as_of: When the facts shown were observed, where these are kept ones; None for those that MLflow has now.
    """

    observation: Observation
    evidence: Evidence | None = None
    failure: CheckpointError | None = None
    changed: str = ""
    as_of: datetime | None = None


def look_at(request: PageRequest, promote_request: PromoteRequest, rules: Rulebook, look: Look) -> Seen:
    """Returns the facts that a page shows; what MLflow has changed is written down where an approval stops counting."""
    recorded, actor = promote_request.observation, Actor.checkpoint(Door.PAGE, request.id)
    if look is Look.KEPT and promote_request.status in UNFINISHED and (kept := _kept(promote_request)) is not None:
        return kept
    try:
        with noticed(promote_request, actor=actor):
            evidence = with_files(promote_request, evidence_of(promote_request, recent=look is Look.RECENT))
            if look is Look.RECENT and promote_request.status == Status.OPEN and has_changed(promote_request, evidence):
                # What another process observed since may be newer: nothing is written down by figures of a moment ago.
                evidence = with_files(promote_request, evidence_of(promote_request))
    except UnreadableEvidence as failure:
        return Seen(recorded, failure=failure)
    except RegistryError as failure:
        kept = _kept(promote_request)
        return replace(kept, failure=failure) if kept is not None else Seen(recorded, failure=failure)
    notice_return(promote_request, actor=actor)
    if promote_request.status in UNFINISHED and measure(promote_request, evidence, rules=rules):
        keep(promote_request)
    if promote_request.status != Status.OPEN or not has_changed(promote_request, evidence):
        return Seen(recorded, evidence)
    changed = notice_changes(promote_request, evidence, actor=actor)
    return Seen(Observation.of(evidence, promote_request.target), evidence, changed=changed)


def _kept(promote_request: PromoteRequest) -> Seen | None:
    """Returns what was observed last; None where nothing is kept that can be read."""
    digest = promote_request.evidence_digest
    try:
        evidence, as_of = load_with_time(digest)
    except UnreadableEvidence:
        return None
    return Seen(promote_request.observation, evidence, as_of=as_of)
