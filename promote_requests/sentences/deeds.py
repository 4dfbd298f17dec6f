"""Sentences about what people and Checkpoint do to a request: before, afterwards, and in the record."""

from collections.abc import Sequence
from datetime import timedelta

from audit.choices import AuditAction
from audit.models import AuditEvent
from foundation.words import counted, inflected, listed
from notifications.choices import Event
from promote_requests.choices import Status
from promote_requests.models import PromoteRequest
from promote_requests.sentences.story import destination
from protection.choices import PromoteWhen
from protection.conditions.approvals import Approvals
from protection.matching import Requirement
from registry.proposals import Change
from registry.targets import Target

_DEEDS = {
    AuditAction.EVIDENCE_CHANGED: "found that the facts have changed",
    AuditAction.PROMOTION_FAILED: "tried to promote it in vain",
    AuditAction.CLOSED: "closed the request",
    AuditAction.REOPENED: "reopened the request",
}
"""What follows a person's name where the action's own name does not."""
_TOLD = {
    Event.CREATED: "asks for review of",
    Event.SUBMITTED: "asks for review of",
    Event.EDITED: "edited",
    Event.COMMENTED: "commented on",
    Event.THREAD_RESOLVED: "resolved a thread of",
    Event.THREAD_UNRESOLVED: "opened a thread again of",
    Event.APPROVED: "approved",
    Event.CHANGES_REQUESTED: "asks for changes of",
    Event.DISMISSED: "dismissed a request for changes of",
    Event.REVIEW_ASKED: "asks for your review of",
    Event.REVIEW_DECLINED: "declined to review",
    Event.CHECK_REPORTED: "reported a check of",
    Event.CHECK_REQUESTED: "asks for a check of",
    Event.EVIDENCE_CHANGED: "found that the facts have changed of",
    Event.PROMOTION_STARTED: "began to promote",
    Event.PROMOTION_UNANSWERED: "waited in vain for MLflow's answer to",
    Event.PROMOTION_FAILED: "tried in vain to promote",
    Event.PROMOTED: "promoted",
    Event.ROLLED_BACK: "rolled back by",
    Event.REJECTED: "rejected",
    Event.WITHDRAWN: "withdrew",
    Event.SUPERSEDED: "closed, because another takes its place,",
    Event.REOPENED: "reopened",
    Event.REMINDED: "reminds of the review of",
    Event.VERSION_GONE: "found the version deleted of",
    Event.VERSION_BACK: "found the deleted version there again of",
    Event.GLASS_BROKEN: "breaks the glass, past the rules, for",
    Event.GLASS_CONSENTED: "consented to breaking the glass for",
    Event.REVIEWED_AFTERWARDS: "reviewed afterwards the broken glass of",
    Event.ASKED_AGAIN: "promoted another version, so a fresh look is asked for at",
    Event.RE_REVIEW_DUE: "asks for another review of the champion by",
    Event.RE_REVIEWED: "reviewed again the champion by",
}
"""What stands between a person's name and a request's number where somebody is told of it."""
_TOLD_TO_SOME = {
    Event.MENTIONED: "mentions {} in",
    Event.FOLLOW_UP_DUE: "reminds {} of what is to be seen to by today in",
}
"""The same of what concerns some people alone, with their names."""
_NAMED = 3


def needs(requirement: Requirement) -> str:
    """Says what a request for the target needs before it is promoted."""
    asked = [condition for condition in requirement.conditions if not condition.is_always]
    words = [f"{one} by somebody else" if isinstance(one, Approvals) else str(one) for one in asked]
    return f"It needs {listed(words) or 'nothing but to be asked for'} and then {promotion(requirement)}."


def promotion(requirement: Requirement) -> str:
    """Says what becomes of a request once every condition holds: `is promoted at once`."""
    match requirement.promote_when:
        case PromoteWhen.APPROVED:
            return "is promoted at once"
        case PromoteWhen.DUE:
            return "is promoted by itself as soon as every condition holds"
        case PromoteWhen.PRESSED:
            groups = [" or ".join(group.name for group in groups) for groups in requirement.promoters]
            return f"waits for {listed([f'somebody of {names}' for names in groups]) or 'somebody'} to press Promote"


def standing(promote_request: PromoteRequest) -> str:
    """Returns the status in words; of a closed request also why it was closed."""
    if promote_request.status == Status.CLOSED:
        return f"Closed, {promote_request.get_close_reason_display().lower()}"
    return promote_request.get_status_display()


def changes_asked_for(by: Sequence[str], *, is_authors: bool) -> str:
    """Tells the author of a request what to do about requests for changes, or whoever asked for them how it goes on."""
    if not is_authors:
        return "You asked for changes. When they are made, approve below."
    who = listed(by)
    return (
        f"{who} asked for changes: read why in the conversation. Answer there, put right in MLflow what is wrong with "
        f"this version, or edit the description; the request goes on when {who} "
        f"{inflected(len(by), 'approves', 'approve')}. If it takes another version, withdraw this request and open one "
        "for that version."
    )


def created(*, is_draft: bool) -> str:
    """Says that a request was opened or saved."""
    return "The draft is saved." if is_draft else "The promote request is open."


LIFT_THERE = (
    "Reopen that request, so that the objection is answered there, or somebody with the right dismisses it there, with "
    "a reason."
)
"""How an objection to a closed request gets out of the way: who may reopen that one may have left."""
LIFTED = "The request for changes is dismissed."
REOPENED = "The request is open again. Earlier reviews no longer count."


def ended(participle: str) -> str:
    """Says that a request was `closed` or `withdrawn`."""
    return f"The request is {participle}. MLflow is as it was."


def promoted(promote_request: PromoteRequest) -> str:
    """Says what the promotion of a request changed in MLflow."""
    name, version = promote_request.model_name, promote_request.version
    if promote_request.change == Change.REMOVE:
        return f"Done: MLflow shows that {name} version {version} no longer has {promote_request.target_name}."
    return f"Promoted: MLflow shows {name} version {version} at {promote_request.target_name}."


DATABASE_BUSY = "Checkpoint's database was busy for too long. Please try again in a moment."
DONE_LATE = "MLflow made the change after Checkpoint had stopped waiting for its answer."


def may_still_land(within: timedelta) -> str:
    """Says why a request goes on being promoted although the call to MLflow has ended."""
    minutes = counted(int(within.total_seconds() // 60), "minute")
    return (
        f"MLflow did not answer in time and may still make the change. Checkpoint looks again by itself, and opens the "
        f"request again if MLflow does not show the change {minutes} after the start."
    )


def suspended(deed: str, promote_request: PromoteRequest) -> str:
    """Says what a call would do that waits for its sender's password.

    Args:
        deed: `approve`, `ask for changes of`, `promote`, ...
        promote_request: The request that it is about.
    """
    link = "" if promote_request.change == Change.REMOVE else "to "
    what = f"version {promote_request.version} of {promote_request.model_name}"
    asked = f"{what} {link}{destination(promote_request.proposal)}"
    return f"{deed[0].upper()}{deed[1:]} promote request #{promote_request.pk}, {promote_request.title}: {asked}"


def recorded_but_not_promoted(failure: str) -> str:
    """Says that an approval counts although the promotion that it completed failed."""
    return f"Your approval is recorded, but it is not promoted: {failure}"


def tags_missing(failure: str) -> str:
    """Says that a promotion succeeded without its tags."""
    return f"Promoted, but the tags could not be written: {failure}"


def about_to(verb: str, number: int) -> str:
    """Returns the heading of the page that asks before an action on several requests: `Approve 2 requests`."""
    return f"{verb} {counted(number, 'request')}"


def too_many(verb: str, limit: int) -> str:
    """Says how many requests can be chosen for an action."""
    return f"{verb} at most {limit} requests at a time."


def done_to(done: int, chosen: int, participle: str) -> str:
    """Says for how many of the chosen requests an action succeeded."""
    return f"{done} of {chosen} requests {participle}."


def not_done(promote_request: PromoteRequest, participle: str, refusal: str) -> str:
    """Says why an action on one of several requests was refused."""
    return f"{promote_request}: not {participle}: {refusal}"


def promotion_failed(promote_request: PromoteRequest, failure: str) -> str:
    """Says that one of several requests was approved and could not be promoted."""
    return f"{promote_request}: approved, but not promoted: {failure}"


def gone_from_list(number: str) -> str:
    """Says that a chosen request is no longer among those that the list shows."""
    return f"#{number} is no longer in this list: somebody else was faster."


def told(event: Event, actor: str, promote_request: PromoteRequest, people: Sequence[str] = ()) -> str:
    """Says what happened to somebody who does not see the page: `ada approved #7: Fraud version 3 to Production`.

    Args:
        event: What happened.
        actor: Who did it.
        promote_request: To what.
        people: Whom it concerns, of what concerns some alone.
    """
    what = f"{promote_request.model_name} version {promote_request.version}"
    where = destination(promote_request.proposal)
    link = "" if promote_request.change == Change.REMOVE else "to "
    deed = _TOLD[event] if event in _TOLD else _TOLD_TO_SOME[event].format(listed(_first(people)))
    return f"{actor} {deed} #{promote_request.number}: {what} {link}{where}."


def _first(people: Sequence[str]) -> list[str]:
    if len(people) <= _NAMED:
        return list(people)
    return [*people[: _NAMED - 1], f"{len(people) - _NAMED + 1} others"]


def nearly_over(promote_request: PromoteRequest, ending: str) -> str:
    """Says what ends soon to somebody who does not see the page, before the sentence about that itself."""
    what = f"{promote_request.model_name} version {promote_request.version}"
    link = "" if promote_request.change == Change.REMOVE else "to "
    return f"#{promote_request.number}, {what} {link}{destination(promote_request.proposal)}: {ending}"


def deed(event: AuditEvent) -> str:
    """Returns what follows the person's name in the timeline."""
    if event.action == AuditAction.CREATED and event.to_status == Status.DRAFT:
        return "saved a draft"
    return _DEEDS.get(AuditAction(event.action)) or str(event.get_action_display())


def direction_set(metric: str, before: str, now: str) -> str:
    """Returns which values of a metric were said to be better here, for the record; "" for what nobody said."""
    words = {"higher": "higher values", "lower": "lower values", "none": "no values", "": "what name or tag says"}
    return f"Better of {metric}: {words[now]} (was: {words[before]})."


def direction_saved(metric: str) -> str:
    """Says what happens now that somebody set which values of a metric are better."""
    return f"Saved: every comparison goes by it from now on. What was judged by {metric} before stays as it was judged."


def author_sets_no_direction(promote_request: PromoteRequest) -> str:
    """Returns why the author of an open request does not say which values of the model's metrics are better."""
    return (
        f"You made #{promote_request.number}, which is judged by these metrics: somebody else has to say which values "
        "are better while it is open."
    )


def closed(reason: str, message: str) -> str:
    """Returns why a request was closed, for the record: the reason's label and the person's own words."""
    return f"{reason}: {message}" if message else reason


def edited(before: tuple[str, str], after: tuple[str, str]) -> str:
    """Returns what an edit changed, for the record, from (title, description) before and after."""
    told = []
    if before[0] != after[0]:
        told.append(f"{before[0]!r} became {after[0]!r}")
    if before[1] != after[1]:
        told.append(f"the description was: {before[1]}" if before[1] else "a description was added")
    return "; ".join(told)


def objection_stands(closed: PromoteRequest, objectors: Sequence[str], wanted: Target) -> str:
    """Returns why the same is not asked for anew: somebody's request for changes stands on the former request."""
    return (
        f"{listed(objectors)} asked for changes of the same{_as_spelled(closed, wanted)} in #{closed.number}, which "
        f"was closed without an answer. {LIFT_THERE}"
    )


def asked_already(existing: PromoteRequest, wanted: Target) -> str:
    """Returns why a second request for the same is not opened."""
    what = "a draft of yours" if existing.status == Status.DRAFT else existing.title
    return f"Request #{existing.number} already asks for this{_as_spelled(existing, wanted)}: {what}."


def _as_spelled(other: PromoteRequest, wanted: Target) -> str:
    """Returns how another request spells the target, and why that is no other target; "" where it spells it alike."""
    if other.target == wanted:
        return ""
    return f" (there it is spelled {other.target_name}, which rules take for the same as {wanted.name})"
