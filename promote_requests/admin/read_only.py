"""Rows that the admin shows and nobody edits there, superusers included."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from promote_requests.admin.times import in_utc
from promote_requests.models import AuditEvent, Comment, Review


class ReadOnly:
    """Mixin for model admins and inlines: no row is added, changed or deleted, whatever rights somebody has."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Returns False."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Returns False."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Returns False."""
        return False


class _RecordInline(ReadOnly, admin.TabularInline):
    extra = 0
    can_delete = False
    people: tuple[str, ...] = ()

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Returns the rows with their people, in one query."""
        return super().get_queryset(request).select_related(*self.people)


class ReviewInline(_RecordInline):
    """A request's reviews."""

    model = Review
    fk_name = "promote_request"
    people = ("reviewer",)
    fields = readonly_fields = (
        in_utc("created_at"),
        "reviewer",
        "verdict",
        "body",
        "champion_version",
        "evidence_fingerprint",
    )


class CommentInline(_RecordInline):
    """A request's comments."""

    model = Comment
    people = ("author",)
    fields = readonly_fields = (in_utc("created_at"), "author", "body")


class AuditEventInline(_RecordInline):
    """What happened to a request."""

    model = AuditEvent
    fields = readonly_fields = (
        in_utc("at"),
        "actor_name",
        "action",
        "from_status",
        "to_status",
        "reason",
        "request_id",
    )
    verbose_name_plural = "audit trail"
