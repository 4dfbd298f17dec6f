"""What the caller follows, watches or muted."""

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from audit.actors import Door, actor_of
from foundation.api import schema
from foundation.api.inputs import StrictSerializer
from foundation.api.views import ApiView, checked
from notifications.choices import Hearing
from notifications.people import subscriptions
from promote_requests.api.loading import load
from registry.workspaces import canonical_workspace

NOTHING = "none"
_STATES = [*Hearing.values, NOTHING]
_MEANING = "followed: told of everything. muted: told of nothing but what is said by name. none: as everybody is."


class HearingSerializer(StrictSerializer):
    """What somebody says of a request or a model."""

    subscription = serializers.ChoiceField(
        _STATES,
        help_text=_MEANING,
        error_messages={"invalid_choice": f'"{{input}}" is not known: use {", ".join(_STATES)}.'},
    )


class RequestHearingView(ApiView):
    """Whether the caller hears of a request."""

    @schema.operation("Do I hear of it?", responses={200: HearingSerializer}, errors=(404,))
    def get(self, request: Request, number: int) -> Response:
        """Shows whether the caller follows a request or muted it. Whoever takes part follows it."""
        load(request, number)
        return Response({"subscription": _standing(request, number=number).request or NOTHING})

    @schema.operation(
        "Follow or mute", request=HearingSerializer, responses={200: HearingSerializer}, errors=(400, 404)
    )
    def put(self, request: Request, number: int) -> Response:
        """Has the caller follow a request, mute it, or neither."""
        load(request, number)
        state = checked(HearingSerializer, request.data)["subscription"]
        actor = actor_of(request, Door.API)
        if state == NOTHING:
            subscriptions.leave_request(actor=actor, number=number)
        else:
            subscriptions.follow_request(actor=actor, number=number, is_muted=state == Hearing.MUTED)
        return Response({"subscription": state})


class ModelHearingView(ApiView):
    """Whether the caller hears of a model's requests."""

    @schema.operation("Do I hear of a model?", responses={200: HearingSerializer})
    def get(self, request: Request, name: str) -> Response:
        """Shows whether the caller watches a model or muted it; `?workspace=` names MLflow's workspace."""
        workspace = canonical_workspace(request.query_params.get("workspace", ""))
        return Response({"subscription": _standing(request, workspace=workspace, model_name=name).model or NOTHING})

    @schema.operation(
        "Watch or mute a model", request=HearingSerializer, responses={200: HearingSerializer}, errors=(400,)
    )
    def put(self, request: Request, name: str) -> Response:
        """Has the caller hear of every request for a model, of none, or neither. MLflow is not asked for the name."""
        state = checked(HearingSerializer, request.data)["subscription"]
        actor, workspace = actor_of(request, Door.API), request.query_params.get("workspace", "")
        if state == NOTHING:
            subscriptions.leave_model(actor=actor, workspace=workspace, model_name=name)
        else:
            subscriptions.watch_model(
                actor=actor, workspace=workspace, model_name=name, is_muted=state == Hearing.MUTED
            )
        return Response({"subscription": state})


def _standing(
    request: Request, *, number: int | None = None, workspace: str = "", model_name: str = ""
) -> subscriptions.Standing:
    return subscriptions.standing_of(request.user.pk or 0, number=number, workspace=workspace, model_name=model_name)
