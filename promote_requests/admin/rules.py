"""Protection rules in the admin, saved by the service, so that every change leaves an audit row."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.decorators import method_decorator
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.views.decorators.http import require_POST
from typing_extensions import override

from audit import trail
from audit.actors import Door, actor_of
from audit.admin.lookups import SearchesNoJson
from audit.admin.refusals import RecordsRefusals
from foundation.exceptions import CheckpointError
from foundation.words import listed
from promote_requests import services
from promote_requests.admin.meanwhile import SAVED, told_of_change, warn
from promote_requests.admin.trying import try_gates
from promote_requests.models import PromoteRequest
from protection import insights, rules
from protection.forms.moves import MOVES
from protection.forms.rules import CONDITION_FIELDS, COVERS, FOLLOWS, RuleForm
from protection.matching import Rulebook
from protection.models import ProtectionRule
from protection.permissions import only_editors_of

_SHOWN = 20
"""The most unfinished requests that a rule's page names."""


class _AdminRuleForm(RuleForm):  # type: ignore[misc, valid-type]
    """The form in the admin, which says at once that somebody else was faster: what was typed stays."""

    @override
    def clean(self) -> dict[str, Any]:
        values: dict[str, Any] = super().clean()
        told_of_change(self, rules.changed_meanwhile)
        return values


@admin.register(ProtectionRule)
class ProtectionRuleAdmin(RecordsRefusals, SearchesNoJson, admin.ModelAdmin):
    """Edits rules by the service."""

    list_display = (
        "target_pattern",
        "model_pattern",
        "workspace_pattern",
        "asks_for",
        "promote_when",
        "enforcement",
        "description",
    )
    list_filter = ("enforcement", "promote_when")
    search_fields = ("target_pattern", "model_pattern", "workspace_pattern", "description")
    form = _AdminRuleForm
    refusal = only_editors_of(ProtectionRule)
    readonly_fields = ("covers", "forecast")

    @override
    def get_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return (*COVERS, *CONDITION_FIELDS, *MOVES, *FOLLOWS, "forecast", "covers", "seen_version")

    @admin.display(description="asks for")
    def asks_for(self, rule: ProtectionRule) -> str:
        return listed([str(condition) for condition in rule.asked])

    @admin.display(description="what it would do")
    def forecast(self, rule: ProtectionRule) -> str:
        """Says what a saved rule that is only evaluated would have refused lately, so that nobody is surprised."""
        if rule.pk is None:
            return "Evaluate it for a while, and this says what it would have refused."
        return insights.forecast(rule) if not rule.is_active else "It is enforced: see what it did on its page."

    @admin.display(description="undecided requests covered")
    def covers(self, rule: ProtectionRule) -> SafeString | str:
        """Returns links to the requests that the saved rule covers and that are not decided yet."""
        if rule.pk is None:
            return "Shown once the rule is saved."
        if not rule.is_active:
            return "None: the rule is not enforced."
        covered = [
            request
            for request in PromoteRequest.objects.undecided().submitted().order_by("-number")
            if services.requirement_of(request, Rulebook((rule,))).is_protected
        ]
        links = format_html_join(
            ", ", '<a href="{}">{}</a>', ((request.get_absolute_url(), request) for request in covered[:_SHOWN])
        )
        if len(covered) > _SHOWN:
            return format_html("{} and {} more", links, len(covered) - _SHOWN)
        return links or "None."

    @override
    def get_urls(self) -> list[URLPattern]:
        trying = path("try/", self.admin_site.admin_view(self.try_view), name="protection_protectionrule_try")
        return [trying, *super().get_urls()]

    @method_decorator(require_POST)
    def try_view(self, request: HttpRequest) -> HttpResponse:
        """Measures the gates of the form on a version; saves nothing."""
        if not (self.has_add_permission(request) or self.has_change_permission(request)):
            raise PermissionDenied(self.refusal)
        tried = try_gates(request.POST.dict())
        context = {**self.admin_site.each_context(request), "title": "Gates tried", "tried": tried, "opts": self.opts}
        status = tried.failure.status if tried.failure else 200
        return TemplateResponse(request, "admin/protection/protectionrule/tried.html", context, status=status)

    @override
    def save_model(self, request: HttpRequest, obj: ProtectionRule, form: Any, change: bool) -> None:
        rules.save_rule(actor=actor_of(request, Door.ADMIN), rule=obj)
        setattr(request, SAVED, obj)

    @override
    def delete_model(self, request: HttpRequest, obj: ProtectionRule) -> None:
        rules.delete_rule(actor=actor_of(request, Door.ADMIN), rule=obj)

    @override
    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[ProtectionRule]) -> None:
        """Deletes each rule; a refusal is shown and does not stop the others."""
        for rule in queryset:
            try:
                rules.delete_rule(actor=actor_of(request, Door.ADMIN), rule=rule)
            except CheckpointError as refusal:
                self.message_user(request, f"{rule}: {refusal.message}", messages.ERROR)

    @override
    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Shows what the service refuses although the form was valid, because somebody else was faster."""
        try:
            response = super().changeform_view(request, *args, **kwargs)
            warn(request)
            return response
        except CheckpointError as refusal:
            return self._back_to_list(request, refusal, attempt="save rule")

    @override
    def delete_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return super().delete_view(request, *args, **kwargs)
        except CheckpointError as refusal:
            return self._back_to_list(request, refusal, attempt="delete rule")

    def _back_to_list(self, request: HttpRequest, refusal: CheckpointError, *, attempt: str) -> HttpResponse:
        # The admin runs its views in a transaction, whose rollback has taken the service's row with it.
        trail.record_refusal(refusal, attempt=attempt, actor=actor_of(request, Door.ADMIN))
        self.message_user(request, refusal.message, messages.ERROR)
        return HttpResponseRedirect(reverse("admin:protection_protectionrule_changelist"))
