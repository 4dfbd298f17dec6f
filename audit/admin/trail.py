"""The audit trail in the admin: read and searched, never changed."""

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.text import Truncator
from typing_extensions import override

from audit import refused_calls, visibility
from audit.admin.read_only import ReadOnly, RecordInline
from audit.admin.refusals import RecordsRefusals
from audit.admin.times import in_utc
from audit.models import AuditEvent

_AT = in_utc("at")


@admin.register(AuditEvent)
class AuditEventAdmin(RecordsRefusals, ReadOnly, admin.ModelAdmin):
    """Shows what happened, newest first."""

    list_display = (_AT, "actor_name", "action", "subject", "request_number", "short_reason")
    # Not `date_hierarchy`, which computes the month of every row there is.
    list_filter = ("at", "action", "door")
    show_full_result_count = False
    ordering = ("-at", "-pk")
    search_fields = ("actor_name", "model_name", "target", "reason", "request_id")
    search_help_text = "Person, model, target, reason or request id"
    list_per_page = 100
    actions = None
    readonly_fields = (_AT,)
    fields: ClassVar = [
        _AT,
        "actor_name",
        "actor",
        "action",
        "promote_request",
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

    @override
    def get_queryset(self, request: HttpRequest) -> QuerySet[AuditEvent]:
        found: QuerySet[AuditEvent] = super().get_queryset(request)
        return found.exclude(visibility.hidden(request.user.pk))

    @override
    def changelist_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if self.has_view_permission(request):
            refused_calls.end_hours()
        return super().changelist_view(request, *args, **kwargs)

    @admin.display(description="about", ordering="model_name")
    def subject(self, event: AuditEvent) -> str:
        model_version = f"{event.model_name} version {event.version}" if event.version else event.model_name
        return ", ".join(part for part in (model_version, event.target) if part)

    @admin.display(description="request", ordering="promote_request")
    def request_number(self, event: AuditEvent) -> str:
        # The foreign key is the number: no query for the request is needed.
        return f"#{event.promote_request_id}" if event.promote_request_id else ""

    @admin.display(description="why")
    def short_reason(self, event: AuditEvent) -> str:
        return Truncator(event.reason).chars(80)


class AuditEventInline(RecordInline):
    """What happened to a request."""

    model = AuditEvent
    fields = readonly_fields = (
        in_utc("at"),
        "actor_name",
        "action",
        "from_status",
        "to_status",
        "reason",
        "door",
        "request_id",
    )
    verbose_name_plural = "audit trail"
