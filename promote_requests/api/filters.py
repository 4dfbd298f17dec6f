"""Which promote requests and audit rows a list shows. A parameter that nobody knows is refused, not ignored."""

from typing import Any, ClassVar

import django_filters
from django.db.models import QuerySet
from django_filters.rest_framework import DjangoFilterBackend
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.views import APIView

from promote_requests import services
from promote_requests.choices import AuditAction, ReviewDecision, Status
from promote_requests.exceptions import InvalidInput
from promote_requests.models import AuditEvent, PromoteRequest
from promote_requests.querysets import AppendOnlyQuerySet, PromoteRequestQuerySet
from promote_requests.search import MAX_LENGTH, REVIEWS, Search, find, in_state
from promote_requests.workspaces import canonical_workspace

_REVIEW_WORDS = {str(decision): word for word, decision in REVIEWS.items()}


class StrictFilterBackend(DjangoFilterBackend):
    """Refuses query parameters that the list does not know: a misspelt filter must not return everything."""

    def filter_queryset(self, request: Request, queryset: QuerySet, view: APIView) -> QuerySet:
        """Returns the rows asked for; ValidationError names each unknown or wrong parameter."""
        known = {*view.filterset_class.base_filters, "page", "page_size"}  # type: ignore[attr-defined]
        unknown = sorted(set(request.query_params) - known)
        if unknown:
            hint = f"Unknown parameter. Known: {', '.join(sorted(known))}."
            raise ValidationError({name: [hint] for name in unknown})
        found: QuerySet = super().filter_queryset(request, queryset, view)
        return found


class PromoteRequestFilter(django_filters.FilterSet):
    """Filters that are combined; each name means what the same word means in the search box of the page.

    `review_decision` is computed, so it looks at each open request that matches the rest.
    """

    status = django_filters.MultipleChoiceFilter(choices=Status.choices, help_text="May be given several times.")
    model_name = django_filters.CharFilter(help_text="The whole name, in any case.")
    version = django_filters.CharFilter()
    author = django_filters.CharFilter(help_text="A user name; @me stands for the caller.")
    target = django_filters.CharFilter(help_text="For example stage:Production, or only Production.")
    workspace = django_filters.CharFilter(help_text="MLflow's workspace.")
    search = django_filters.CharFilter(
        max_length=MAX_LENGTH, help_text="Words, and terms such as model:Fraud, as in the page's search box."
    )
    review_decision = django_filters.ChoiceFilter(choices=ReviewDecision.choices, help_text="Of open requests.")
    ordering = django_filters.OrderingFilter(fields=["number", "created_at", "updated_at"])

    class Meta:
        model = PromoteRequest
        fields: ClassVar = ["status", "model_name", "version", "author", "target", "workspace"]

    def filter_queryset(self, queryset: PromoteRequestQuerySet) -> PromoteRequestQuerySet:
        """Returns the matching requests in a stable order."""
        wanted = self.form.cleaned_data
        asked = self._search(wanted)
        found = find(asked, viewer=self.request.user, rules=services.enabled_rules())
        found = in_state(found, asked.terms.get("is", ""))
        if wanted["status"]:
            found = found.filter(status__in=wanted["status"])
        if wanted["workspace"]:
            found = found.filter(workspace=canonical_workspace(wanted["workspace"]))
        return found.order_by(*(wanted["ordering"] or []), "-number")

    @staticmethod
    def _search(wanted: dict[str, Any]) -> Search:
        typed = Search.parse(wanted["search"] or "")
        if typed.problems:
            raise InvalidInput(" ".join(typed.problems), field="search")
        return typed.having(
            **{
                term: value
                for term, value in {
                    "model": wanted["model_name"],
                    "version": wanted["version"],
                    "author": wanted["author"],
                    "target": wanted["target"],
                    "review": _REVIEW_WORDS.get(wanted["review_decision"], ""),
                }.items()
                if value
            }
        )


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

    def filter_queryset(self, queryset: AppendOnlyQuerySet) -> AppendOnlyQuerySet:
        """Returns the matching rows, newest first."""
        return super().filter_queryset(queryset).order_by("-at", "-pk")
