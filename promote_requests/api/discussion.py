"""Reviews and comments of a promote request, oldest first."""

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
from promote_requests.api.inputs import AnswersSerializer, DismissSerializer, NewCommentSerializer, NewReviewSerializer
from promote_requests.api.loading import load, state_of
from promote_requests.api.outputs import (
    CommentSerializer,
    PromoteRequestSerializer,
    ReviewOutcomeSerializer,
    ReviewSerializer,
)
from promote_requests.choices import Verdict
from promote_requests.models import Comment, Review


class ReviewsView(ApiView, ListAPIView):
    """The reviews of a request."""

    queryset = Review.objects.all()
    serializer_class = ReviewSerializer

    @override
    def get_queryset(self) -> QuerySet:
        return load(self.request, self.kwargs["number"]).reviews.all()

    @schema.operation("List reviews", responses={200: ReviewSerializer(many=True)}, errors=(404,))
    @override
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Lists the reviews."""
        return self.list(request, *args, **kwargs)

    @schema.operation(
        "Review",
        request=NewReviewSerializer,
        responses={201: ReviewOutcomeSerializer},
        errors=(400, 404, 409, 502, 504),
    )
    def post(self, request: Request, number: int) -> Response:
        """Records a judgement, and promotes if that completes the rule and the rule says at once.

        The review stands whatever the promotion comes to: `promotion_error` tells of a failed one, with 201.
        """
        promote_request = load(request, number)
        values = checked(NewReviewSerializer, request.data)
        outcome = services.review(
            actor=actor_of(request, Door.API),
            promote_request=promote_request,
            verdict=Verdict(values.pop("verdict")),
            **values,
        )
        shown = dict(ReviewSerializer(outcome.review).data)
        shown["promote_request"] = state_of(request, outcome.promote_request)
        if outcome.failure is not None:
            shown["promotion_error"] = body_of(outcome.failure)
        return Response(shown, status=201)


class AnswersView(ApiView):
    """What the author answers to the questions of the rules."""

    @schema.operation(
        "Answer what the rules ask",
        request=AnswersSerializer,
        responses={200: PromoteRequestSerializer},
        errors=(400, 404, 409, 502, 504),
    )
    def post(self, request: Request, number: int) -> Response:
        """Records the author's answers, and promotes if that completes the rule; a failed promotion is in the story."""
        promote_request = load(request, number)
        values = checked(AnswersSerializer, request.data)
        outcome = services.answer(actor=actor_of(request, Door.API), promote_request=promote_request, **values)
        return Response(state_of(request, outcome.promote_request))


class DismissView(ApiView):
    """A request for changes that shall not block any longer."""

    @schema.operation(
        "Dismiss a request for changes",
        request=DismissSerializer,
        responses={200: PromoteRequestSerializer},
        errors=(400, 404, 409),
    )
    def post(self, request: Request, number: int) -> Response:
        """Lifts it, with a reason that stays in the record."""
        promote_request = load(request, number)
        values = checked(DismissSerializer, request.data)
        services.dismiss(actor=actor_of(request, Door.API), promote_request=promote_request, **values)
        return Response(state_of(request, promote_request))


class CommentsView(ApiView, ListAPIView):
    """The comments of a request."""

    queryset = Comment.objects.all()
    serializer_class = CommentSerializer

    @override
    def get_queryset(self) -> QuerySet:
        return load(self.request, self.kwargs["number"]).comments.all()

    @schema.operation("List comments", responses={200: CommentSerializer(many=True)}, errors=(404,))
    @override
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Lists the comments of all threads."""
        return self.list(request, *args, **kwargs)

    @schema.operation("Comment", request=NewCommentSerializer, responses={201: CommentSerializer}, errors=(400, 404))
    def post(self, request: Request, number: int) -> Response:
        """Opens a thread, whatever the request's state; `threads/` opens one about a row, or that blocks."""
        promote_request = load(request, number)
        values = checked(NewCommentSerializer, request.data)
        comment = services.comment(actor=actor_of(request, Door.API), promote_request=promote_request, **values)
        return Response(dict(CommentSerializer(comment).data), status=201)
