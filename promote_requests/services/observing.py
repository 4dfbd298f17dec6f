"""Updates a request's observed evidence, so that nobody's approval counts for facts that they never saw."""

from dataclasses import asdict, replace
from typing import Any

from django.db import transaction
from django.utils import timezone

from audit import trail
from audit.actors import Actor
from audit.choices import AuditAction
from evidence.freeze import Observation, UnreadableEvidence
from evidence.kept import keep as keep_evidence
from evidence.kept import load
from evidence.observe import Evidence
from foundation.exceptions import WrongState
from promote_requests import sentences
from promote_requests.choices import Status
from promote_requests.exceptions import ChampionChanged, EvidenceChanged
from promote_requests.models import PromoteRequest
from promote_requests.services.asking.again import ask_again
from promote_requests.services.gating import on_record
from promote_requests.services.locking import lock
from promote_requests.services.moves.former import has_ground, overtaken_by
from promote_requests.services.reading import judgements_of
from registry.targets import Target


def has_changed(promote_request: PromoteRequest, evidence: Evidence) -> bool:
    """Tells whether MLflow shows other facts than those last observed, or a way back lost its fast track since."""
    shows_others = promote_request.observation != Observation.of(evidence, promote_request.target)
    return shows_others or overtaken_by(promote_request) is not None


def columns(evidence: Evidence, target: Target) -> dict[str, Any]:
    """Keeps the evidence and returns the columns of a request that say what was seen last: {field: value}."""
    return {
        **asdict(Observation.of(evidence, target)),
        **on_record(evidence),
        "evidence_digest": keep_evidence(evidence),
    }


def adopt(promote_request: PromoteRequest, evidence: Evidence, *, actor: Actor) -> str:
    """Writes the present facts into a locked request and the trail; returns the sentence that says what changed.

    Approvals of the former facts no longer count; a way back that lost its ground is fast no longer.
    """
    sentence = what_changed(promote_request, evidence)
    lost = [judgement for judgement in judgements_of(promote_request) if judgement.counts]
    PromoteRequest.objects.filter(pk=promote_request.pk).update(
        updated_at=timezone.now(),
        is_fast_track=promote_request.is_fast_track and has_ground(promote_request, evidence),
        **columns(evidence, promote_request.target),
    )
    trail.record(
        AuditAction.EVIDENCE_CHANGED,
        about=promote_request.about,
        reason=sentence,
        actor=actor,
    )
    promote_request.refresh_from_db()
    ask_again(promote_request, lost, actor=actor)
    return sentence


def notice_changes(promote_request: PromoteRequest, evidence: Evidence, *, actor: Actor) -> str:
    """Writes what somebody's look at an open request found where an approval or a fast track ends by it.

    Otherwise the list would go on calling approved what the page does not. Facts that nobody has approved are only
    shown: a run that still logs must not fill the record at each look.

    Returns:
        The sentence that says what changed.
    """
    sentence = what_changed(promote_request, evidence)
    counted = any(judgement.counts for judgement in judgements_of(promote_request))
    if not counted and overtaken_by(promote_request) is None:
        return sentence
    with transaction.atomic():
        locked = lock(promote_request)
        if locked.status == Status.OPEN and has_changed(locked, evidence):
            adopt(locked, evidence, actor=actor)
    promote_request.refresh_from_db()
    return sentence


def what_changed(promote_request: PromoteRequest, evidence: Evidence) -> str:
    """Returns what `has_changed` found, in words: how the facts differ, and what ended a fast track."""
    later = overtaken_by(promote_request)
    ended = "" if later is None else sentences.fast_track_ended(later)
    shows_others = promote_request.observation != Observation.of(evidence, promote_request.target)
    return " ".join(filter(None, [_other_facts(promote_request, evidence) if shows_others else "", ended]))


def _other_facts(promote_request: PromoteRequest, evidence: Evidence) -> str:
    """Returns how the evidence differs from what was observed last, and whose word it is where directions turned."""
    try:
        before = load(promote_request.evidence_digest)
    except UnreadableEvidence:
        return sentences.what_changed(promote_request, evidence)
    turned = sentences.turned(before, evidence)
    if turned and Observation.of(replace(evidence, directions=before.directions), promote_request.target) == (
        promote_request.observation
    ):
        return turned
    return " ".join(filter(None, [sentences.what_changed(promote_request, evidence), turned]))


def refuse_if_changed(promote_request: PromoteRequest, evidence: Evidence, *, actor: Actor) -> None:
    """Adopts changed facts in a transaction of its own, then refuses and asks for a new review.

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
    raise error(sentences.look_again(sentence))
