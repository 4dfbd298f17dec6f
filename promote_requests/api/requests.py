"""Promote requests: list, open, read, edit."""

from typing import Any, cast

from django.db.models import QuerySet
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from typing_extensions import override

from audit.actors import Door, actor_of
from foundation.api import schema
from foundation.api.filters import StrictFilterBackend
from foundation.api.views import ApiView, checked
from promote_requests import services
from promote_requests.api.detailed import DetailedPromoteRequestSerializer
from promote_requests.api.filters import PromoteRequestFilter
from promote_requests.api.inputs import EditSerializer, NewPromoteRequestSerializer
from promote_requests.api.loading import context_for, load, state_of
from promote_requests.api.outputs import PromoteRequestSerializer
from promote_requests.models import PromoteRequest
from promote_requests.querysets import PromoteRequestQuerySet
from registry.proposals import Change, Proposal
from registry.targets import Target


class PromoteRequestList(ApiView, ListAPIView):
    """All promote requests."""

    queryset = PromoteRequest.objects.all()
    serializer_class = PromoteRequestSerializer
    filter_backends = (StrictFilterBackend,)
    filterset_class = PromoteRequestFilter

    @override
    def filter_queryset(self, queryset: QuerySet) -> QuerySet:
        """Adds the people and reviews that each row shows."""
        found = cast(PromoteRequestQuerySet, super().filter_queryset(queryset))
        return found.visible_to(self.request.user.pk).for_rows()

    @override
    def get_serializer_context(self) -> dict[str, Any]:
        """Adds the caller and the rules; the schema generator calls this without either."""
        return {**super().get_serializer_context(), **context_for(self.request)}

    @schema.operation("List promote requests", responses={200: PromoteRequestSerializer(many=True)}, errors=(400,))
    @override
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Lists the promote requests that match every filter given, the newest first."""
        return self.list(request, *args, **kwargs)

    @schema.operation(
        "Open a promote request",
        request=NewPromoteRequestSerializer,
        responses={201: PromoteRequestSerializer},
        errors=(400, 409, 502, 504),
    )
    def post(self, request: Request) -> Response:
        """Opens a promote request; the header Location has its address in this API."""
        values = checked(NewPromoteRequestSerializer, request.data)
        promote_request = services.create(
            actor=actor_of(request, Door.API),
            proposal=_proposal(values),
            title=values["title"],
            description=values["description"],
            draft=values["draft"],
        )
        state = state_of(request, promote_request)
        return Response(state, status=201, headers={"Location": state["api_url"]})


class PromoteRequestDetail(ApiView):
    """One promote request."""

    @schema.operation("Read a promote request", responses={200: DetailedPromoteRequestSerializer}, errors=(404,))
    def get(self, request: Request, number: int) -> Response:
        """Shows a promote request as it is now; a promotion that a crash cut off is settled first."""
        promote_request = load(request, number)
        services.settle_if_cut_off(promote_request)
        return Response(dict(DetailedPromoteRequestSerializer(promote_request, context=context_for(request)).data))

    @schema.operation(
        "Edit a promote request",
        request=EditSerializer,
        responses={200: PromoteRequestSerializer},
        errors=(400, 404, 409),
    )
    def patch(self, request: Request, number: int) -> Response:
        """Changes title or description. What is asked for never changes: that would be another request."""
        promote_request = load(request, number)
        values = checked(EditSerializer, request.data)
        edited = services.edit(
            actor=actor_of(request, Door.API),
            promote_request=promote_request,
            title=values.get("title", promote_request.title),
            description=values.get("description", promote_request.description),
        )
        return Response(state_of(request, edited))


def _proposal(values: dict[str, Any]) -> Proposal:
    return Proposal(
        values["model_name"],
        values["version"],
        Target.of(values["target"]["kind"], values["target"]["name"]),
        Change(values["change"]),
        values["archive_existing_versions"],
        values["workspace"],
    )
