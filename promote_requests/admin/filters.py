"""The filters that an approver begins with."""

from datetime import timedelta
from typing import Any

from django.contrib import admin
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from typing_extensions import override

from promote_requests import inbox
from promote_requests.choices import Status
from promote_requests.models import Label, PromoteRequest

STALE_AFTER = timedelta(days=14)


class ToDo(admin.SimpleListFilter):
    """What waits for the person who looks, and what has waited for long."""

    title = "what to do"
    parameter_name = "todo"

    @override
    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        flagged = ("flagged", "Promoted past the rules, to be reviewed")
        return [("mine", "Waiting for me"), flagged, ("stale", f"Open for {STALE_AFTER.days} days or longer")]

    @override
    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        match self.value():
            case "mine":
                waiting = inbox.waiting_for(request.user)  # type: ignore[arg-type]  # the admin lets nobody else in
                return queryset.filter(pk__in=waiting.values("pk"))
            case "flagged":
                return queryset.filter(is_bypassed=True, reviewed_afterwards_at=None)
            case "stale":
                return queryset.filter(status=Status.OPEN, opened_at__lte=timezone.now() - STALE_AFTER)
        return queryset


class Labels(admin.SimpleListFilter):
    """The labels that requests have."""

    title = "label"
    parameter_name = "label"

    @override
    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(str(pk), name) for pk, name in Label.objects.values_list("pk", "name")]

    @override
    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        wanted = self.value() or ""
        # Any other value is of no label, and Django's list shows everything for it.
        known = {pk for pk, _ in self.lookup_choices}
        return queryset.filter(labels=int(wanted)) if wanted in known else queryset


class Authors(admin.RelatedFieldListFilter):
    """Who made requests, found by the index on authors: Django's own reads every request for it."""

    @override
    def field_choices(self, field: Any, request: HttpRequest, model_admin: Any) -> Any:
        made = PromoteRequest.objects.visible_to(request.user.pk).filter(author=OuterRef("pk"))
        ordering = self.field_admin_ordering(field, request, model_admin)
        return field.get_choices(include_blank=False, limit_choices_to=Q(Exists(made)), ordering=ordering)
