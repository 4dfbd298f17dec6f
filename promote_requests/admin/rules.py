"""Protection rules in the admin, saved by the service, so that every change leaves an audit row."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.models import Group
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
from audit.admin.refusals import RecordsRefusals
from foundation.exceptions import CheckpointError, InvalidInput
from foundation.words import listed
from promote_requests import services
from promote_requests.admin.trying import try_gates
from promote_requests.models import PromoteRequest
from protection import insights, rules
from protection.conditions import CONDITIONS
from protection.conditions.approvals import FEWEST, MOST
from protection.matching import Rulebook
from protection.models import ProtectionRule
from protection.moves import MOST_DAYS, Moves
from protection.people import named, resolved
from protection.permissions import ONLY_RULE_EDITORS

_SHOWN = 20
"""The most unfinished requests that a rule's page names."""


CONDITION_FIELDS = {key: field for key, kind in CONDITIONS.items() if (field := kind.form_field()) is not None}
"""{condition: the form's field for its settings}."""


class _RuleForm(forms.ModelForm):
    """A rule with a field for each condition's settings."""

    class Meta:
        model = ProtectionRule
        fields = (
            "description",
            "target_pattern",
            "model_pattern",
            "workspace_pattern",
            "promote_when",
            "on_direct_write",
            "enforcement",
        )

    promoter_groups = forms.ModelMultipleChoiceField(
        Group.objects.order_by("name"),
        label="Groups that may press Promote",
        required=False,
        help_text="None: everybody may. Of several rules each has to be satisfied.",
    )

    rollback_approvals = forms.IntegerField(
        label="Approvals on the way back",
        min_value=FEWEST,
        max_value=MOST,
        required=False,
        help_text="Of a request that puts back a version which had met the rule before; then no time has to pass, "
        "either. Empty: as for every request.",
    )
    glass_consent = forms.BooleanField(
        label="A second person has to consent before the glass is broken",
        required=False,
        help_text="Somebody else than the author and whoever breaks it, with the same permission.",
    )
    re_review_days = forms.IntegerField(
        label="Days until a champion is reviewed again",
        min_value=1,
        max_value=MOST_DAYS,
        required=False,
        help_text="Empty: never.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        said = self.instance.parsed_moves
        self.initial.setdefault("rollback_approvals", said.rollback_approvals)
        self.initial.setdefault("glass_consent", said.needs_consent)
        self.initial.setdefault("re_review_days", said.re_review_days)
        self.initial.setdefault("promoter_groups", [group.pk for group in self.instance.parsed_promoters])
        conditions = named(self.instance.conditions)
        for key in CONDITION_FIELDS.keys() & self.fields.keys():
            self.initial.setdefault(key, conditions.get(key))

    @override
    def clean(self) -> dict[str, Any]:
        """Puts the settings together into the rule's document, which the model then checks."""
        values: dict[str, Any] = super().clean() or {}
        others = {key: value for key, value in self.instance.conditions.items() if key not in CONDITION_FIELDS}
        settings = {key: values[key] for key in CONDITION_FIELDS if values.get(key) not in (None, "", False, [], {})}
        try:
            self.instance.conditions = {**others, **resolved(settings)}
        except InvalidInput as wrong:
            self.add_error(wrong.field, wrong.message)
        self.instance.moves = Moves(
            values.get("rollback_approvals"), bool(values.get("glass_consent")), values.get("re_review_days")
        ).as_document()
        promoters = values.get("promoter_groups") or []
        self.instance.promoters = [{"id": group.pk, "name": group.name} for group in promoters]
        return values


RuleForm = type("RuleForm", (_RuleForm,), dict(CONDITION_FIELDS))
"""The form with the conditions' fields declared, so that Django's admin knows them."""


@admin.register(ProtectionRule)
class ProtectionRuleAdmin(RecordsRefusals, admin.ModelAdmin):
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
    form = RuleForm
    refusal = ONLY_RULE_EDITORS
    readonly_fields = ("covers", "forecast")

    @override
    def get_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        patterns = ("description", "target_pattern", "model_pattern", "workspace_pattern")
        moves = ("rollback_approvals", "glass_consent", "re_review_days")
        policy = ("promote_when", "promoter_groups", "on_direct_write", "enforcement", "forecast", "covers")
        return (*patterns, *CONDITION_FIELDS, *moves, *policy)

    @admin.display(description="asks for")
    def asks_for(self, rule: ProtectionRule) -> str:
        return listed([str(condition) for condition in rule.parsed_conditions])

    @admin.display(description="what it would do")
    def forecast(self, rule: ProtectionRule) -> str:
        """Says what a saved rule that is only evaluated would have refused lately, so that nobody is surprised."""
        if rule.pk is None:
            return "Evaluate it for a while, and this says what it would have refused."
        return insights.forecast(rule) if not rule.is_active else "It is enforced: see what it did on its page."

    @admin.display(description="unfinished requests covered")
    def covers(self, rule: ProtectionRule) -> SafeString | str:
        """Returns links to the unfinished requests that the saved rule covers."""
        if rule.pk is None:
            return "Shown once the rule is saved."
        if not rule.is_active:
            return "None: the rule is not enforced."
        covered = [
            request
            for request in PromoteRequest.objects.unfinished().order_by("-number")
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
            raise PermissionDenied(ONLY_RULE_EDITORS)
        tried = try_gates(request.POST.dict())
        context = {**self.admin_site.each_context(request), "title": "Gates tried", "tried": tried, "opts": self.opts}
        status = tried.failure.status if tried.failure else 200
        return TemplateResponse(request, "admin/protection/protectionrule/tried.html", context, status=status)

    @override
    def save_model(self, request: HttpRequest, obj: ProtectionRule, form: Any, change: bool) -> None:
        rules.save_rule(actor=actor_of(request, Door.ADMIN), rule=obj)

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
            return super().changeform_view(request, *args, **kwargs)
        except CheckpointError as refusal:
            return self._back_to_list(request, refusal, attempt="save_rule")

    @override
    def delete_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return super().delete_view(request, *args, **kwargs)
        except CheckpointError as refusal:
            return self._back_to_list(request, refusal, attempt="delete_rule")

    def _back_to_list(self, request: HttpRequest, refusal: CheckpointError, *, attempt: str) -> HttpResponse:
        # The admin runs its views in a transaction, whose rollback has taken the service's row with it.
        trail.record_refusal(refusal, attempt=attempt, actor=actor_of(request, Door.ADMIN))
        self.message_user(request, refusal.message, messages.ERROR)
        return HttpResponseRedirect(reverse("admin:protection_protectionrule_changelist"))
