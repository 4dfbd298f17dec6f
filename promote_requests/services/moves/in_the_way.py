"""What is in the way of asking for something: it is asked for already, or somebody's objection to it still stands."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.db.models import Exists, OuterRef, Q

from promote_requests import sentences
from promote_requests.choices import Status, Verdict
from promote_requests.exceptions import DuplicateRequest
from promote_requests.models import PromoteRequest, Review
from promote_requests.querysets import ENDED_AT
from promote_requests.services.reading import judgements_of
from registry.proposals import Proposal


@dataclass(frozen=True, slots=True)
class Objection:
    """Requests for changes that stand on a request that was closed.

    Attributes:
        closed: The request.
        objectors: The names of who asked for changes.
        reviews: The keys of the reviews with which they did.
    """

    closed: PromoteRequest
    objectors: tuple[str, ...]
    reviews: frozenset[int]


def refuse_beside_objection(proposal: Proposal, *, besides: int = 0) -> None:
    """Raises DuplicateRequest if somebody's request for changes stands on the last request for the same.

    Otherwise withdrawing and asking anew would make it vanish, as reopening does not; nor do a draft that waited
    meanwhile, an older request that is reopened, or a draft that is withdrawn after it.

    Asked before MLflow is, and again once the row is written: whoever objected may have done so, and the request been
    withdrawn, while MLflow answered. Then no other is under way, says the database, and whatever ended is seen.

    Args:
        proposal: What is asked for.
        besides: The number of the request that is opened; what stands on it itself goes on standing.
    """
    found = _objection_to(proposal, besides=besides)
    if found is not None:
        said = sentences.objection_stands(found.closed, found.objectors, proposal.target)
        raise DuplicateRequest(said, number=found.closed.number)


def refuse_duplicate(proposal: Proposal, *, author: int, besides: int = 0) -> None:
    """Raises DuplicateRequest if the same is asked for already; somebody else's draft is in nobody's way."""
    asking = PromoteRequest.objects.unfinished().asking_for(proposal).exclude(pk=besides)
    existing = asking.exclude(Q(status=Status.DRAFT) & ~Q(author=author)).order_by("-status", "number").first()
    if existing is not None:
        raise DuplicateRequest(sentences.asked_already(existing, proposal.target), number=existing.number)


def objections_in(workspace: str, model_name: str) -> Iterator[Objection]:
    """Yields each objection that is in the way of a new request for a version of a model, the newest first.

    They go by the model's name: under another one its versions would be without them.
    """
    asked = Review.objects.filter(promote_request=OuterRef("pk"), verdict=Verdict.REQUEST_CHANGES, dismissal=None)
    ended = PromoteRequest.objects.submitted().of_model(workspace, model_name)
    ended = ended.filter(Exists(asked), status=Status.CLOSED)
    for closed in ended.order_by("-closed_at", "-number"):
        found = _objection_to(closed.proposal)
        if found is not None and found.closed == closed:
            yield found


def blocking_reviews(promote_request: PromoteRequest) -> frozenset[int]:
    """Returns the keys of the reviews that ask for changes and block a request, or whoever asks for the same anew.

    What was asked of a closed request is in nobody's way once the same was asked for again and ended otherwise.
    """
    if promote_request.status != Status.CLOSED:
        return frozenset(given.review for given in judgements_of(promote_request) if not given.approves)
    found = _objection_to(promote_request.proposal)
    return found.reviews if found is not None and found.closed == promote_request else frozenset()


def _objection_to(proposal: Proposal, *, besides: int = 0) -> Objection | None:
    ended = PromoteRequest.objects.ended().asking_for(proposal)
    last = ended.exclude(pk=besides).order_by(ENDED_AT.desc()).first()
    if last is None or last.status != Status.CLOSED:
        return None
    standing = [judgement for judgement in judgements_of(last) if not judgement.approves]
    if not standing:
        return None
    return Objection(
        last, tuple(judgement.name for judgement in standing), frozenset(judgement.review for judgement in standing)
    )
