"""Sentences about the rules of a request that its reader should know."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from promote_requests.sentences.story import effect
from registry.proposals import Proposal


def author_changed_rule(who: str, number: int, at: datetime, changes: Sequence[str]) -> str:
    """Returns what is said of a rule that a request's author changed while the request was undecided."""
    what = f"made version {number} of a rule that covers this request" if number > 1 else "added a rule that covers it"
    return f"{who} {what} on {at:%Y-%m-%d at %H:%M} UTC: {'; '.join(changes)}."


def answered(given: Iterable[tuple[str, str]]) -> str:
    """Returns what the trail says of answers, from (question, answer)."""
    return "; ".join(f"“{question}” {said}" for question, said in given)


def meaning(proposal: Proposal) -> str:
    """Returns what a signature under an approval says."""
    return f"I reviewed this request for {proposal.model_name} and approve: {effect(proposal)}."


def signed(printed_name: str, at: datetime, said: str) -> str:
    """Returns how a signature is shown wherever the decision is."""
    return f"Signed by {printed_name} on {at:%Y-%m-%d at %H:%M:%S} UTC: {said}"


def author_changed_entry(who: str, at: datetime, reason: str) -> str:
    """Returns the same of a freeze window or of owners, from what the trail says."""
    return f"{who} changed freeze windows or owners on {at:%Y-%m-%d at %H:%M} UTC: {reason.rstrip('.')}."
