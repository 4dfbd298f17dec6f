"""The caller's own inbox."""

from typing import Any, ClassVar

import django_filters
from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from typing_extensions import override

from accounts.models import User
from audit.actors import Door, actor_of
from foundation.addresses import absolute
from foundation.api import schema
from foundation.api.filters import StrictFilterBackend
from foundation.api.inputs import StrictSerializer
from foundation.api.views import ApiView, checked
from notifications.choices import Kind
from notifications.inbox.marking import LARGEST, mark_read
from notifications.models import Notice
from promote_requests import inbox
from promote_requests.links import request_path


class NoticeSerializer(serializers.ModelSerializer):
    """Something that the caller is told of a request."""

    number = serializers.IntegerField(source="request_number", read_only=True)
    is_new = serializers.SerializerMethodField()
    url = serializers.SerializerMethodField(help_text="The full address of the request's page.")

    class Meta:
        model = Notice
        fields: ClassVar = ["id", "number", "kind", "event", "sentence", "at", "is_new", "read_at", "url"]
        read_only_fields = fields

    def get_is_new(self, notice: Notice) -> bool:
        return notice.read_at is None

    def get_url(self, notice: Notice) -> str:
        return absolute(request_path(notice.request_number))


class NoticeFilter(django_filters.FilterSet):
    """Filters of the inbox, which are combined."""

    is_new = django_filters.BooleanFilter(field_name="read_at", lookup_expr="isnull", help_text="true or false.")
    kind = django_filters.MultipleChoiceFilter(choices=Kind.choices, help_text="May be given several times.")
    number = django_filters.NumberFilter(
        field_name="request_number", min_value=0, max_value=LARGEST, decimal_places=0, help_text="Of a promote request."
    )

    class Meta:
        model = Notice
        fields: ClassVar[list[str]] = []


class InboxView(ApiView, ListAPIView):
    """What the caller is told."""

    queryset = Notice.objects.all()
    serializer_class = NoticeSerializer
    filter_backends = (StrictFilterBackend,)
    filterset_class = NoticeFilter

    @override
    def get_queryset(self) -> QuerySet:
        return Notice.objects.filter(reader=self.request.user.pk)

    @schema.operation("List the inbox", responses={200: NoticeSerializer(many=True)}, errors=(400,))
    @override
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Lists what the caller is told, the newest first. Read notices are kept for 30 days, new ones for 90."""
        return self.list(request, *args, **kwargs)


class ReadSerializer(StrictSerializer):
    """The body that marks notices as read; an empty one marks all."""

    numbers = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=LARGEST),
        required=False,
        max_length=1_000,
        help_text="Of promote requests; left out for all.",
    )
    up_to = serializers.IntegerField(
        required=False, min_value=0, max_value=LARGEST, help_text="The id of the last notice that was looked at."
    )


class MarkedSerializer(serializers.Serializer):
    """What came of it."""

    marked = serializers.IntegerField(help_text="Notices that were new and are no more.")
    for_you = serializers.IntegerField(
        help_text="Requests that still wait for the caller or have something new; above 100 there are more than these."
    )


class InboxReadView(ApiView):
    """Marking as read."""

    @schema.operation(
        "Mark as read",
        operation_id="inbox_read",
        request=ReadSerializer,
        responses={200: MarkedSerializer},
        errors=(400,),
    )
    def post(self, request: Request) -> Response:
        """Marks the caller's notices as read: of some requests or of all, at most up to a notice."""
        values = checked(ReadSerializer, request.data)
        marked = mark_read(
            actor=actor_of(request, Door.API), numbers=values.get("numbers"), up_to=values.get("up_to", LARGEST)
        )
        person = User(pk=request.user.pk)
        return Response({"marked": marked, "for_you": inbox.for_you(person)})
