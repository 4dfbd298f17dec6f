"""What can be done to a promote request; each answers with the request as it is afterwards."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from rest_framework.request import Request
from rest_framework.response import Response

from promote_requests import services
from promote_requests.api import schema
from promote_requests.api.base import ApiView, actor_of, checked, load, request_id_of, state_of
from promote_requests.api.representations import PromoteRequestSerializer
from promote_requests.api.serializers import CloseSerializer, NothingSerializer, ReopenSerializer, StrictSerializer
from promote_requests.choices import CloseReason
from promote_requests.exceptions import InvalidInput
from promote_requests.models import PromoteRequest

if TYPE_CHECKING:
    from accounts.models import User

_SHOWN = {200: PromoteRequestSerializer}


class PromoteView(ApiView):
    """Promotes by hand what is approved."""

    @schema.operation(
        "Promote",
        operation_id="promote_requests_promote",
        request=NothingSerializer,
        responses=_SHOWN,
        errors=(400, 404, 409, 502, 504),
    )
    def post(self, request: Request, number: int) -> Response:
        """Makes the change in MLflow. On 502 or 504 the request is open again, or settled later: read it."""
        return _act(request, number, services.promote, NothingSerializer)


class SubmitView(ApiView):
    """Opens a draft."""

    @schema.operation(
        "Submit a draft",
        operation_id="promote_requests_submit",
        request=NothingSerializer,
        responses=_SHOWN,
        errors=(400, 404, 409, 502, 504),
    )
    def post(self, request: Request, number: int) -> Response:
        """Opens a draft for review, with the evidence as it is now."""
        return _act(request, number, services.submit, NothingSerializer)


class CloseView(ApiView):
    """Ends a request without a promotion."""

    @schema.operation(
        "Close or withdraw",
        operation_id="promote_requests_close",
        request=CloseSerializer,
        responses=_SHOWN,
        errors=(400, 404, 409),
    )
    def post(self, request: Request, number: int) -> Response:
        """Closes the request; by its author this withdraws it."""
        return _act(request, number, close_or_withdraw, CloseSerializer)


class ReopenView(ApiView):
    """Opens a closed request again."""

    @schema.operation(
        "Reopen",
        operation_id="promote_requests_reopen",
        request=ReopenSerializer,
        responses=_SHOWN,
        errors=(400, 404, 409, 502, 504),
    )
    def post(self, request: Request, number: int) -> Response:
        """Opens a closed request again, with the evidence as it is now; earlier reviews no longer count."""
        return _act(request, number, services.reopen, ReopenSerializer)


def close_or_withdraw(
    *,
    actor: "User",
    promote_request: PromoteRequest,
    reason: str = "",
    message: str = "",
    request_id: str = "",
) -> PromoteRequest:
    """Calls the service that ends the request for this person: `withdraw` for the author, `close` for others.

    Raises:
        InvalidInput: the author gives another reason than withdrawn, or somebody else gives that one.
    """
    if actor.pk != promote_request.author_id:
        return services.close(
            actor=actor,
            promote_request=promote_request,
            reason=CloseReason(reason or CloseReason.REJECTED),
            message=message,
            request_id=request_id,
        )
    if reason not in ("", CloseReason.WITHDRAWN):
        raise InvalidInput("You made this request: the only reason that you can give is withdrawn.", field="reason")
    return services.withdraw(actor=actor, promote_request=promote_request, message=message, request_id=request_id)


def _act(
    request: Request, number: int, service: Callable[..., PromoteRequest], body: type[StrictSerializer]
) -> Response:
    promote_request = load(number)
    values: dict[str, Any] = checked(body, request.data)
    changed = service(
        actor=actor_of(request), promote_request=promote_request, request_id=request_id_of(request), **values
    )
    return Response(state_of(request, changed))
