"""What the API accepts for threads; the services check what the values mean."""

from rest_framework import serializers

from foundation.api.inputs import QuerySerializer, StrictSerializer, one_of
from promote_requests.choices import AnchorKind


class AnchorSerializer(StrictSerializer):
    """A row of the comparison."""

    kind = one_of(AnchorKind)
    key = serializers.CharField(
        trim_whitespace=False, help_text="The row's name as the comparison has it; of a prompt the line."
    )


class NewThreadSerializer(StrictSerializer):
    """A thread to open."""

    body = serializers.CharField(allow_blank=True, help_text="Markdown. `@name` and `@group:name` mention people.")
    anchor = AnchorSerializer(required=False, allow_null=True, default=None)
    is_blocking = serializers.BooleanField(default=False, help_text="Stops the promotion where a rule asks for it.")
    owner = serializers.CharField(
        allow_blank=True, default="", help_text="Makes it a follow-up: the user name of who sees to it."
    )
    due_on = serializers.DateField(allow_null=True, default=None, help_text="The last day of a follow-up, UTC.")


class MentionSearchSerializer(QuerySerializer):
    """What was typed of a name."""

    search = serializers.CharField(allow_blank=True, default="", max_length=150)
