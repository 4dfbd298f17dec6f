"""Champions that are to be reviewed again after some days, as the rules say, and the record that somebody did."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache

from django.contrib.auth import get_user_model
from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from audit import trail
from audit.actors import Actor, Door
from audit.choices import AuditAction
from audit.models import AuditEvent
from evidence.freeze import fingerprint
from evidence.kept import keep as keep_evidence
from evidence.observe import Evidence, is_at_target
from foundation.exceptions import InvalidInput, WrongState
from foundation.texts import checked
from promote_requests import permissions, sentences, transitions
from promote_requests.choices import Action
from promote_requests.exceptions import EvidenceChanged
from promote_requests.models import ChampionReview, PromoteRequest
from promote_requests.querysets import PromoteRequestQuerySet
from promote_requests.services.conversation.words import MAX_BODY
from promote_requests.services.locking import lock
from promote_requests.services.moves.holders import NOT_SHOWN, holding
from promote_requests.services.reading import live_evidence_of, with_both
from protection.conditions.approvers import Approvers
from protection.matching import Rulebook, is_match, requirement_for
from protection.people import able
from protection.references import People
from protection.rulebook import rulebook
from registry import get_registry
from registry.targets import TargetKind

logger = logging.getLogger(__name__)

SOON = timedelta(days=7)
"""From so long before on it is called due."""
TOLD_AGAIN_AFTER = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Champion:
    """A version in use that a rule wants to be reviewed again.

    Attributes:
        promote_request: By which it got the target.
        days: From one review to the next.
        since: When it was reviewed last, or promoted.
        now: The moment of looking.
    """

    promote_request: PromoteRequest
    days: int
    since: datetime
    now: datetime

    @property
    def due_at(self) -> datetime:
        """When it is to be reviewed again."""
        return self.since + timedelta(days=self.days)

    @property
    def is_overdue(self) -> bool:
        """Whether that moment has passed."""
        return self.now >= self.due_at

    @property
    def is_due(self) -> bool:
        """Whether that moment has come, or comes soon."""
        return self.now >= self.due_at - SOON


def champions(
    rules: Rulebook, found: PromoteRequestQuerySet | None = None, *, only_due: bool = False
) -> list[Champion]:
    """Returns the champions that rules want to be reviewed again, the first due first, in one query.

    Args:
        rules: The enforced ones.
        found: Some of `holders.holding`; by default all of them.
        only_due: Leaves out those that are not due; the database does that for most of them.
    """
    wanting = [(rule, each) for rule in rules.rules if (each := rule.parsed_moves.re_review_days) is not None]
    if not wanting:
        return []
    rows = (holding() if found is None else found).select_related("author").defer(*NOT_SHOWN)
    now, listed = timezone.now(), []
    if only_due:
        # No rule wants them sooner.
        rows = rows.filter(promoted_at__lte=now + SOON - timedelta(days=min(each for _, each in wanting)))
    for promote_request in rows.annotate(reviewed_last=Max("champion_reviews__created_at")):
        days = [
            each
            for rule, each in wanting
            if is_match(
                rule,
                workspace=promote_request.workspace,
                model_name=promote_request.model_name,
                target=promote_request.target,
            )
        ]
        since = promote_request.reviewed_last or promote_request.promoted_at
        if days and since is not None:
            listed.append(Champion(promote_request, min(days), since, now))
    kept = [champion for champion in listed if champion.is_due or not only_due]
    return sorted(kept, key=lambda champion: champion.due_at)


def waiting_for(user_id: int, name: str, rules: Rulebook) -> list[Champion]:
    """Returns the due champions that somebody is asked to review again, as `waited_for` says.

    Asks for each owner and approver whom the rulebook names once, however many champions there are.
    """
    people, found = cache(able), []
    for champion in champions(rules, only_due=True):
        asked = champion.promote_request
        concerned, approved_by = _concerned(asked, rules, people)
        if user_id in concerned or (name in (approved_by or ()) and user_id not in asked.authors):
            found.append(champion)
    return found


def waited_for(promote_request: PromoteRequest, rules: Rulebook) -> set[int]:
    """Returns who is told that a champion is due: who is asked to review it; where it has no owners, also its author.

    The author of a champion with owners may not review it and is not told.
    """
    concerned, approved_by = _concerned(promote_request, rules, able)
    if approved_by is None:
        return concerned
    approved = get_user_model()._default_manager.filter(username__in=approved_by, is_active=True)
    return concerned | set(approved.values_list("pk", flat=True)) | promote_request.authors


def _concerned(
    promote_request: PromoteRequest, rules: Rulebook, people: Callable[[People], set[int]]
) -> tuple[set[int], list[str] | None]:
    """Returns the keys of who is asked to review a champion again, and the names of who is since they approved it.

    Its owners; where none of them could, who approved it and whom the rules of today name as approvers: those that it
    was promoted under may have named others. Never somebody who cannot sign in any more, nor its author. The
    names are None where it has owners.
    """
    workspace, model_name, target = promote_request.workspace, promote_request.model_name, promote_request.target
    sections = rules.sections_of(workspace, model_name, target)
    owners = {person for section in sections for person in people(section.people)} - promote_request.authors
    if owners:
        return owners, None
    asked = requirement_for(rules, workspace=workspace, model_name=model_name, targets=[target])
    demands = [demand for one in asked.conditions if isinstance(one, Approvers) for demand in one.demands]
    named = {person for demand in demands for person in people(demand.people)}
    return named - promote_request.authors, promote_request.approved_by


def present_evidence(promote_request: PromoteRequest) -> Evidence:
    """Returns what MLflow has of a champion now, as the evidence that a re-review is about.

    Raises:
        WrongState: the version does not hold the target any more.
        RegistryError: MLflow cannot be asked, or has no such version any more.
    """
    workspace = promote_request.workspace
    evidence = with_both(get_registry(workspace), live_evidence_of(promote_request), workspace=workspace)
    if promote_request.target_kind != TargetKind.MODEL and not is_at_target(
        evidence.challenger.version, promote_request.target
    ):
        raise WrongState(sentences.holds_no_more(promote_request))
    return evidence


@trail.records_refusals
def re_review(
    *, actor: Actor, promote_request: PromoteRequest, body: str, seen_fingerprint: str = ""
) -> ChampionReview:
    """Records that somebody looked at a version in use again, with words, on the facts as MLflow has them now.

    Args:
        actor: A person other than the author of the request.
        promote_request: By which the version got its target.
        body: What came of it. Markdown.
        seen_fingerprint: Of the facts that the person was shown; empty for those of now.

    Raises:
        InvalidInput: the text is missing or too long.
        WrongState: the version does not hold the target any more.
        EvidenceChanged: the facts are no longer those that were shown.
        NotAllowed: the actor made the request.
        RegistryError: MLflow cannot be asked.
    """
    transitions.require(Action.RE_REVIEW, promote_request.status)
    permissions.require(actor, Action.RE_REVIEW, promote_request)
    body = checked(body, field="body", longest=MAX_BODY)
    if not body:
        raise InvalidInput("Write a few words.", field="body")
    if not holding().filter(pk=promote_request.pk).exists():
        raise WrongState(sentences.holds_no_more(promote_request))
    evidence = present_evidence(promote_request)
    if seen_fingerprint and seen_fingerprint != fingerprint(evidence):
        raise EvidenceChanged(sentences.SEEN_OTHERWISE)
    with transaction.atomic():
        locked = lock(promote_request)
        permissions.require(actor, Action.RE_REVIEW, locked)
        recorded = ChampionReview.objects.create(
            promote_request=locked,
            reviewer_id=actor.account.pk,
            request_author=locked.author,
            body=body,
            evidence_digest=keep_evidence(evidence),
        )
        PromoteRequest.objects.filter(pk=locked.pk).update(updated_at=timezone.now())
        trail.record(AuditAction.RE_REVIEWED, about=locked.about, reason=body, actor=actor)
    return recorded


def tell_overdue() -> None:
    """Tells of each champion whose review is overdue, once a week while it is, for a worker; safe to repeat."""
    for champion in champions(rulebook(), only_due=True):
        if champion.is_overdue:
            _tell(champion)


def _tell(champion: Champion) -> None:
    with transaction.atomic():
        locked = lock(champion.promote_request)
        told = AuditEvent.objects.filter(
            promote_request=locked,
            action=AuditAction.RE_REVIEW_DUE,
            at__gt=max(champion.since, champion.now - TOLD_AGAIN_AFTER),
        )
        if told.exists():
            return
        trail.record(
            AuditAction.RE_REVIEW_DUE,
            about=locked.about,
            reason=sentences.re_review_due(locked, champion.due_at, champion.days),
            actor=Actor.checkpoint(Door.WORKER),
        )
