"""The audit trail in the API, read-only."""

from typing import Any, ClassVar

import django_filters
from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.generics import ListAPIView
from rest_framework.permissions import BasePermission, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView
from typing_extensions import override

from audit import refused_calls, visibility
from audit.append_only import AppendOnlyQuerySet
from audit.choices import AuditAction
from audit.models import AuditEvent
from foundation.api import schema
from foundation.api.filters import StrictFilterBackend
from foundation.api.views import ApiView


class AuditEventSerializer(serializers.ModelSerializer):
    """A row of the audit trail; `actor` is the name at the time."""

    actor = serializers.CharField(source="actor_name", read_only=True)
    number = serializers.IntegerField(source="promote_request_id", allow_null=True, read_only=True)

    class Meta:
        model = AuditEvent
        fields: ClassVar = [
            "id",
            "at",
            "actor",
            "action",
            "number",
            "workspace",
            "model_name",
            "version",
            "target",
            "from_status",
            "to_status",
            "reason",
            "door",
            "request_id",
        ]
        read_only_fields = fields


class AuditEventFilter(django_filters.FilterSet):
    """Filters of the audit trail, newest rows first."""

    number = django_filters.NumberFilter(
        field_name="promote_request_id", help_text="Of the promote request.", min_value=1, max_value=2**63 - 1
    )
    model_name = django_filters.CharFilter(field_name="model_name")
    actor = django_filters.CharFilter(field_name="actor_name")
    action = django_filters.MultipleChoiceFilter(choices=AuditAction.choices)
    since = django_filters.IsoDateTimeFilter(field_name="at", lookup_expr="gte", help_text="A time, ISO 8601.")
    until = django_filters.IsoDateTimeFilter(field_name="at", lookup_expr="lt", help_text="A time, ISO 8601.")

    class Meta:
        model = AuditEvent
        fields: ClassVar = ["number", "model_name", "actor", "action"]

    @override
    def filter_queryset(self, queryset: AppendOnlyQuerySet) -> AppendOnlyQuerySet:
        return super().filter_queryset(queryset).order_by("-at", "-pk")


class MayReadAuditTrail(BasePermission):
    """Asks for the same permission as the admin's audit trail, because the trail shows everybody's refused calls."""

    message = "Only people with the permission to view audit events may read the audit trail."

    @override
    def has_permission(self, request: Request, view: APIView) -> bool:
        return request.user.has_perm("audit.view_auditevent")


class AuditEventsView(ApiView, ListAPIView):
    """The audit trail."""

    queryset = AuditEvent.objects.all()
    serializer_class = AuditEventSerializer
    permission_classes = (IsAuthenticated, MayReadAuditTrail)
    filter_backends = (StrictFilterBackend,)
    filterset_class = AuditEventFilter

    @override
    def get_queryset(self) -> QuerySet[AuditEvent]:
        return super().get_queryset().exclude(visibility.hidden(self.request.user.pk))

    @schema.operation("Read the audit trail", responses={200: AuditEventSerializer(many=True)}, errors=(400,))
    @override
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Lists what happened, the newest first, for people who may view audit events."""
        refused_calls.end_hours()
        return self.list(request, *args, **kwargs)
