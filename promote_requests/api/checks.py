"""The external checks of a promote request: what CI and test harnesses report of it."""

from typing import Any

from django.db.models import QuerySet
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from typing_extensions import override

from audit.actors import Door, actor_of
from foundation.api import schema
from foundation.api.errors import body_of
from foundation.api.views import ApiView, checked
from promote_requests import services
from promote_requests.api.inputs import CheckNameSerializer, NewCheckSerializer
from promote_requests.api.loading import load, state_of
from promote_requests.api.outputs import CheckOutcomeSerializer, CheckSerializer
from promote_requests.models import Check


class ChecksView(ApiView, ListAPIView):
    """The reports of a request's checks."""

    queryset = Check.objects.all()
    serializer_class = CheckSerializer

    @override
    def get_queryset(self) -> QuerySet:
        return load(self.request, self.kwargs["number"]).checks.all()

    @schema.operation("List reports of checks", responses={200: CheckSerializer(many=True)}, errors=(404,))
    @override
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Lists every report, also of facts that have changed since; `checks` of the request says what counts."""
        return self.list(request, *args, **kwargs)

    @schema.operation(
        "Report a check",
        request=NewCheckSerializer,
        responses={201: CheckOutcomeSerializer},
        errors=(400, 404, 409, 502, 504),
    )
    def post(self, request: Request, number: int) -> Response:
        """Records a report, and promotes if that was the last thing missing and the rule says at once.

        The report stands whatever the promotion comes to: `promotion_error` tells of a failed one, with 201.
        """
        promote_request = load(request, number)
        values = checked(NewCheckSerializer, request.data)
        outcome = services.report_check(actor=actor_of(request, Door.API), promote_request=promote_request, **values)
        shown = dict(CheckSerializer(outcome.check).data)
        shown["promote_request"] = state_of(request, outcome.promote_request)
        if outcome.failure is not None:
            shown["promotion_error"] = body_of(outcome.failure)
        return Response(shown, status=201)


class CheckRequestView(ApiView):
    """A check that is asked for once more."""

    @schema.operation(
        "Ask for a check again",
        request=CheckNameSerializer,
        responses={201: CheckSerializer},
        errors=(400, 404, 409),
    )
    def post(self, request: Request, number: int) -> Response:
        """Makes the check pending again: what was reported before does not count any longer."""
        promote_request = load(request, number)
        values = checked(CheckNameSerializer, request.data)
        recorded = services.request_check(actor=actor_of(request, Door.API), promote_request=promote_request, **values)
        return Response(dict(CheckSerializer(recorded).data), status=201)
