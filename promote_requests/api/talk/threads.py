"""Threads of a promote request: list, open, answer, settle, reword, take back."""

from typing import Any

from django.db.models import QuerySet
from rest_framework.exceptions import NotFound
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from typing_extensions import override

from audit.actors import Door, actor_of
from foundation.api import schema
from foundation.api.inputs import NothingSerializer
from foundation.api.views import ApiView, checked
from promote_requests import services
from promote_requests.api.inputs import NewCommentSerializer
from promote_requests.api.loading import load
from promote_requests.api.outputs import CommentSerializer
from promote_requests.api.talk.inputs import NewThreadSerializer
from promote_requests.api.talk.outputs import ThreadSerializer
from promote_requests.models import Comment, PromoteRequest, Thread

_ERRORS = (400, 404, 409)


class ThreadsView(ApiView, ListAPIView):
    """The threads of a request, oldest first."""

    queryset = Thread.objects.all()
    serializer_class = ThreadSerializer

    @override
    def get_queryset(self) -> QuerySet:
        """Returns them with their comments, in as many queries however many there are."""
        return load(self.request, self.kwargs["number"]).threads.prefetch_related("comments")

    @schema.operation("List threads", responses={200: ThreadSerializer(many=True)}, errors=(404,))
    @override
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Lists the threads with all that was said in them."""
        return self.list(request, *args, **kwargs)

    @schema.operation("Open a thread", request=NewThreadSerializer, responses={201: ThreadSerializer}, errors=_ERRORS)
    def post(self, request: Request, number: int) -> Response:
        """Opens a thread, about a row of the comparison if `anchor` names one, whatever the request's state."""
        promote_request = load(request, number)
        values = checked(NewThreadSerializer, request.data)
        anchor = values.pop("anchor") or {"kind": "", "key": ""}
        written = services.comment(
            actor=actor_of(request, Door.API),
            promote_request=promote_request,
            anchor_kind=anchor["kind"],
            anchor_key=anchor["key"],
            **values,
        )
        return Response(_shown(written.thread_id), status=201)


class RepliesView(ApiView):
    """What is said in a thread."""

    @schema.operation(
        "Reply in a thread", request=NewCommentSerializer, responses={201: CommentSerializer}, errors=(400, 404)
    )
    def post(self, request: Request, number: int, thread: int) -> Response:
        """Adds a remark, whatever the state of request and thread."""
        promote_request = _with_thread(request, number, thread)
        values = checked(NewCommentSerializer, request.data)
        written = services.reply(
            actor=actor_of(request, Door.API), promote_request=promote_request, thread=thread, **values
        )
        return Response(dict(CommentSerializer(written).data), status=201)


class CommentView(ApiView):
    """One remark of the caller's own."""

    @schema.operation(
        "Edit a comment", request=NewCommentSerializer, responses={200: CommentSerializer}, errors=_ERRORS
    )
    def patch(self, request: Request, number: int, thread: int, comment: int) -> Response:
        """Gives it another wording; the former ones stay in `earlier`."""
        promote_request = _with_comment(request, number, thread, comment)
        values = checked(NewCommentSerializer, request.data)
        edited = services.edit_comment(
            actor=actor_of(request, Door.API), promote_request=promote_request, comment=comment, **values
        )
        return Response(dict(CommentSerializer(edited).data))

    @schema.operation("Delete a comment", responses={200: CommentSerializer}, errors=(404, 409))
    def delete(self, request: Request, number: int, thread: int, comment: int) -> Response:
        """Takes it back; who did that and when stays."""
        promote_request = _with_comment(request, number, thread, comment)
        deleted = services.delete_comment(
            actor=actor_of(request, Door.API), promote_request=promote_request, comment=comment
        )
        return Response(dict(CommentSerializer(deleted).data))


class ResolveView(ApiView):
    """A thread that is settled."""

    @schema.operation("Resolve a thread", request=NothingSerializer, responses={200: ThreadSerializer}, errors=_ERRORS)
    def post(self, request: Request, number: int, thread: int) -> Response:
        """Says that it is settled. This promotes nothing by itself."""
        promote_request = _with_thread(request, number, thread)
        checked(NothingSerializer, request.data)
        services.resolve(actor=actor_of(request, Door.API), promote_request=promote_request, thread=thread)
        return Response(_shown(thread))


class UnresolveView(ApiView):
    """A thread that is not settled any more."""

    @schema.operation(
        "Open a thread again", request=NothingSerializer, responses={200: ThreadSerializer}, errors=_ERRORS
    )
    def post(self, request: Request, number: int, thread: int) -> Response:
        """Says that it is not settled any more."""
        promote_request = _with_thread(request, number, thread)
        checked(NothingSerializer, request.data)
        services.unresolve(actor=actor_of(request, Door.API), promote_request=promote_request, thread=thread)
        return Response(_shown(thread))


def _with_thread(request: Request, number: int, thread: int) -> PromoteRequest:
    promote_request = load(request, number)
    if not promote_request.threads.filter(pk=thread).exists():
        raise NotFound(f"Request #{number} has no thread {thread}.")
    return promote_request


def _with_comment(request: Request, number: int, thread: int, comment: int) -> PromoteRequest:
    promote_request = _with_thread(request, number, thread)
    if not Comment.objects.filter(pk=comment, thread=thread).exists():
        raise NotFound(f"Thread {thread} has no comment {comment}.")
    return promote_request


def _shown(thread: int) -> dict[str, Any]:
    return dict(ThreadSerializer(Thread.objects.prefetch_related("comments").get(pk=thread)).data)
