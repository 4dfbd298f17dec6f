"""How the pages answer after somebody spoke: with the conversation for htmx, with the page for everybody else."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from foundation.browsers import htmx
from foundation.exceptions import CheckpointError
from promote_requests.models import PromoteRequest
from promote_requests.pages import detail
from promote_requests.pages.http import PageRequest
from promote_requests.pages.shown.context import context_of, conversation
from promote_requests.pages.shown.looking import Look

PLACE = "X-Checkpoint-Place"
"""Names the id of what was written, for the script of the conversation."""


def words_typed(request: HttpRequest, words: str = "message") -> str:
    """Returns what was typed into a form that was refused, for the field of comments: its button may be gone.

    Args:
        request: What was sent.
        words: The field in which a form without a `body` has what people write.
    """
    return request.POST.get("body") or request.POST.get(words, "")


def refused(request: PageRequest, number: int, failure: CheckpointError, *, words: str = "message") -> HttpResponse:
    """Shows the request as it is now, the refusal, and what the person had typed."""
    response = detail.page(request, detail.find(request, number), failure=failure, body=words_typed(request, words))
    if failure.field == "body":
        # It is said beside the field, and there the person is.
        response.headers["HX-Reswap"] = "outerHTML"
    return response


def beside(failure: CheckpointError) -> HttpResponse:
    """Says a refusal beside the form that htmx sent, which stays as it is."""
    answer, field = htmx.Answer.REFUSED, failure.field or ""
    return htmx.sentence(failure.message, status=failure.status, answer=answer, field=field)


def spoken(
    request: PageRequest, promote_request: PromoteRequest, place: str, *, fresh: str = "", decides: bool = False
) -> HttpResponse:
    """Answers after something was said or settled.

    htmx gets the conversation, in which other forms that somebody has begun to fill in stay as they are; the rest of
    the page too: an approval is about what the reviewer sees.

    Args:
        request: What was asked.
        promote_request: The request.
        place: The id of what was written.
        fresh: The id of the form that was sent, which comes back empty.
        decides: Whether it may change what the request still lacks, so that this is shown anew.
    """
    if not htmx.is_asking(request):
        return detail.back(promote_request, place)
    found = detail.find(request, promote_request.pk)
    context: dict[str, Any] = {"shown": found}
    if decides:
        context |= context_of(request, found, look=Look.KEPT)
    # What the page says of the rows of threads is of the facts that it shows, and stays.
    context |= {**conversation(request, found), "fresh": fresh, "decides": decides, "spoken": True}
    response = render(request, "promote_requests/includes/_spoken.html", context)
    response.headers["HX-Retarget"] = response.headers["HX-Reselect"] = "#conversation"
    response.headers["HX-Reswap"] = "outerHTML"
    if fresh != "review-box":
        # Who uses the field below the conversation stays there; every other form is gone or empty now.
        response.headers[PLACE] = place
    return response
