"""Promote requests in the admin: read there, approved and closed in bulk, never edited."""

from collections.abc import Callable
from typing import Any, ClassVar

from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import PermissionDenied
from django.db.models import DateTimeField, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.decorators import method_decorator
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.views.decorators.http import require_POST
from typing_extensions import override

from accounts.identity.confirmation import only_looks
from audit.admin.lookups import SearchesNoJson
from audit.admin.read_only import ReadOnly
from audit.admin.refusals import RecordsRefusals
from audit.admin.times import in_utc
from audit.admin.trail import AuditEventInline
from foundation.exceptions import CheckpointError
from promote_requests import services
from promote_requests.admin import bulk, dates, desk
from promote_requests.admin.filters import Authors, Labels, ToDo
from promote_requests.admin.inlines import CommentInline, ReviewInline
from promote_requests.choices import Status
from promote_requests.models import PromoteRequest
from promote_requests.pages.shown.looking import Look
from promote_requests.pages.talk.answers import words_typed
from promote_requests.querysets import PromoteRequestQuerySet
from promote_requests.services.gating import UNFINISHED
from promote_requests.templatetags.pages import ago, wrappable
from protection.rulebook import rulebook

_TIMES = {field.name: in_utc(field.name) for field in PromoteRequest._meta.fields if isinstance(field, DateTimeField)}
_HIDDEN = frozenset({"gate_results"})
"""JSON that the desk shows in words."""


@admin.register(PromoteRequest)
class PromoteRequestAdmin(RecordsRefusals, ReadOnly, SearchesNoJson, admin.ModelAdmin):
    """Lists and shows requests. The actions need no permission of the admin: the services decide who may do what."""

    list_display = (
        *(
            "__str__",
            "model_version",
            "where",
            "missing",
            "decision",
            "champion",
            "status",
            "author",
            "labelled",
            "age",
        ),
    )
    list_filter = (ToDo, "status", "created_at", "target_kind", "change", Labels, ("author", Authors))
    list_per_page = bulk.LIMIT
    list_max_show_all = bulk.LIMIT
    show_full_result_count = False
    date_hierarchy = dates.FIELD
    ordering = ("-number",)
    search_fields = ("title", "description", "model_name", "target_name", "author__username")
    search_help_text = "Title, description, model, target or author"
    actions = ("approve_selected", "close_selected")
    inlines = (ReviewInline, CommentInline, AuditEventInline)
    view_on_site = False
    fields: ClassVar = [
        "review_page",
        "decision",
        *(_TIMES.get(field.name, field.name) for field in PromoteRequest._meta.fields if field.name not in _HIDDEN),
    ]
    readonly_fields = ("review_page", "decision", *_TIMES.values())

    @override
    def get_queryset(self, request: HttpRequest) -> QuerySet[PromoteRequest]:
        """Leaves out drafts of others, which are not for anybody's eyes yet."""
        found = dates.DatedQuerySet(PromoteRequest).order_by(*self.get_ordering(request))
        return found.visible_to(request.user.pk).for_rows()

    @override
    def get_changelist_instance(self, request: HttpRequest) -> ChangeList:
        """Computes the review decisions of the page's rows, with the rules loaded once."""
        changelist = super().get_changelist_instance(request)
        rules = rulebook()
        for promote_request in changelist.result_list:
            promote_request.shown_decision = services.decision_of(promote_request, rules)
        return changelist

    @override
    def get_urls(self) -> list[URLPattern]:
        review = path(
            "<path:object_id>/review/",
            self.admin_site.admin_view(self.review_view),
            name="promote_requests_promoterequest_review",
        )
        now = path(
            "<path:object_id>/now/",
            self.admin_site.admin_view(self.now_view),
            name="promote_requests_promoterequest_now",
        )
        act = path(
            "<path:object_id>/act/",
            self.admin_site.admin_view(self.act_view),
            name="promote_requests_promoterequest_act",
        )
        return [review, now, act, *super().get_urls()]

    @override
    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Shows the desk without waiting for MLflow, and folded below it every field as it is stored."""
        return self._desk(request, object_id, form_url, extra_context, look=Look.KEPT)

    @only_looks
    @method_decorator(require_POST)
    def now_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Shows the desk with the facts as MLflow has them now; it sends this as soon as it is there."""
        request.method = "GET"  # nothing is saved; POST only keeps the tokens of the forms from scripts of others
        return self._desk(request, object_id, look=Look.at_present(request))

    def _desk(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
        *,
        look: Look,
    ) -> HttpResponse:
        shown = self.get_object(request, unquote(object_id))
        if shown is None or not self.has_view_permission(request, shown):
            return super().change_view(request, object_id, form_url, extra_context)
        context = {**desk.context(request, shown, look=look), **(extra_context or {})}
        return super().change_view(request, object_id, form_url, context)

    @method_decorator(require_POST)
    def review_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Judges a request; a refusal is shown on the desk, beside what was typed."""
        return self._done(request, object_id, "review", desk.judge)

    @method_decorator(require_POST)
    def act_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Promotes, closes, withdraws or reopens a request, or dismisses; a refusal is shown on the desk."""
        return self._done(request, object_id, "act", desk.act)

    def _done(
        self,
        request: HttpRequest,
        object_id: str,
        called: str,
        do: Callable[[HttpRequest, PromoteRequest], HttpResponse],
    ) -> HttpResponse:
        found = self.get_object(request, unquote(object_id))
        with self._recording(request, called, unquote(object_id)):
            if found is None or not self.has_view_permission(request, found):
                raise PermissionDenied
        try:
            return do(request, found)
        except CheckpointError as refusal:
            again = self.get_object(request, unquote(object_id)) or found
            shown = desk.context(request, again, failure=refusal, body=words_typed(request))
            request.method = "GET"  # the desk is shown, nothing of it is saved
            response = super().change_view(request, object_id, "", shown)
            response.status_code = refusal.status
            return response

    @admin.display(description="model version", ordering="model_name")
    def model_version(self, promote_request: PromoteRequest) -> str:
        return f"{promote_request.model_name} version {promote_request.version}"

    @admin.display(description="target", ordering="target_name")
    def where(self, promote_request: PromoteRequest) -> SafeString:
        """Returns the target, marked if it is to be removed."""
        removed = " (remove)" if promote_request.change == "remove" else ""
        return wrappable(f"{promote_request.target}{removed}")

    @admin.display(description="review decision")
    def decision(self, promote_request: PromoteRequest) -> str:
        shown = getattr(promote_request, "shown_decision", None) or services.decision_of(promote_request)
        return shown.label

    @admin.display(description="holds it now", ordering="champion_version")
    def champion(self, promote_request: PromoteRequest) -> str:
        """Returns which version holds the target; "" for a decided request, after which anything may have happened."""
        if promote_request.status not in UNFINISHED:
            return ""
        return f"version {promote_request.champion_version}" if promote_request.champion_version else "nobody"

    @admin.display(description="still missing")
    def missing(self, promote_request: PromoteRequest) -> str:
        if promote_request.status != Status.OPEN:
            return ""
        shown = getattr(promote_request, "shown_decision", None) or services.decision_of(promote_request)
        return " ".join(unmet.sentence for unmet in shown.unmet)

    @admin.display(description="labels")
    def labelled(self, promote_request: PromoteRequest) -> str:
        return ", ".join(label.name for label in promote_request.labels.all())

    @admin.display(description="opened", ordering="opened_at")
    def age(self, promote_request: PromoteRequest) -> str:
        """Returns when reviewers got it last; "" for what was a draft only."""
        return "" if promote_request.is_private else ago(promote_request.opened_at)

    @admin.display(description="review page")
    def review_page(self, promote_request: PromoteRequest) -> SafeString:
        """Returns a link to the request's page."""
        return format_html('<a href="{}">Open</a>', promote_request.get_absolute_url())

    @admin.action(description="Approve selected requests", permissions=["view"])
    def approve_selected(self, request: HttpRequest, queryset: PromoteRequestQuerySet) -> TemplateResponse | None:
        return bulk.approve(self, request, queryset)

    @admin.action(description="Close selected requests", permissions=["view"])
    def close_selected(self, request: HttpRequest, queryset: PromoteRequestQuerySet) -> TemplateResponse | None:
        return bulk.close(self, request, queryset)
