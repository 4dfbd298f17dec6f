"""What the API shows of one promote request beyond what a list shows: it costs queries of its own."""

from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from promote_requests import services
from promote_requests.api.outputs import PromoteRequestSerializer, person
from promote_requests.models import PromoteRequest
from promote_requests.services.ruling import readable
from protection.asked.questions import AnswerType


class AnswerSerializer(serializers.Serializer):
    """An answer; a later one of the same person replaces it."""

    answer = serializers.CharField()
    answered_by = person("answered_by")
    created_at = serializers.DateTimeField()
    review = serializers.IntegerField(source="review_id", allow_null=True, help_text="Null: by the author.")


class QuestionSerializer(serializers.Serializer):
    """A question of the rules; `groups` are asked in their reviews, the author where there is none."""

    key = serializers.CharField()
    question = serializers.CharField()
    type = serializers.ChoiceField([(kind.value, kind.name) for kind in AnswerType])
    choices = serializers.ListField(child=serializers.CharField())
    groups = serializers.ListField(child=serializers.CharField())
    required = serializers.CharField(  # type: ignore[assignment]
        help_text="The only answer that lets it pass; empty where any does."
    )
    answers = AnswerSerializer(many=True)


class DetailedPromoteRequestSerializer(PromoteRequestSerializer):
    """A promote request with what a reader should know of its rules."""

    impossible = serializers.SerializerMethodField(help_text="Why nobody can meet its rules, as sentences.")
    rule_changes_by_author = serializers.SerializerMethodField(
        help_text="What its author changed in its rules while it was undecided, as sentences."
    )

    questions = serializers.SerializerMethodField(help_text="What the rules ask, and what was answered.")

    class Meta(PromoteRequestSerializer.Meta):
        fields: ClassVar = [
            *PromoteRequestSerializer.Meta.fields,
            "impossible",
            "rule_changes_by_author",
            "questions",
        ]
        read_only_fields = fields

    def get_impossible(self, promote_request: PromoteRequest) -> list[str]:
        requirement = services.requirement_of(promote_request, self.context["rules"])
        return services.made_impossible(promote_request, requirement)

    @extend_schema_field(QuestionSerializer(many=True))
    def get_questions(self, promote_request: PromoteRequest) -> list[dict[str, Any]]:
        requirement = services.requirement_of(promote_request, self.context["rules"])
        return [
            {
                "key": question.key,
                **{name: value for name, value in question.as_json().items() if name != "groups"},
                "groups": [group.name for group in question.groups],
                "answers": AnswerSerializer(
                    [given for given in readable(promote_request.answers.all()) if given.question_key == question.key],
                    many=True,
                ).data,
            }
            for question in requirement.questions
        ]

    def get_rule_changes_by_author(self, promote_request: PromoteRequest) -> list[str]:
        return services.changes_by_the_author(promote_request)
