"""Moves that are not everyday: back, past the rules, in another's place, and again after a while."""

from typing import Any, ClassVar

from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from typing_extensions import override

from foundation.api import schema
from foundation.api.views import ApiView
from promote_requests import services
from promote_requests.api.actions import act
from promote_requests.api.inputs import (
    BreakGlassSerializer,
    ConsentSerializer,
    MessageSerializer,
    ReReviewSerializer,
    SupersedeSerializer,
    TargetSerializer,
    WordsSerializer,
)
from promote_requests.api.loading import call, load, state_of
from promote_requests.api.outputs import PromoteRequestSerializer, person
from promote_requests.models import ChampionReview, Consent
from promote_requests.services.moves.champions import champions
from protection.rulebook import rulebook

_SHOWN = {200: PromoteRequestSerializer}


class ConsentedSerializer(serializers.ModelSerializer):
    """A consent to breaking the glass; it counts for a day, for these facts."""

    consented_by = person("consented_by")

    class Meta:
        model = Consent
        fields: ClassVar = ["id", "consented_by", "words", "evidence_fingerprint", "created_at"]
        read_only_fields = fields


class ChampionReviewSerializer(serializers.ModelSerializer):
    """What somebody said who reviewed a champion again."""

    reviewer = person("reviewer")

    class Meta:
        model = ChampionReview
        fields: ClassVar = ["id", "reviewer", "body", "evidence_digest", "created_at"]
        read_only_fields = fields


class DueSerializer(serializers.Serializer):
    """A champion that a rule wants to be reviewed again."""

    number = serializers.IntegerField(source="promote_request.number", help_text="Of the request that promoted it.")
    workspace = serializers.CharField(source="promote_request.workspace")
    model_name = serializers.CharField(source="promote_request.model_name")
    version = serializers.CharField(source="promote_request.version")
    target = TargetSerializer(source="promote_request.target")
    days = serializers.IntegerField(help_text="From one review to the next.")
    reviewed_at = serializers.DateTimeField(source="since", help_text="When it was reviewed last, or promoted.")
    due_at = serializers.DateTimeField()
    is_overdue = serializers.BooleanField()


class RollBackView(ApiView):
    """The way back from a promoted request."""

    @schema.operation(
        "Roll back",
        request=MessageSerializer,
        responses={201: PromoteRequestSerializer},
        errors=(400, 404, 409, 502, 504),
    )
    def post(self, request: Request, number: int) -> Response:
        """Opens the request that takes the change back; 409 with the number of the one that does already."""
        opened = call(request, number, services.roll_back, MessageSerializer)
        state = state_of(request, opened)
        return Response(state, status=201, headers={"Location": state["api_url"]})


class SupersedeView(ApiView):
    """A newer request that takes the place of this one."""

    @schema.operation(
        "Close in favour of a newer request", request=SupersedeSerializer, responses=_SHOWN, errors=(400, 404, 409)
    )
    def post(self, request: Request, number: int) -> Response:
        """Closes the request and links the two."""
        return act(request, number, services.supersede, SupersedeSerializer)


class BreakGlassView(ApiView):
    """A promotion past the rules."""

    @schema.operation(
        "Break the glass",
        request=BreakGlassSerializer,
        responses=_SHOWN,
        errors=(400, 404, 409, 502, 504),
    )
    def post(self, request: Request, number: int) -> Response:
        """Promotes although conditions do not hold; the request stays flagged until somebody else reviews it."""
        return act(request, number, services.break_glass, BreakGlassSerializer)


class ConsentView(ApiView):
    """A second person's consent to breaking the glass."""

    @schema.operation(
        "Consent to breaking the glass",
        request=ConsentSerializer,
        responses={201: ConsentedSerializer},
        errors=(400, 404, 409, 502, 504),
    )
    def post(self, request: Request, number: int) -> Response:
        """Records the consent, to the facts of now. It is no approval."""
        given = call(request, number, services.consent, ConsentSerializer)
        return Response(dict(ConsentedSerializer(given).data), status=201)


class ReviewAfterwardsView(ApiView):
    """A review, after the fact, of a promotion past the rules."""

    @schema.operation("Review afterwards", request=WordsSerializer, responses=_SHOWN, errors=(400, 404, 409))
    def post(self, request: Request, number: int) -> Response:
        """Records it; the request is no longer flagged."""
        return act(request, number, services.review_afterwards, WordsSerializer)


class ReReviewsView(ApiView, ListAPIView):
    """What was said of a champion since it was promoted."""

    queryset = ChampionReview.objects.all()
    serializer_class = ChampionReviewSerializer

    @override
    def get_queryset(self) -> QuerySet:
        return load(self.request, self.kwargs["number"]).champion_reviews.select_related("reviewer")

    @schema.operation("List a champion's reviews", responses={200: ChampionReviewSerializer(many=True)}, errors=(404,))
    @override
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Lists the reviews, oldest first."""
        return self.list(request, *args, **kwargs)

    @schema.operation(
        "Review a champion again",
        request=ReReviewSerializer,
        responses={201: ChampionReviewSerializer},
        errors=(400, 404, 409, 502, 504),
    )
    def post(self, request: Request, number: int) -> Response:
        """Records that the caller looked at the version in use again, on the facts of now."""
        made = call(request, number, services.re_review, ReReviewSerializer)
        return Response(dict(ChampionReviewSerializer(made).data), status=201)


class DueChampionsView(ApiView, ListAPIView):
    """The champions that rules want to be reviewed again."""

    serializer_class = DueSerializer

    @schema.operation(
        "List champions to review again",
        operation_id="champions_due_list",
        responses={200: DueSerializer(many=True)},
        errors=(400,),
    )
    @override
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Lists every one, the first due first; as far as Checkpoint promoted them."""
        page = self.paginate_queryset(champions(rulebook()))
        return self.get_paginated_response(DueSerializer(page, many=True).data)
