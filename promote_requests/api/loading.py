"""Loads promote requests for the views of the API."""

from typing import Any

from rest_framework.exceptions import NotFound
from rest_framework.request import Request

from promote_requests.api.outputs import PromoteRequestSerializer
from promote_requests.models import PromoteRequest
from protection.rulebook import rulebook


def load(request: Request, number: int) -> PromoteRequest:
    """Returns a request with its people and reviews; NotFound when there is none, or it is another's draft."""
    found = PromoteRequest.objects.visible_to(request.user.pk).with_people().filter(pk=number).first()
    if found is None:
        raise NotFound(f"There is no promote request #{number}.")
    return found


def context_for(request: Request) -> dict[str, Any]:
    """Returns the context of `PromoteRequestSerializer`: the rules, loaded once, and room for what all rows share."""
    return {"viewer": request.user, "rules": rulebook(), "request": request, "around": {}}


def state_of(request: Request, promote_request: PromoteRequest) -> dict[str, Any]:
    """Returns a request as the API shows it to the caller, read from the database now."""
    return dict(PromoteRequestSerializer(load(request, promote_request.pk), context=context_for(request)).data)
