"""What the views share: the request's type, the 404 with a message, the decorator of actions."""

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

from evidence.metrics.arrange import View
from evidence.pages import number_of
from foundation.exceptions import InvalidInput
from registry.lists import Lists

if TYPE_CHECKING:
    from accounts.models import User


class PageRequest(HttpRequest):
    """A request of somebody who is signed in (`LoginRequiredMiddleware`), with an id.

    Attributes:
        id: From `EntryMiddleware`; the audit trail and the log name it.
    """

    user: "User"
    id: str


class Missing(Http404):
    """What the address names does not exist; the page for 404 shows the message."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


def action(view: Callable[[PageRequest, int], HttpResponse]) -> Callable[[PageRequest, int], HttpResponse]:
    """Decorates a view that answers POST; whoever opens the action's address with GET is sent to the request's page.

    A refused action leaves its address in the browser, and the sign-in page returns to it when a session had ended.
    """

    @require_http_methods(["GET", "HEAD", "POST"])
    @wraps(view)
    def answer(request: PageRequest, number: int) -> HttpResponse:
        if request.method == "POST":
            return view(request, number)
        return redirect("promote_requests:detail", number)

    return answer


def seen_text_revision(request: HttpRequest, field: str = "seen_text_revision") -> int | None:
    """Returns which title and description a form was made for, as it says; None where it does not say so."""
    said = request.POST.get(field, "")
    return int(said) if said.isascii() and said.isdigit() and len(said) <= 9 and int(said) else None


def review_named(request: HttpRequest) -> int:
    """Returns the key of the review that a form is about, as it says; 0, which none has, where it names none."""
    said = request.POST.get("review", "")
    return int(said) if said.isascii() and said.isdigit() and len(said) <= 18 else 0


def rows_asked_for(request: HttpRequest) -> dict[str, Any]:
    """Returns how a page shows its rows, as its address says."""
    page = number_of(request.GET["all"]) if "all" in request.GET else 0
    return {"rows_page": page, "metrics_view": View.of(request.GET.dict())}


def lists_of(workspace: str) -> Lists:
    """Returns the lists of a workspace that an address names; Missing where no workspace can be called so."""
    try:
        return Lists(workspace)
    except InvalidInput as error:
        raise Missing(error.message) from None
