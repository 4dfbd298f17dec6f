"""Who is asked to review a promote request, and who could still meet its rules."""

from collections.abc import Callable
from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from foundation.api import schema
from foundation.api.inputs import StrictSerializer
from foundation.api.views import ApiView
from promote_requests import services
from promote_requests.api.loading import call, load
from promote_requests.models import PromoteRequest
from promote_requests.services.asking.standing import Asked, State, asked_of, could


class AskedSerializer(serializers.Serializer):
    """A person or a group that is asked, and how far they are."""

    user = serializers.SerializerMethodField(help_text="Null for a group whose place nobody has picked up.")
    group = serializers.SerializerMethodField(help_text="Null for a person.")
    section = serializers.CharField(source="place.section", help_text="As whose owner; empty where somebody asked.")
    state = serializers.ChoiceField([(state.value, state.name) for state in State])
    reason = serializers.CharField(source="place.reason", help_text="Why declined or handed over.")
    handed_to = serializers.SerializerMethodField()
    asked_by = serializers.SerializerMethodField(help_text="Null for Checkpoint.")
    asked_at = serializers.DateTimeField(source="place.asked_at")

    def get_user(self, one: Asked) -> str | None:
        return _name(one.place.reviewer)

    def get_group(self, one: Asked) -> str | None:
        return None if one.place.group is None else str(one.place.group.name)

    def get_handed_to(self, one: Asked) -> str | None:
        return _name(one.place.handed_to)

    def get_asked_by(self, one: Asked) -> str | None:
        return _name(one.place.asked_by)


class CouldSerializer(serializers.Serializer):
    """Who could still satisfy an unmet condition that waits for people."""

    code = serializers.CharField(help_text="Of the unmet condition.")
    asked = serializers.CharField(help_text="Whose approval is missing, in words.")
    users = serializers.ListField(source="names", child=serializers.CharField(), help_text="The first few.")
    others = serializers.IntegerField(source="more", help_text="How many are not named.")


class ReviewersSerializer(serializers.Serializer):
    """Who is asked, and who could still satisfy what is unmet."""

    asked = AskedSerializer(many=True)
    could = CouldSerializer(many=True)


class AskSerializer(StrictSerializer):
    """Whom to ask; at most 20 at once."""

    users = serializers.ListField(child=serializers.CharField(max_length=150), required=False, max_length=20)
    groups = serializers.ListField(child=serializers.CharField(max_length=150), required=False, max_length=20)


class PickUpSerializer(StrictSerializer):
    """Whose place to take."""

    group = serializers.CharField(max_length=150, allow_blank=True)


class DeclineSerializer(StrictSerializer):
    """Why the caller does not review."""

    reason = serializers.CharField(allow_blank=True)


class HandOverSerializer(StrictSerializer):
    """Who reviews instead of the caller."""

    to = serializers.CharField(max_length=150, allow_blank=True)
    reason = serializers.CharField(allow_blank=True, default="")


_SHOWN = {200: ReviewersSerializer}


class ReviewersView(ApiView):
    """Who is asked."""

    @schema.operation("List who is asked to review", responses=_SHOWN, errors=(404,))
    def get(self, request: Request, number: int) -> Response:
        """Lists who is asked, and who could still satisfy each unmet condition that waits for people."""
        return _shown(request, number)

    @schema.operation("Ask for a review", request=AskSerializer, responses=_SHOWN, errors=(400, 404, 409))
    def post(self, request: Request, number: int) -> Response:
        """Asks people and groups, who are told."""
        return _act(request, number, services.ask, AskSerializer)


class PickUpView(ApiView):
    """The place of a group."""

    @schema.operation(
        "Pick up a review",
        operation_id="promote_requests_reviewers_pick_up",
        request=PickUpSerializer,
        responses=_SHOWN,
        errors=(400, 404, 409),
    )
    def post(self, request: Request, number: int) -> Response:
        """Takes the place of a group of the caller's."""
        return _act(request, number, services.pick_up, PickUpSerializer)


class DeclineView(ApiView):
    """The caller's own place, not taken."""

    @schema.operation(
        "Decline to review",
        operation_id="promote_requests_reviewers_decline",
        request=DeclineSerializer,
        responses=_SHOWN,
        errors=(400, 404, 409),
    )
    def post(self, request: Request, number: int) -> Response:
        """Declines, with a reason; it counts neither for nor against the request."""
        return _act(request, number, services.decline, DeclineSerializer)


class HandOverView(ApiView):
    """The caller's own place, given to somebody else."""

    @schema.operation(
        "Hand over a review",
        operation_id="promote_requests_reviewers_hand_over",
        request=HandOverSerializer,
        responses=_SHOWN,
        errors=(400, 404, 409),
    )
    def post(self, request: Request, number: int) -> Response:
        """Has somebody else asked in the caller's place."""
        return _act(request, number, services.hand_over, HandOverSerializer)


def _act(
    request: Request, number: int, service: Callable[..., PromoteRequest], body: type[StrictSerializer]
) -> Response:
    call(request, number, service, body)
    return _shown(request, number)


def _shown(request: Request, number: int) -> Response:
    promote_request = load(request, number)
    decision = services.decision_of(promote_request)
    shown = {
        "asked": asked_of(promote_request, decision),
        "could": could(promote_request, services.requirement_of(promote_request), decision),
    }
    return Response(dict(ReviewersSerializer(shown).data))


def _name(user: Any) -> str | None:
    return None if user is None else str(user.get_username())
