"""What the rules did, in the API, read-only."""

from typing import Any, ClassVar

import django_filters
from rest_framework import serializers
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from typing_extensions import override

from foundation.api import schema
from foundation.api.filters import StrictFilterBackend
from foundation.api.views import ApiView
from protection.choices import Outcome
from protection.models import RuleInsight


class RuleInsightSerializer(serializers.ModelSerializer):
    """That a rule judged a direct change or a promotion; the names are those at the time."""

    rule = serializers.IntegerField(source="rule_id", read_only=True)
    actor = serializers.CharField(source="actor_name", read_only=True)
    number = serializers.IntegerField(
        source="promote_request_number", allow_null=True, read_only=True, help_text="Null: a direct change."
    )

    class Meta:
        model = RuleInsight
        fields: ClassVar = [
            "id",
            "at",
            "rule",
            "rule_version",
            "rule_name",
            "outcome",
            "actor",
            "number",
            "workspace",
            "model_name",
            "version",
            "target",
            "reason",
        ]
        read_only_fields = fields


class RuleInsightFilter(django_filters.FilterSet):
    """Filters of the insights."""

    rule = django_filters.NumberFilter(field_name="rule_id", min_value=1, max_value=2**63 - 1)
    actor = django_filters.CharFilter(field_name="actor_name")
    outcome = django_filters.MultipleChoiceFilter(choices=Outcome.choices)
    model_name = django_filters.CharFilter(field_name="model_name")
    since = django_filters.IsoDateTimeFilter(field_name="at", lookup_expr="gte", help_text="A time, ISO 8601.")
    until = django_filters.IsoDateTimeFilter(field_name="at", lookup_expr="lt", help_text="A time, ISO 8601.")

    class Meta:
        model = RuleInsight
        fields: ClassVar = ["rule", "actor", "outcome", "model_name"]


class RuleInsightsView(ApiView, ListAPIView):
    """What the rules did."""

    queryset = RuleInsight.objects.all()
    serializer_class = RuleInsightSerializer
    filter_backends = (StrictFilterBackend,)
    filterset_class = RuleInsightFilter

    @schema.operation("List what the rules did", responses={200: RuleInsightSerializer(many=True)}, errors=(400,))
    @override
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Lists each judged call and promotion by rule, the newest first; rules that are only evaluated included."""
        return self.list(request, *args, **kwargs)
