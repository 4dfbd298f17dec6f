"""Labels: which there are, read by everybody and written with the permission; and those of a request."""

from typing import Any

from django.http import Http404
from rest_framework import serializers
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from typing_extensions import override

from audit.actors import Door, actor_of
from foundation.api import schema
from foundation.api.inputs import StrictSerializer, one_of
from foundation.api.views import ApiView, checked
from promote_requests.api.labelling.outputs import LabelSerializer
from promote_requests.api.loading import load, state_of
from promote_requests.api.outputs import PromoteRequestSerializer
from promote_requests.models import Label, LabelColour
from promote_requests.services.labelling import delete_label, save_label, set_labels


class NewLabelSerializer(StrictSerializer):
    """A label to be made."""

    name = serializers.CharField(max_length=50, help_text="No other has it, in whatever case; without quotation marks.")
    colour = one_of(LabelColour, required=False, default=LabelColour.GREY)


class LabelChangeSerializer(StrictSerializer):
    """What of a label is to change."""

    name = serializers.CharField(max_length=50, required=False)
    colour = one_of(LabelColour, required=False)


class LabelsOfRequestSerializer(StrictSerializer):
    """The labels that a request is to have."""

    labels = serializers.ListField(
        child=serializers.CharField(max_length=50), max_length=100, help_text="Names; it loses all others."
    )


class LabelsView(ApiView, ListAPIView):
    """The labels."""

    queryset = Label.objects.all()
    serializer_class = LabelSerializer

    @schema.operation("List labels", responses={200: LabelSerializer(many=True)})
    @override
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Lists the labels, by name."""
        return self.list(request, *args, **kwargs)

    @schema.operation("Add a label", request=NewLabelSerializer, responses={201: LabelSerializer}, errors=(400,))
    def post(self, request: Request) -> Response:
        """Adds a label."""
        made = save_label(actor=actor_of(request, Door.API), **checked(NewLabelSerializer, request.data))
        return Response(dict(LabelSerializer(made).data), status=201)


class LabelView(ApiView):
    """One label."""

    @schema.operation("Show a label", responses={200: LabelSerializer}, errors=(404,))
    def get(self, request: Request, pk: int) -> Response:
        """Shows the label."""
        return Response(dict(LabelSerializer(_find(pk)).data))

    @schema.operation(
        "Change a label",
        request=LabelChangeSerializer,
        responses={200: LabelSerializer},
        errors=(400, 404, 409),
    )
    def patch(self, request: Request, pk: int) -> Response:
        """Changes what is given; the requests keep the label."""
        found = _find(pk)
        values = {"name": found.name, "colour": found.colour, **checked(LabelChangeSerializer, request.data)}
        return Response(dict(LabelSerializer(save_label(actor=actor_of(request, Door.API), pk=pk, **values)).data))

    @schema.operation("Delete a label", responses={204: None}, errors=(404, 409))
    def delete(self, request: Request, pk: int) -> Response:
        """Deletes the label; no request has it any longer."""
        delete_label(actor=actor_of(request, Door.API), pk=_find(pk).pk)
        return Response(status=204)


class LabelsOfRequestView(ApiView):
    """The labels of a request."""

    @schema.operation(
        "Label a promote request",
        request=LabelsOfRequestSerializer,
        responses={200: PromoteRequestSerializer},
        errors=(400, 404),
    )
    def put(self, request: Request, number: int) -> Response:
        """Gives the request these labels and no others. Its author may, and whoever may review it."""
        promote_request = load(request, number)
        values = checked(LabelsOfRequestSerializer, request.data)
        set_labels(actor=actor_of(request, Door.API), promote_request=promote_request, **values)
        return Response(state_of(request, promote_request))


def _find(pk: int) -> Label:
    found = Label.objects.filter(pk=pk).first()
    if found is None:
        raise Http404
    return found
