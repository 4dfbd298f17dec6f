"""What an author changed in words that somebody had approved already."""

from dataclasses import dataclass

from evidence.prompts import DiffLine, text_diff
from promote_requests.decision import Decision
from promote_requests.models import PromoteRequest


@dataclass(frozen=True, slots=True)
class TextChange:
    """The way from the words that somebody approved to the present ones.

    Attributes:
        who: The name of who approved the former words.
        former_title: Empty where the title is the same.
        lines: Of the description; empty where it is the same or too long to be compared.
    """

    who: str
    former_title: str
    lines: tuple[DiffLine, ...]


def since_approvals(promote_request: PromoteRequest, decision: Decision) -> list[TextChange]:
    """Returns what changed since each approval that was given on earlier words, in the order of the reviewers."""
    outdated = [each for each in decision.judgements if each.counts and not each.is_of_present_text]
    if not outdated:
        return []
    revisions = {review.pk: review.text_revision for review in promote_request.reviews.all()}
    texts = {text.revision: text for text in promote_request.former_texts.all()}
    found = []
    for judgement in outdated:
        before = texts[revisions[judgement.review]]
        former_title = before.title if before.title != promote_request.title else ""
        lines = text_diff(before.description, promote_request.description)
        found.append(TextChange(judgement.name, former_title, lines))
    return found
