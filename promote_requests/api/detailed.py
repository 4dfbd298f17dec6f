"""What the API shows of one promote request beyond what a list shows: it costs queries of its own."""

from typing import ClassVar

from rest_framework import serializers

from promote_requests import services
from promote_requests.api.outputs import PromoteRequestSerializer
from promote_requests.models import PromoteRequest


class DetailedPromoteRequestSerializer(PromoteRequestSerializer):
    """A promote request with what a reader should know of its rules."""

    impossible = serializers.SerializerMethodField(help_text="Why nobody can meet its rules, as sentences.")
    rule_changes_by_author = serializers.SerializerMethodField(
        help_text="What its author changed in its rules while it was undecided, as sentences."
    )

    class Meta(PromoteRequestSerializer.Meta):
        fields: ClassVar = [*PromoteRequestSerializer.Meta.fields, "impossible", "rule_changes_by_author"]
        read_only_fields = fields

    def get_impossible(self, promote_request: PromoteRequest) -> list[str]:
        requirement = services.requirement_of(promote_request, self.context["rules"])
        return services.made_impossible(promote_request, requirement)

    def get_rule_changes_by_author(self, promote_request: PromoteRequest) -> list[str]:
        return services.changes_by_the_author(promote_request)
