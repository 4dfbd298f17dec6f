"""Protection rules: edited here, written by the service, so that no change is without its audit row."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from promote_requests import permissions, services
from promote_requests.admin.caller import actor_of, request_id_of
from promote_requests.admin.refusals import RecordsRefusals
from promote_requests.exceptions import PromoteRequestError
from promote_requests.models import PromoteRequest, ProtectionRule
from promote_requests.services import audit

_SHOWN = 20
"""Unfinished requests that a rule's page names."""


@admin.register(ProtectionRule)
class ProtectionRuleAdmin(RecordsRefusals, admin.ModelAdmin):
    """Edits rules through the service."""

    list_display = (
        "target_pattern",
        "model_pattern",
        "workspace_pattern",
        "required_approvals",
        "promote_when_approved",
        "is_enabled",
        "description",
    )
    list_filter = ("is_enabled", "promote_when_approved", "required_approvals")
    search_fields = ("target_pattern", "model_pattern", "workspace_pattern", "description")
    fields = (*list_display, "covers")
    refusal = permissions.ONLY_RULE_EDITORS
    readonly_fields = ("covers",)

    @admin.display(description="unfinished requests covered")
    def covers(self, rule: ProtectionRule) -> SafeString | str:
        """Returns links to the unfinished requests that the saved rule is about."""
        if rule.pk is None:
            return "Shown once the rule is saved."
        covered = [
            request
            for request in PromoteRequest.objects.unfinished().order_by("-number")
            if services.requirement_of(request, [rule]).is_protected
        ]
        links = format_html_join(
            ", ", '<a href="{}">{}</a>', ((request.get_absolute_url(), request) for request in covered[:_SHOWN])
        )
        if len(covered) > _SHOWN:
            return format_html("{} and {} more", links, len(covered) - _SHOWN)
        return links or ("None." if rule.is_enabled else "None: the rule is switched off.")

    def save_model(self, request: HttpRequest, obj: ProtectionRule, form: Any, change: bool) -> None:
        """Saves by the service."""
        services.save_rule(actor=actor_of(request), rule=obj, request_id=request_id_of(request))

    def delete_model(self, request: HttpRequest, obj: ProtectionRule) -> None:
        """Deletes by the service."""
        services.delete_rule(actor=actor_of(request), rule=obj, request_id=request_id_of(request))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[ProtectionRule]) -> None:
        """Deletes each by the service; a refusal is shown and does not stop the others."""
        for rule in queryset:
            try:
                services.delete_rule(actor=actor_of(request), rule=rule, request_id=request_id_of(request))
            except PromoteRequestError as refusal:
                self.message_user(request, f"{rule}: {refusal.message}", messages.ERROR)

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Shows what the service refuses although the form was right: somebody else was faster."""
        try:
            return super().changeform_view(request, *args, **kwargs)
        except PromoteRequestError as refusal:
            return self._back_to_list(request, refusal, attempt="save_rule")

    def delete_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Shows what the service refuses."""
        try:
            return super().delete_view(request, *args, **kwargs)
        except PromoteRequestError as refusal:
            return self._back_to_list(request, refusal, attempt="delete_rule")

    def _back_to_list(self, request: HttpRequest, refusal: PromoteRequestError, *, attempt: str) -> HttpResponse:
        # The transaction that the admin has round its views took the service's row with it.
        audit.record_refusal(refusal, attempt=attempt, actor=actor_of(request), request_id=request_id_of(request))
        self.message_user(request, refusal.message, messages.ERROR)
        return HttpResponseRedirect(reverse("admin:promote_requests_protectionrule_changelist"))
