"""What had a target before: the ground on which the way back to it is fast, by Checkpoint's own record."""

from django.utils import timezone

from evidence.digests.taking import key_of, manifest_of
from evidence.freeze import UnreadableEvidence, is_same_make
from evidence.kept import load
from evidence.observe import Evidence
from foundation.exceptions import WrongState
from promote_requests import sentences
from promote_requests.choices import Status
from promote_requests.models import PromoteRequest
from promote_requests.querysets import PromoteRequestQuerySet
from promote_requests.services.moves.holders import moves_of, same_target
from registry.proposals import Change, Proposal

_LOOKED_AT = 20
"""Promotions of one version to one target that are looked at."""


def has_ground(promote_request: PromoteRequest, evidence: Evidence) -> bool:
    """Tells whether a request still is the fast way back: to what had met the rules, from what has the target now.

    Asked whenever its facts change: a version that was replaced or changed, or one after which somebody else's change
    was promoted, is judged by the whole rules.
    """
    undone = promote_request.undoes
    return undone is not None and is_ground(undone, promote_request.proposal, evidence)


def is_ground(undone: PromoteRequest, back: Proposal, evidence: Evidence) -> bool:
    """Tells whether taking back a promotion by this proposal is the fast way back; see `has_ground`."""
    return _overtaking(undone) is None and has_passed(back, evidence)


def overtaken_by(promote_request: PromoteRequest) -> PromoteRequest | None:
    """Returns the promotion by which a request that is on the fast track loses it; None of any other request.

    MLflow need not show it: what came between may have been taken back since, or have replaced nobody.
    """
    undone = promote_request.undoes if promote_request.is_fast_track else None
    return None if undone is None else _overtaking(undone)


def require_latest(promote_request: PromoteRequest) -> None:
    """Raises WrongState unless a promoted request is the last that changed its target: only that is taken back."""
    later = latest_after(promote_request)
    if later is not None:
        raise WrongState(sentences.replaced_since(later))


def latest_after(promote_request: PromoteRequest) -> PromoteRequest | None:
    """Returns the promoted request that changed the same target last, if that was after this one."""
    return _last_since(promote_request, same_target(promote_request))


def _overtaking(undone: PromoteRequest) -> PromoteRequest | None:
    """Returns `latest_after`, also under another spelling of an alias: MLflow's database may take it for the same."""
    return _last_since(undone, same_target(undone, in_any_spelling=True))


def _last_since(promote_request: PromoteRequest, same: PromoteRequestQuerySet) -> PromoteRequest | None:
    after = same if promote_request.target.has_champion else moves_of(promote_request)
    moment = promote_request.promoted_at or timezone.now()
    later = after.filter(status=Status.PROMOTED, promoted_at__gt=moment)
    return later.order_by("-promoted_at", "-number").first()


def has_passed(back: Proposal, evidence: Evidence) -> bool:
    """Tells whether this very version had this very target before, by people who met the rules, as it is now.

    Neither past the rules nor on the fast track, which would prove itself; not another version that had the same
    number, deleted since; and not with other figures or files than those that were judged then, which nothing keeps
    from changing while a version is not in use.

    Args:
        back: What is asked for.
        evidence: The present facts; files are compared where both looks have them.
    """
    now = evidence.challenger
    manifest = manifest_of(back.workspace, now.version)
    if back.change != Change.SET or (manifest is not None and manifest.mismatches):
        return False
    earlier = (
        PromoteRequest.objects.having_given(back)
        .filter(is_bypassed=False, is_fast_track=False)
        .exclude(judged_by=None)
        .order_by("-promoted_at")
    )
    for promoted in earlier[:_LOOKED_AT]:
        if not (promoted.judged_by or {}).get("rules"):
            continue
        try:
            then = load(promoted.evidence_digest).challenger
        except UnreadableEvidence:
            continue
        if key_of(back.workspace, then.version) == key_of(back.workspace, now.version) and is_same_make(then, now):
            return True
    return False
