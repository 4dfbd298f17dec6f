"""Loads promote requests for the views of the API, and calls what is to be done with them."""

from collections.abc import Callable
from typing import Any, TypeVar

from rest_framework.exceptions import NotFound
from rest_framework.request import Request

from audit.actors import Door, actor_of
from foundation.api.inputs import StrictSerializer
from foundation.api.views import checked
from promote_requests.api.outputs import PromoteRequestSerializer
from promote_requests.models import PromoteRequest
from protection.rulebook import rulebook

R = TypeVar("R")


def load(request: Request, number: int) -> PromoteRequest:
    """Returns a request with its people and reviews; NotFound when there is none, or it is another's draft."""
    found = PromoteRequest.objects.visible_to(request.user.pk).with_people().filter(pk=number).first()
    if found is None:
        raise NotFound(f"There is no promote request #{number}.")
    return found


def call(request: Request, number: int, service: Callable[..., R], body: type[StrictSerializer]) -> R:
    """Calls a service for the caller with a request that they may see and the checked body; returns what that does."""
    promote_request = load(request, number)
    values: dict[str, Any] = checked(body, request.data)
    return service(actor=actor_of(request, Door.API), promote_request=promote_request, **values)


def context_for(request: Request) -> dict[str, Any]:
    """Returns the context of `PromoteRequestSerializer`: the rules, loaded once, and room for what all rows share."""
    return {"viewer": request.user, "rules": rulebook(), "request": request, "around": {}}


def state_of(request: Request, promote_request: PromoteRequest) -> dict[str, Any]:
    """Returns a request as the API shows it to the caller, read from the database now."""
    return dict(PromoteRequestSerializer(load(request, promote_request.pk), context=context_for(request)).data)
