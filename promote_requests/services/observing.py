"""Keeps a request's observed evidence true, so that nobody's approval counts for facts that they never saw."""

from dataclasses import asdict

from django.db import transaction
from django.utils import timezone

from audit import trail
from audit.actors import Actor
from audit.choices import AuditAction
from evidence.freeze import Observation
from evidence.observe import Evidence
from foundation.exceptions import WrongState
from promote_requests.exceptions import ChampionChanged, EvidenceChanged
from promote_requests.models import PromoteRequest
from promote_requests.services.locking import lock
from registry.proposals import Change
from registry.targets import Target


def has_changed(promote_request: PromoteRequest, evidence: Evidence) -> bool:
    """Tells whether MLflow shows other facts than those last observed."""
    return promote_request.observation != Observation.of(evidence, promote_request.target)


def columns(evidence: Evidence, target: Target) -> dict[str, str | None]:
    """Returns the columns of a request that say what MLflow showed last: {field name: value}."""
    return asdict(Observation.of(evidence, target))


def adopt(promote_request: PromoteRequest, evidence: Evidence, *, actor: Actor) -> str:
    """Writes the present facts into a locked request and the trail; returns the sentence that says what changed.

    Approvals of the former facts stop counting by it.
    """
    sentence = describe(promote_request, evidence)
    PromoteRequest.objects.filter(pk=promote_request.pk).update(
        updated_at=timezone.now(), **columns(evidence, promote_request.target)
    )
    trail.record(
        AuditAction.EVIDENCE_CHANGED,
        about=promote_request.about,
        reason=sentence,
        actor=actor,
    )
    promote_request.refresh_from_db()
    return sentence


def describe(promote_request: PromoteRequest, evidence: Evidence) -> str:
    """Returns one sentence about how `evidence` differs from what was last observed."""
    now = evidence.champion_version
    before = promote_request.champion_version
    target = promote_request.target_name
    if promote_request.change == Change.REMOVE and now is not None:
        return lost_alias(promote_request, now)
    left, leaves = promote_request.challenger_stage, evidence.challenger.version.stage
    if now == before and left not in ("", leaves):
        return f"Version {promote_request.version} is in the stage {leaves} now; it was in {left}."
    if now == before:
        facts = f"The recorded facts of version {promote_request.version}"
        if promote_request.archive_existing_versions:
            facts += f", or the versions beside the champion in {target},"
        return f"{facts} have changed since this request was reviewed."
    if now is None:
        return f"Version {before} no longer holds {target}; nobody does."
    if before is None:
        return f"Version {now} holds {target} now; nobody did when this request was reviewed."
    return f"Version {now} holds {target} now; reviewers compared with version {before}."


def lost_alias(promote_request: PromoteRequest, holder: str) -> str:
    """Returns the sentence about an alias that was to be taken away and that another version has got meanwhile."""
    return (
        f"Version {holder} holds {promote_request.target_name} now: there is nothing to take away from version "
        f"{promote_request.version}."
    )


def refuse_if_changed(promote_request: PromoteRequest, evidence: Evidence, *, actor: Actor) -> None:
    """Adopts changed facts in a transaction of its own, then refuses, asking for a fresh look.

    Raises:
        ChampionChanged: another version holds the target than the one that reviewers compared with.
        EvidenceChanged: the challenger's own facts changed.
    """
    with transaction.atomic():
        locked = lock(promote_request)
        if not has_changed(locked, evidence):
            return
        error: type[WrongState] = (
            EvidenceChanged if evidence.champion_version == locked.champion_version else ChampionChanged
        )
        sentence = adopt(locked, evidence, actor=actor)
    raise error(f"{sentence} Please take a fresh look at the comparison and review again.")
