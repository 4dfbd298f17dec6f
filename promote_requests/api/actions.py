"""The actions on a promote request; each answers with the request as it is afterwards."""

from collections.abc import Callable

from rest_framework.request import Request
from rest_framework.response import Response

from foundation.api import schema
from foundation.api.inputs import NothingSerializer, StrictSerializer
from foundation.api.views import ApiView
from promote_requests import services
from promote_requests.api.inputs import CloseSerializer, ReopenSerializer
from promote_requests.api.loading import call, state_of
from promote_requests.api.outputs import PromoteRequestSerializer
from promote_requests.models import PromoteRequest

_SHOWN = {200: PromoteRequestSerializer}


class PromoteView(ApiView):
    """Promotes an approved request."""

    @schema.operation(
        "Promote",
        operation_id="promote_requests_promote",
        request=NothingSerializer,
        responses=_SHOWN,
        errors=(400, 404, 409, 502, 504),
    )
    def post(self, request: Request, number: int) -> Response:
        """Makes the change in MLflow. On 502 or 504 the request is open again, or settled later: read it."""
        return act(request, number, services.promote, NothingSerializer)


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
        return act(request, number, services.submit, NothingSerializer)


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
        return act(request, number, services.close, CloseSerializer)


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
        return act(request, number, services.reopen, ReopenSerializer)


def act(
    request: Request, number: int, service: Callable[..., PromoteRequest], body: type[StrictSerializer]
) -> Response:
    """Calls a service with the checked body and answers with the request as it is afterwards."""
    return Response(state_of(request, call(request, number, service, body)))
