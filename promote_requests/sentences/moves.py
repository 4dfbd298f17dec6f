"""Sentences about moves that are not everyday: back, past the rules, in another's place, and again after a while."""

from collections.abc import Sequence
from datetime import datetime

from foundation.words import counted, inflected, listed
from promote_requests.models import PromoteRequest
from promote_requests.sentences.story import destination, effect
from protection.matching import Requirement
from registry.proposals import Change, Proposal
from registry.targets import Target, TargetKind


def takes_back(undone: PromoteRequest, *, is_fast_track: bool) -> str:
    """Returns what a request is that takes another one's change back, for the record."""
    track = " The version had met the rules before, so their fast track applies." if is_fast_track else ""
    return f"It takes #{undone.number} back.{track}"


def way_back_title(back: Proposal) -> str:
    """Returns the title of a request that takes another one's change back, short enough for its field."""
    return f"Back: {back.model_name} version {back.version} to {destination(back)}"[:200]


def way_back_words(undone: PromoteRequest, back: Proposal) -> str:
    """Returns what reviewers read of a request that takes another one's change back."""
    when = f", promoted on {undone.promoted_at:%d %B %Y, %H:%M} UTC" if undone.promoted_at else ""
    return f"This takes back #{undone.number}{when}. What it does: {effect(back)}."


def replaced_since(later: PromoteRequest) -> str:
    """Says that another promotion has changed the target since, and which is to be rolled back instead."""
    return f"#{later.number} has changed {later.target_name} since: roll that one back."


def fast_track_ended(later: PromoteRequest) -> str:
    """Says that another promotion came after the one that is taken back, so that the whole rules hold."""
    return f"#{later.number} has changed {later.target_name} since, so the fast track no longer applies."


def copies_stay(promote_request: PromoteRequest) -> str:
    """Says why a copy into another model is not rolled back."""
    return (
        f"A copy is not taken back: {promote_request.target_name} keeps every version. Copy the version that is to be "
        "used there as the next one."
    )


def nobody_before(promote_request: PromoteRequest) -> str:
    """Says that there is nobody to put back, and what can be asked for instead."""
    return (
        f"Checkpoint's record has nobody who was {destination(promote_request.proposal)} before version "
        f"{promote_request.version}: there is nothing to put back. Ask for version {promote_request.version} to be "
        "taken out of use instead."
    )


def former_is_gone(promote_request: PromoteRequest, back: Proposal) -> str:
    """Says that the version which is to be put back is deleted in MLflow."""
    return (
        f"Version {back.version} of {back.model_name}, which #{promote_request.number} replaced, is deleted in MLflow: "
        "there is nothing to put back. Ask for another version."
    )


NOTHING_TO_SKIP = "Every condition holds: there is no glass to break. Promote it as always."
CONSENT_MISSING = (
    "The rule asks for a second person's consent before the glass is broken: somebody with the same permission, "
    "neither you nor the author, who looked at the present facts within the last 24 hours."
)
SEEN_OTHERWISE = "The comparison changed after you opened this page. Please take a fresh look and decide again."
NOT_BYPASSED = "This request was promoted by its rules: there is nothing to review afterwards."
REVIEWED_ALREADY = "Somebody has reviewed this afterwards already."


def others_promote(requirement: Requirement) -> str:
    """Says that only people of certain groups may press Promote."""
    groups = [" or ".join(group.name for group in groups) for groups in requirement.promoters]
    return f"Only people of {listed(groups)} may promote this."


def glass_broken(reason: str, skipped: Sequence[str], consented: str) -> str:
    """Returns why the glass was broken, with whose consent and what was skipped, for the record."""
    consent = f" With the consent of {consented}." if consented else ""
    return f"{reason}{consent} Skipped: {' '.join(skipped)}"


def no_successor(promote_request: PromoteRequest, number: int) -> str:
    """Says that a request cannot take another one's place."""
    return (
        f"#{number} is no newer request for {promote_request.target_name} of {promote_request.model_name} that is open "
        "or promoted."
    )


def superseded(newer: PromoteRequest, message: str) -> str:
    """Returns why a request was closed that another takes the place of, for the record."""
    return f"Superseded by #{newer.number}: {message}" if message else f"Superseded by #{newer.number}"


def has_a_new_holder(promoted: PromoteRequest) -> str:
    """Says that the target which a request waits for has a new holder, and what that means for its approvals."""
    now = "nobody has it" if promoted.change == Change.REMOVE else f"version {promoted.held_version} has it"
    return (
        f"#{promoted.number} was promoted to {promoted.target_name}: {now} now. Approvals of the comparison with the "
        "former champion do not count any more: please take a fresh look."
    )


def holds_no_more(promote_request: PromoteRequest) -> str:
    """Says that a version is no longer where its request had brought it."""
    return (
        f"Version {promote_request.version} of {promote_request.model_name} does not hold "
        f"{promote_request.target_name} any more: there is no champion of this request to review."
    )


def re_review_due(promote_request: PromoteRequest, due_at: datetime, days: int) -> str:
    """Says that a champion is to be reviewed again, since when and how often."""
    return (
        f"Version {promote_request.version} of {promote_request.model_name} holds {promote_request.target_name} and "
        f"was to be reviewed again by {due_at:%d %B %Y}: the rule asks for that every {counted(days, 'day')}."
    )


def left_without(model_name: str, target: Target, others: Sequence[str]) -> str:
    """Says who is served what once a version has lost a target.

    Args:
        model_name: The model.
        target: What is lost.
        others: The versions that hold it besides, newest first.
    """
    address = f"models:/{model_name}{'@' if target.kind == TargetKind.ALIAS else '/'}{target.name}"
    if target.kind == TargetKind.STATUS:
        if others:
            who = f"{inflected(len(others), 'Version', 'Versions')} {listed(others)} of {model_name}"
            return f"{who} {inflected(len(others), 'stays', 'stay')} {target.name}."
        return f"No version of {model_name} is {target.name} then: whoever asks for its latest version gets none."
    if others:
        return f"Whoever loads {address} gets version {others[0]} then."
    where = f"has @{target.name}" if target.kind == TargetKind.ALIAS else f"is in {target.name}"
    return (
        f"No version of {model_name} {where} then: whoever loads {address} is served nothing, until another version "
        "gets there."
    )


CONSENTED = "Your consent is recorded. Somebody else with the permission can break the glass now."
REVIEWED_AFTERWARDS = "Your review is recorded. The request is no longer flagged."
RE_REVIEWED = "Your review of the champion is recorded."


def way_back_opened(opened: PromoteRequest) -> str:
    """Says that a request for the way back is open, and what it takes."""
    track = " The fast track applies: that version had met the rules before." if opened.is_fast_track else ""
    return f"The way back is open as #{opened.number}.{track}"


def version_gone(promote_request: PromoteRequest) -> str:
    """Says that MLflow has no such version any more, and what can be done."""
    return (
        f"MLflow has no version {promote_request.version} of {promote_request.model_name} any more: the request can "
        "only be closed."
    )


def version_back(promote_request: PromoteRequest) -> str:
    """Says that MLflow has a version of the number again, and what can be done."""
    return (
        f"MLflow has a version {promote_request.version} of {promote_request.model_name} again: the request can be "
        "reviewed and promoted, if the facts are the same with the approvals that it has."
    )


def leaves(stage: str) -> str:
    """Returns over a version's card what becomes of it: `Leaves Production`."""
    return f"Leaves {stage}"
