"""The page of one promote request."""

from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from audit.actors import Door, actor_of
from evidence.metrics.arrange import TEXT
from foundation.exceptions import CheckpointError
from notifications.inbox.marking import mark_read
from notifications.people.subscriptions import standing_of
from promote_requests.models import PromoteRequest
from promote_requests.pages.http import Missing, PageRequest, action
from promote_requests.pages.labels.choices import labelling
from promote_requests.pages.shown.context import context_of
from promote_requests.pages.shown.looking import Look
from promote_requests.pages.visits.marking import new_for, note_visit
from promote_requests.services import promote_if_its_time_has_come, settle_if_cut_off


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


def back(promote_request: PromoteRequest, place: str) -> HttpResponse:
    """Leads to a place of a request's page."""
    return redirect(f"{promote_request.get_absolute_url()}#{place}")
