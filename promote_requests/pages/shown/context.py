"""Puts together what a page about a request shows, for the portal and for the admin."""

from datetime import datetime
from typing import Any

from accounts.identity import signing
from accounts.identity.signing import printed_name
from audit.actors import Door, actor_of
from evidence.compare import Comparison
from evidence.digests.taking import manifest_of
from evidence.inspection.looking import findings_of
from foundation.exceptions import CheckpointError
from promote_requests import sentences
from promote_requests.exceptions import ChampionChanged, EvidenceChanged
from promote_requests.models import PromoteRequest
from promote_requests.pages import charts, text_changes, timeline
from promote_requests.pages.asking import reviewers
from promote_requests.pages.http import PageRequest, rows_asked_for
from promote_requests.pages.markdown import people_in
from promote_requests.pages.moves import shown as moves_shown
from promote_requests.pages.rules.questions import asked
from promote_requests.pages.shown import compared
from promote_requests.pages.shown.acting import actions_of
from promote_requests.pages.shown.looking import Look, Seen, look_at
from promote_requests.pages.talk.threads import talk_of
from promote_requests.sentences import Story
from promote_requests.services import (
    changes_by_the_author,
    decision_of,
    history_of,
    made_impossible,
    requirement_of,
)
from promote_requests.services.gating import UNFINISHED
from promote_requests.services.reading import FROZEN
from protection.matching import Rulebook
from protection.rulebook import rulebook
from registry.proposals import Change


def context_of(
    request: PageRequest,
    promote_request: PromoteRequest,
    *,
    failure: CheckpointError | None = None,
    body: str = "",
    look: Look = Look.NOW,
    may_open: bool = True,
) -> dict[str, Any]:
    """Returns all that a page about a request shows, the portal's and the admin's, for whoever asks.

    Args:
        request: Of whoever asks.
        promote_request: The request.
        failure: Why an action was refused.
        body: What was typed for it.
        look: Which facts are shown.
        may_open: Whether threads are opened and answered on this page.
    """
    rules = rulebook()
    questions = asked(
        promote_request,
        requirement_of(promote_request, rules),
        reader=request.user,
        typed=request.POST if failure is not None else None,
        failure=failure,
    )
    judgement = _judgement(request, promote_request, rules, look_at(request, promote_request, rules, look))
    return {
        **judgement,
        **conversation(
            request,
            promote_request,
            comparison=judgement["comparison"],
            as_of=judgement["as_of"],
            may_open=may_open,
        ),
        **reviewers.context_of(request, promote_request, judgement),
        "asking": reviewers.typed(request, failure),
        "asked": questions,
        "is_asked": any(one.is_readers for one in questions),
        "failure": failure,
        "field_error": failure.message if failure is not None and failure.field == "body" else "",
        "is_stale": isinstance(failure, (ChampionChanged, EvidenceChanged)),
        "body": body,
        "signature_error": failure.message if failure is not None and failure.field == signing.FIELD else "",
    }


def conversation(
    request: PageRequest,
    promote_request: PromoteRequest,
    *,
    comparison: Comparison | None = None,
    as_of: datetime | None = None,
    may_open: bool = True,
) -> dict[str, Any]:
    """Returns what the timeline and the field below it need. Queries the database only; see `talk_of`."""
    reader = actor_of(request, Door.PAGE)
    talk = talk_of(promote_request, reader, comparison=comparison, as_of=as_of, may_open=may_open)
    return {
        "entries": timeline.entries(promote_request, talk),
        "talk": talk,
        "people": people_in([promote_request.description, *_words(promote_request), *talk.texts]),
        "field_error": "",
        "body": "",
    }


def _words(promote_request: PromoteRequest) -> list[str]:
    return [review.body for review in promote_request.reviews.all()]


def _judgement(request: PageRequest, promote_request: PromoteRequest, rules: Rulebook, seen: Seen) -> dict[str, Any]:
    evidence, proposal = seen.evidence, promote_request.proposal
    requirement = requirement_of(promote_request, rules, leaving=seen.observation.challenger_stage)
    decision = decision_of(promote_request, rules, seen.observation)
    holders = sentences.present_holders(seen.observation.champion_version, evidence)
    history = history_of(promote_request, seen.observation.champion_version, reader=request.user.pk)
    moves = moves_shown.context_of(
        request,
        promote_request,
        rules,
        requirement,
        evidence=evidence,
        holders=history.holders,
        is_live=_is_live(promote_request, seen),
    )
    return {
        "shown": promote_request,
        "workspace": promote_request.workspace,
        "sentence": sentences.parts(Story.of(promote_request, seen.observation.champion_version)),
        "registry_failure": seen.failure,
        **rows_asked_for(request),
        "as_of": seen.as_of,
        "changed": seen.changed,
        "evidence": evidence,
        "comparison": compared.comparison_of(evidence, decision.counts),
        "challenger_links": compared.links_of(evidence.challenger if evidence else None, proposal.workspace),
        "champion_links": compared.links_of(evidence.champion if evidence else None, proposal.workspace),
        "requirement": requirement,
        "decision": decision,
        "signs_as": printed_name(request.user) if requirement.wants_signatures else "",
        "meaning": sentences.meaning(proposal),
        "impossible": made_impossible(promote_request, requirement),
        "authors_changes": changes_by_the_author(promote_request),
        "edits": text_changes.since_approvals(promote_request, decision),
        "consequence": sentences.consequence(proposal, holders),
        "seen_fingerprint": seen.observation.evidence_fingerprint if evidence else "",
        "shows_digest": True,
        "manifest": manifest_of(proposal.workspace, evidence.challenger.version) if evidence else None,
        "findings": findings_of(promote_request.inspection) if promote_request.inspection else (),
        "gone": sentences.gone(evidence.challenger) if evidence else [],
        "history": history,
        "is_frozen": promote_request.status in FROZEN,
        "pictures": compared.pictures_of_the_past(promote_request, seen),
        "as_it_is_now": compared.present_path(promote_request, evidence),
        **(charts.context_of(evidence, proposal.workspace) if evidence else {}),
        "is_removal": proposal.change == Change.REMOVE,
        **moves,
        **actions_of(request, promote_request, decision, requirement, seen=seen.observation, known=moves["around"]),
    }


def _is_live(promote_request: PromoteRequest, seen: Seen) -> bool:
    return promote_request.status in UNFINISHED and seen.as_of is None and seen.failure is None
