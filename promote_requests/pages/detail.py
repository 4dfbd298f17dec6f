"""The page of one promote request."""

from datetime import datetime
from typing import Any

from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.identity import signing
from accounts.identity.signing import printed_name
from audit.actors import Door, actor_of
from evidence.compare import Comparison, compare_evidence
from evidence.copies.finding import CopiedPictures, pictures_of
from evidence.digests.taking import manifest_of
from evidence.inspection.looking import findings_of
from evidence.metrics.arrange import TEXT
from evidence.observe import Evidence
from evidence.verdict import NO_COUNTS, Counts
from foundation.exceptions import CheckpointError
from notifications.inbox.marking import mark_read
from notifications.people.subscriptions import standing_of
from promote_requests import links, permissions, sentences
from promote_requests.choices import Action
from promote_requests.decision import Decision
from promote_requests.exceptions import ChampionChanged, EvidenceChanged
from promote_requests.models import PromoteRequest
from promote_requests.pages import charts, text_changes, timeline
from promote_requests.pages.asking import reviewers
from promote_requests.pages.http import Missing, PageRequest, action, rows_asked_for
from promote_requests.pages.labels.choices import labelling
from promote_requests.pages.looking.facts import Look, Seen, look_at
from promote_requests.pages.markdown import people_in
from promote_requests.pages.moves import shown as moves_shown
from promote_requests.pages.rules.questions import asked
from promote_requests.pages.talk.threads import talk_of
from promote_requests.pages.visits.marking import new_for, note_visit
from promote_requests.sentences import Story
from promote_requests.services import (
    actions_for,
    changes_by_the_author,
    decision_of,
    history_of,
    made_impossible,
    promote_if_its_time_has_come,
    requirement_of,
    settle_if_cut_off,
    would_promote,
)
from promote_requests.services.gating import UNFINISHED
from promote_requests.services.moves.around import Around
from promote_requests.services.reading import FROZEN
from protection.matching import Requirement, Rulebook
from protection.rulebook import rulebook
from registry import screens
from registry.proposals import Change
from registry.types import Family, VersionFacts


@require_safe
def request_detail(request: PageRequest, number: int) -> HttpResponse:
    """Shows a request with the facts that were observed last, without waiting for MLflow: the page asks it by itself.

    A promotion that a crash cut off is settled first. What was new about the request for this person is so no more.
    """
    promote_request = find(request, number)
    mark_read(actor=actor_of(request, Door.PAGE), numbers=[number])
    settle_if_cut_off(promote_request)
    note_visit(request, promote_request)
    return page(request, promote_request, look=Look.KEPT)


@action
def now(request: PageRequest, number: int) -> HttpResponse:
    """Shows a request with the facts as MLflow has them now; a page sends this as soon as it is there.

    By POST, because the page has tokens for its forms in it, which a script that is not ours must not get.
    """
    promote_request = find(request, number)
    # What stood in the way is told by the page itself.
    promote_if_its_time_has_come(promote_request, door=Door.PAGE)
    look = Look.at_present(request)
    if TEXT not in request.POST:
        return page(request, promote_request, look=look)
    # The form of the metrics, which is a part of the page's address where no script sends it.
    address = request.POST.copy()
    address.pop("csrfmiddlewaretoken", None)
    request.GET = QueryDict(address.urlencode())
    response = page(request, promote_request, look=look)
    response.headers["HX-Replace-Url"] = f"{promote_request.get_absolute_url()}?{address.urlencode()}"
    return response


def find(request: PageRequest, number: int) -> PromoteRequest:
    """Returns the request with everything that its page needs from the database, or raises Missing.

    A draft is there for its author alone.
    """
    found = PromoteRequest.objects.visible_to(request.user.pk).with_people().filter(pk=number).first()
    if found is None:
        raise Missing(f"There is no promote request #{number}.")
    return found


def page(
    request: PageRequest,
    promote_request: PromoteRequest,
    *,
    failure: CheckpointError | None = None,
    body: str = "",
    look: Look = Look.NOW,
) -> HttpResponse:
    """Renders a request's page; after a refused action with the refusal and what the person had typed."""
    context = context_of(request, promote_request, failure=failure, body=body, look=look)
    context["standing"] = standing_of(
        request.user.pk,
        number=promote_request.number,
        workspace=promote_request.workspace,
        model_name=promote_request.model_name,
    )
    context |= labelling(request, promote_request)
    context |= new_for(request, promote_request, context["entries"])
    status = 200 if failure is None else failure.status
    return render(request, "promote_requests/detail.html", context, status=status)


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


def back(promote_request: PromoteRequest, place: str) -> HttpResponse:
    """Leads to a place of a request's page."""
    return redirect(f"{promote_request.get_absolute_url()}#{place}")


def _judgement(request: PageRequest, promote_request: PromoteRequest, rules: Rulebook, seen: Seen) -> dict[str, Any]:
    evidence, proposal = seen.evidence, promote_request.proposal
    requirement = requirement_of(promote_request, rules, seen.observation)
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
        "comparison": compared(evidence, decision.counts),
        "challenger_links": links_of(evidence.challenger, proposal.workspace) if evidence else [],
        "champion_links": links_of(evidence.champion, proposal.workspace) if evidence and evidence.champion else [],
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
        "pictures": _pictures_of_the_past(promote_request, seen),
        "as_it_is_now": present_path(promote_request, evidence),
        **(charts.context_of(evidence, proposal.workspace) if evidence else {}),
        "is_removal": proposal.change == Change.REMOVE,
        **moves,
        **_actions(request, promote_request, decision, requirement, known=moves["around"]),
    }


def _is_live(promote_request: PromoteRequest, seen: Seen) -> bool:
    return promote_request.status in UNFINISHED and seen.as_of is None and seen.failure is None


def _pictures_of_the_past(promote_request: PromoteRequest, seen: Seen) -> CopiedPictures:
    """Returns the copies of the pictures, where the page shows what was kept because MLflow may have something else."""
    is_past = promote_request.status in FROZEN or seen.failure is not None
    if seen.evidence is None or not is_past:
        return CopiedPictures()
    return pictures_judged(promote_request, seen.evidence, seen.as_of or _decided_at(promote_request))


def pictures_judged(promote_request: PromoteRequest, evidence: Evidence, moment: datetime) -> CopiedPictures:
    """Returns the copies of the pictures that belong to evidence which was observed at this moment."""
    return pictures_of(
        evidence,
        workspace=promote_request.workspace,
        moment=moment,
        since=promote_request.opened_at,
        until=_decided_at(promote_request),
    )


def _decided_at(promote_request: PromoteRequest) -> datetime:
    decided = (promote_request.closed_at, promote_request.promoted_at, promote_request.promoting_since)
    return next((at for at in decided if at is not None), timezone.now())


def present_path(promote_request: PromoteRequest, evidence: Evidence | None) -> str:
    """Returns the address of the same comparison as MLflow has it now; "" where there is nothing to compare with."""
    if evidence is None or evidence.champion is None or evidence.champion.version == evidence.challenger.version:
        return ""
    new, old = evidence.challenger.version, evidence.champion.version
    return links.comparison_path((new.name, new.version), (old.name, old.version), promote_request.workspace)


def _actions(
    request: PageRequest, shown: PromoteRequest, decision: Decision, requirement: Requirement, *, known: Around
) -> dict[str, Any]:
    """Returns what this person may do, and which action is the page's one primary button."""
    available = actions_for(actor_of(request, Door.PAGE), shown, decision, known=known)
    has_approved = any(
        judgement.reviewer_id == request.user.pk and judgement.counts for judgement in decision.judgements
    )
    objectors = [judgement for judgement in decision.judgements if not judgement.approves]
    has_objected = any(judgement.reviewer_id == request.user.pk for judgement in objectors)
    is_authors = shown.author_id == request.user.pk
    may_not_approve = permissions.approval_refusal(actor_of(request, Door.PAGE), decision)
    candidates = [
        (Action.SUBMIT, Action.SUBMIT in available),
        (Action.PROMOTE, Action.PROMOTE in available),
        (Action.REVIEW, Action.REVIEW in available and not (has_approved or has_objected or may_not_approve)),
        (Action.REOPEN, Action.REOPEN in available),
    ]
    return {
        "available": {str(action) for action in available},
        "primary": next((str(action) for action, is_due in candidates if is_due), ""),
        "effect": sentences.effect(shown.proposal),
        "has_approved": has_approved,
        "has_objected": has_objected,
        "objection": (
            sentences.changes_asked_for([judgement.name for judgement in objectors], is_authors=is_authors)
            if has_objected or (objectors and is_authors)
            else ""
        ),
        "approval_promotes": would_promote(actor_of(request, Door.PAGE), shown, decision, requirement),
        "may_not_approve": may_not_approve if Action.REVIEW in available else "",
        "review_refusal": permissions.refusal(actor_of(request, Door.PAGE), Action.REVIEW, shown),
    }


def compared(evidence: Evidence | None, counts: Counts = NO_COUNTS) -> Comparison | None:
    """Returns the comparison that a page shows of evidence, with what came of gates and checks in its verdict."""
    return None if evidence is None else compare_evidence(evidence).with_counts(counts)


def links_of(facts: VersionFacts, workspace: str) -> list[tuple[str, str]]:
    """Returns (what, address) of a version's screens in MLflow."""
    version, is_prompt = facts.version, facts.is_prompt
    if version.family is not Family.MODEL:
        name = "Skill" if version.family is Family.SKILL else "MCP server"
        return [(name, screens.mlflow_model(version.name, workspace=workspace))]
    found = [
        (
            "Prompt" if is_prompt else "Version",
            screens.mlflow_version(version.name, version.version, is_prompt=is_prompt, workspace=workspace),
        )
    ]
    run_id = facts.made_by or version.run_id
    if run_id and facts.experiment_id:
        found.append(("Run", screens.mlflow_run(facts.experiment_id, run_id, workspace=workspace)))
    if version.model_id and facts.experiment_id:
        found.append(
            ("Logged model", screens.mlflow_logged_model(facts.experiment_id, version.model_id, workspace=workspace))
        )
    if not is_prompt:
        found.append(("Model", screens.mlflow_model(version.name, workspace=workspace)))
    return found
