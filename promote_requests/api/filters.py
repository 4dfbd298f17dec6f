"""The filters of the list of promote requests. An unknown parameter is refused, not ignored."""

from typing import Any, ClassVar

import django_filters
from typing_extensions import override

from foundation.exceptions import InvalidInput
from promote_requests.choices import ReviewDecision, Status
from promote_requests.models import PromoteRequest
from promote_requests.querysets import PromoteRequestQuerySet
from promote_requests.search import MAX_LENGTH, REVIEWS, Search, find, in_state, read_once
from protection.rulebook import rulebook
from registry.workspaces import canonical_workspace

_REVIEW_WORDS = {str(decision): word for word, decision in REVIEWS.items()}


class PromoteRequestFilter(django_filters.FilterSet):
    """Filters that are combined; each means the same as the word of that name in the page's search box.

    `review_decision` is computed for each open request that matches the other filters.
    """

    status = django_filters.MultipleChoiceFilter(choices=Status.choices, help_text="May be given several times.")
    model_name = django_filters.CharFilter(help_text="The whole name, in any case.")
    version = django_filters.CharFilter()
    author = django_filters.CharFilter(help_text="A user name; @me stands for the caller.")
    target = django_filters.CharFilter(help_text="For example stage:Production, or only Production.")
    workspace = django_filters.CharFilter(help_text="MLflow's workspace.")
    label = django_filters.CharFilter(max_length=50, help_text="The whole name of a label, in any case.")
    search = django_filters.CharFilter(
        max_length=MAX_LENGTH, help_text="Words, and terms such as model:Fraud, as in the page's search box."
    )
    review_decision = django_filters.ChoiceFilter(choices=ReviewDecision.choices, help_text="Of open requests.")
    ordering = django_filters.OrderingFilter(fields=["number", "created_at", "updated_at"])

    class Meta:
        model = PromoteRequest
        fields: ClassVar = ["status", "model_name", "version", "author", "target", "workspace"]

    @override
    def filter_queryset(self, queryset: PromoteRequestQuerySet) -> PromoteRequestQuerySet:
        wanted = self.form.cleaned_data
        asked = self._search(wanted)
        found = find(asked, viewer=self.request.user, rules=rulebook())
        found = in_state(found, asked.terms.get("is", ""))
        if wanted["status"]:
            found = found.filter(status__in=wanted["status"])
        if wanted["workspace"]:
            found = found.filter(workspace=canonical_workspace(wanted["workspace"]))
        if asked.words:
            found = read_once(found)
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
                    "label": wanted["label"],
                    "review": _REVIEW_WORDS.get(wanted["review_decision"], ""),
                }.items()
                if value
            }
        )
