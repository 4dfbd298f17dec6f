"""What services and doors read of a request."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.utils import timezone

from audit.actors import Actor
from evidence.contents import reading
from evidence.digests.taking import with_digests
from evidence.freeze import Observation
from evidence.inspection.findings import Outcome as InspectionOutcome
from evidence.kept import load
from evidence.observe import Evidence, observe
from promote_requests import permissions
from promote_requests.choices import Action, Status
from promote_requests.decision import Decision, decide, judgements, with_approval_of
from promote_requests.models import Answer, PromoteRequest
from promote_requests.querysets import PromoteRequestQuerySet
from promote_requests.services.moves.around import Around, around
from protection.checks import INSPECTION, Report, State
from protection.conditions import Facts, Judgement
from protection.gates import GateResult
from protection.matching import Requirement, Rulebook, requirement_for
from protection.rulebook import rulebook
from registry import RegistryClient, get_registry
from registry.proposals import Change, Proposal
from registry.targets import ACTIVE_STAGES, ACTIVE_STATUSES, Target, TargetKind

_STATES = {
    InspectionOutcome.PASSED: State.SUCCESS,
    InspectionOutcome.FAILED: State.FAILURE,
    InspectionOutcome.UNKNOWN: State.ERROR,
}
FROZEN = (Status.PROMOTING, Status.PROMOTED, Status.CLOSED)
"""A request in one of these shows what was judged, whatever MLflow says today."""


def requirement_of(
    promote_request: PromoteRequest,
    rules: Rulebook | None = None,
    *,
    leaving: str | None = None,
) -> Requirement:
    """Returns what the rules ask for before this request may be promoted.

    A request that is being promoted, was promoted or closed shows what judged it, not what the rules ask for today.

    Args:
        promote_request: The request.
        rules: From `rulebook`, for many requests at once.
        leaving: The stage or status that its version leaves, as MLflow has it now; None for what was observed last.
    """
    if promote_request.judged_by is not None:
        return Requirement.thaw(promote_request.judged_by)
    return requirement_for_proposal(
        promote_request.proposal,
        leaving=promote_request.observation.challenger_stage if leaving is None else leaving,
        rules=rules,
        is_way_back=promote_request.is_fast_track,
    )


def requirement_for_proposal(
    proposal: Proposal, *, leaving: str = "", rules: Rulebook | None = None, is_way_back: bool = False
) -> Requirement:
    """Returns what the rules ask for before a proposal may be carried out.

    What archives others in passing meets the rules of Archived, too, whether or not there is anybody to archive now:
    the guard asks the same of a direct call, and who holds the stage may change before MLflow is asked.

    Args:
        proposal: What is asked for.
        leaving: The stage or status that the version has and would leave: a rule for it also covers leaving it.
        rules: The enabled ones, where the caller has them already.
        is_way_back: Whether it puts back a version that had met the rules before.
    """
    is_removal = proposal.change == Change.REMOVE
    leaves = [proposal.target] if is_removal else []
    if leaving in ACTIVE_STAGES + ACTIVE_STATUSES:
        leaves.append(Target(proposal.target.kind, leaving))
    if proposal.archives and not is_removal:
        # Asked as what is left is: how good the promoted version is, is no business of a rule for those that go.
        leaves.append(Target(TargetKind.STAGE, "Archived"))
    return requirement_for(
        rulebook() if rules is None else rules,
        workspace=proposal.workspace,
        model_name=proposal.model_name,
        targets=[] if is_removal else [proposal.target],
        leaves=leaves,
        is_way_back=is_way_back,
    )


def decision_of(
    promote_request: PromoteRequest,
    rules: Rulebook | None = None,
    observation: Observation | None = None,
) -> Decision:
    """Returns what the reviews of the present round amount to.

    Uses prefetched `reviews` with their reviewers where the caller has them (`with_people`).

    Args:
        promote_request: The request.
        rules: The enabled ones, where the caller has them already.
        observation: The facts to judge by, if they are newer than those that the request recorded last.
    """
    seen = observation or promote_request.observation
    requirement = requirement_of(promote_request, rules, leaving=seen.challenger_stage)
    return decision_under(requirement, promote_request, seen, promote_request.gates)


def decision_under(
    requirement: Requirement, promote_request: PromoteRequest, seen: Observation, gates: dict[str, GateResult]
) -> Decision:
    """Returns what the reviews amount to under a requirement, on these facts and with what came of these gates."""
    return decide(
        _facts(promote_request, requirement, seen, gates),
        requirement,
        has_failed=promote_request.status == Status.OPEN and bool(promote_request.last_failure),
    )


def facts_of(promote_request: PromoteRequest, requirement: Requirement) -> Facts:
    """Returns what the conditions of a requirement ask about a request, as it is now."""
    return requirement.narrowed(
        _facts(promote_request, requirement, promote_request.observation, promote_request.gates)
    )


def _facts(
    promote_request: PromoteRequest, requirement: Requirement, seen: Observation, gates: dict[str, GateResult]
) -> Facts:
    """Returns all that conditions may ask about a request: on these facts, and with what came of these gates."""
    until = sent_at(promote_request)
    answers = [
        given
        for given in (promote_request.answers.all() if requirement.questions else [])
        if until is None or given.created_at <= until
    ]
    return Facts(
        author=promote_request.author.get_username(),
        judgements=judgements_of(promote_request, seen, answers),
        now=_moment_of(promote_request),
        unplaced_source=seen.unplaced_source,
        gates=gates,
        checks=checks_of(promote_request, seen),
        opened_at=promote_request.opened_at,
        record=promote_request.record,
        answers=_by_author(answers),
        blocking_threads=blocking_threads_of(promote_request),
    )


def answers_by_author(promote_request: PromoteRequest) -> dict[str, str]:
    """Returns {question's key: the author's latest answer} of a request."""
    return _by_author(promote_request.answers.all())


def _by_author(answers: Iterable[Answer]) -> dict[str, str]:
    return {given.question_key: given.answer for given in answers if given.review_id is None}


def _by_review(answers: Iterable[Answer]) -> dict[int, dict[str, str]]:
    found: dict[int, dict[str, str]] = {}
    for given in answers:
        if given.review_id is not None:
            found.setdefault(given.review_id, {})[given.question_key] = given.answer
    return found


def blocking_threads_of(promote_request: PromoteRequest) -> tuple[str, ...]:
    """Returns who opened each of the blocking threads that are not resolved, or were not when it was decided.

    Uses what `with_people` has loaded, where the caller has it.
    """
    threads = getattr(promote_request, "blocking_threads", None)
    if threads is None:
        threads = promote_request.threads.blocking()
    moment = _moment_of(promote_request)
    opened = []
    for thread in threads:
        changes = [change.is_resolved for change in thread.resolutions.all() if change.created_at <= moment]
        if thread.created_at <= moment and not (changes and changes[-1]):
            opened.append(thread.opener.get_username())
    return tuple(opened)


def _moment_of(promote_request: PromoteRequest) -> datetime:
    return decided_at(promote_request) or timezone.now()


def decided_at(promote_request: PromoteRequest) -> datetime | None:
    """Returns when a request was decided; None while it is not, also where a promotion has failed before."""
    if promote_request.status not in FROZEN:
        return None
    return promote_request.closed_at or promote_request.promoting_since


def sent_at(promote_request: PromoteRequest) -> datetime | None:
    """Returns when the change was sent to MLflow that is under way or made; None for any other request.

    Where nobody waited for the end of it, the request was open again until it turned out to be made. What people said
    of it then is no part of what it was promoted on.
    """
    is_sent = promote_request.status in (Status.PROMOTING, Status.PROMOTED)
    return promote_request.promoting_since if is_sent else None


def judgements_of(
    promote_request: PromoteRequest, observation: Observation | None = None, answers: Iterable[Answer] = ()
) -> tuple[Judgement, ...]:
    """Returns the latest judgement of each reviewer whose judgement counts; see `decision.judgements`.

    Args:
        promote_request: The request.
        observation: The facts to judge by, if they are newer than those that the request recorded last.
        answers: Of the request, where the rules ask something; the judgements then have those that came with them.
    """
    is_decided = promote_request.status not in (Status.DRAFT, Status.OPEN)
    return judgements(
        promote_request.reviews.all(),
        round_number=promote_request.round,
        asked_by=promote_request.asked_by,
        # A hand-over after the decision takes nothing back.
        authors=promote_request.asked_by if is_decided else promote_request.authors,
        evidence_fingerprint=(observation or promote_request.observation).evidence_fingerprint,
        title_edited_in=promote_request.title_edited_in,
        description_edited_in=promote_request.description_edited_in,
        answers_changed_in=promote_request.answers_changed_in,
        is_decided=is_decided,
        groups=(promote_request.judged_by or {}).get("reviewer_groups"),
        answers=_by_review(answers),
        until=sent_at(promote_request),
    )


def as_judged(promote_request: PromoteRequest) -> dict[str, Any]:
    """Returns what a decision is kept with: what the rules ask for today, and which groups the reviewers are in."""
    groups = {str(given.reviewer_id): sorted(given.groups) for given in judgements_of(promote_request)}
    return {**requirement_of(promote_request).freeze(), "reviewer_groups": groups}


def checks_of(promote_request: PromoteRequest, observation: Observation) -> tuple[Report, ...]:
    """Returns what was reported, whether it is about these facts, and what the built-in check came to, oldest first.

    The built-in check is about the version's files, whatever else changes. What was found before the request was
    opened does not count: until then nothing kept the files from changing.
    """
    is_decided, until = promote_request.status not in (Status.DRAFT, Status.OPEN), sent_at(promote_request)
    found = [
        Report(
            given.name,
            State(given.state),
            given.reporter.get_username(),
            bool(given.reported_by & promote_request.asked_by),
            given.created_at,
            given.summary,
            given.details_url,
            is_current=given.evidence_fingerprint == observation.evidence_fingerprint
            or (given.name == INSPECTION and given.created_at >= promote_request.opened_at),
            is_authors_now=not is_decided and bool(given.in_hands_of & promote_request.authors),
        )
        for given in promote_request.checks.all()
        if until is None or given.created_at <= until
    ]
    made = promote_request.inspection
    if made is not None and made.made_at >= promote_request.opened_at:
        found.append(Report(INSPECTION, _STATES[InspectionOutcome(made.outcome)], "Checkpoint", False, made.made_at))
    return tuple(sorted(found, key=lambda report: report.at))


def would_promote(
    actor: Actor, promote_request: PromoteRequest, decision: Decision, requirement: Requirement, seen: Observation
) -> bool:
    """Tells whether this person's approval would complete the rules and promote at once; for the button's label.

    Args:
        actor: Who would approve.
        promote_request: The request.
        decision: What its reviews amount to on these facts.
        requirement: What the rules ask for on these facts.
        seen: The facts that the person is shown, by which the approval would be judged: what the request recorded last
            may be older, and checks of those count no more.
    """
    if not requirement.is_automatic or actor.user_id is None:
        return False
    now = timezone.now()
    facts = _facts(promote_request, requirement, seen, promote_request.gates)
    given = with_approval_of(decision.judgements, actor.user_id, actor.group_ids, now, requirement.questions)
    forecast = decide(replace(facts, judgements=given, now=now), requirement)
    return forecast.is_approved


def evidence_of(promote_request: PromoteRequest, *, recent: bool = False) -> Evidence:
    """Returns the facts that the request is judged on: from MLflow now, or as kept once it is decided.

    Args:
        promote_request: The request.
        recent: As `recent.facts.facts_of` has it: for a look, by which nothing is decided.

    Raises:
        RegistryError: MLflow cannot be asked, or no longer knows the version.
        UnreadableEvidence: what was kept cannot be read.
    """
    if promote_request.evidence_digest and promote_request.status in FROZEN:
        return load(promote_request.evidence_digest)
    return live_evidence_of(promote_request, recent=recent)


def live_evidence_of(promote_request: PromoteRequest, *, exact: bool = False, recent: bool = False) -> Evidence:
    """Returns the facts as MLflow has them now, whatever the request's state.

    Raises:
        RegistryError: MLflow cannot be asked, or no longer knows the version.
    """
    return observe(get_registry(promote_request.workspace), promote_request.proposal, exact=exact, recent=recent)


def with_files(promote_request: PromoteRequest, evidence: Evidence, *, fresh: bool = False) -> Evidence:
    """Returns the evidence with what the files of both versions say; what is frozen stays as it is."""
    if promote_request.status in FROZEN:
        return evidence
    workspace = promote_request.workspace
    return with_both(get_registry(workspace), evidence, workspace=workspace, fresh=fresh)


def with_both(registry: RegistryClient, evidence: Evidence, *, workspace: str, fresh: bool = False) -> Evidence:
    """Returns the evidence with what the files of both versions say, which there are, and their digests."""
    found = reading.with_files(registry, evidence, workspace=workspace, fresh=fresh)
    return with_digests(found, workspace=workspace)


def actions_for(
    actor: Actor, promote_request: PromoteRequest, decision: Decision | None = None, *, known: Around | None = None
) -> list[Action]:
    """Returns what `actor` could do to the request right now.

    Args:
        actor: Who asks.
        promote_request: The request.
        decision: What its reviews amount to, where the caller has it.
        known: What it has to do with others, where the caller has it.
    """
    found = known or around([promote_request])[promote_request.pk]
    return permissions.available_actions(
        actor,
        promote_request,
        decision or decision_of(promote_request),
        holds=found.holds,
        ended_last=found.ended_last,
        has_successor=any(other.number > promote_request.number for other in found.waiting),
    )


def keeping_their_version() -> PromoteRequestQuerySet:
    """Returns the requests whose version must not change: people judge it, or it is being promoted.

    From the moment at which it is opened, not from the first approval on: what a reviewer looked at must be what they
    approve.
    """
    return PromoteRequest.objects.filter(status__in=[Status.OPEN, Status.PROMOTING])
