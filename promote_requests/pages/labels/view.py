"""Labels a request from its page."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect

from audit.actors import Door, actor_of
from foundation.exceptions import CheckpointError
from promote_requests.pages import detail
from promote_requests.pages.http import PageRequest, action
from promote_requests.services.labelling import set_labels


@action
def label(request: PageRequest, number: int) -> HttpResponse:
    """Gives the request the labels that are ticked; what others gave or took meanwhile stays as it is."""
    promote_request = detail.find(request, number)
    try:
        set_labels(
            actor=actor_of(request, Door.PAGE),
            promote_request=promote_request,
            labels=request.POST.getlist("labels"),
            seen=request.POST.getlist("seen"),
        )
    except CheckpointError as failure:
        return detail.page(request, detail.find(request, number), failure=failure)
    messages.success(request, "The labels are saved.")
    return redirect(promote_request)
