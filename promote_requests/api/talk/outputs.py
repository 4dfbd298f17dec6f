"""What the API shows of threads."""

from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from promote_requests.api.outputs import CommentSerializer, person
from promote_requests.models import Resolution, Thread


class AnchorStateSerializer(serializers.Serializer):
    """The row of the comparison that a thread is about."""

    kind = serializers.CharField(source="anchor_kind")
    key = serializers.CharField(source="anchor_key")
    value = serializers.CharField(source="anchor_value", help_text="What it said when the thread was opened.")


class ResolutionSerializer(serializers.ModelSerializer):
    """That somebody resolved a thread, or opened it again."""

    by = person("by")

    class Meta:
        model = Resolution
        fields: ClassVar = ["by", "is_resolved", "created_at"]
        read_only_fields = fields


class ThreadSerializer(serializers.ModelSerializer):
    """A thread with all that was said in it, oldest first."""

    opener = person("opener")
    owner = person("owner", allow_null=True)
    anchor = serializers.SerializerMethodField(help_text="Null where it is about the request as a whole.")
    is_resolved = serializers.BooleanField(read_only=True)
    is_overdue = serializers.BooleanField(read_only=True)
    resolutions = ResolutionSerializer(many=True, read_only=True)
    comments = CommentSerializer(many=True, read_only=True)

    class Meta:
        model = Thread
        fields: ClassVar = [
            "id",
            "opener",
            "anchor",
            "is_blocking",
            "is_resolved",
            "owner",
            "due_on",
            "is_overdue",
            "created_at",
            "resolutions",
            "comments",
        ]
        read_only_fields = fields

    @extend_schema_field(AnchorStateSerializer(allow_null=True))
    def get_anchor(self, thread: Thread) -> dict[str, Any] | None:
        return dict(AnchorStateSerializer(thread).data) if thread.anchor_kind else None


class OfferSerializer(serializers.Serializer):
    """Somebody who can be mentioned."""

    name = serializers.CharField()
    kind = serializers.ChoiceField([("person", "person"), ("group", "group")])
    text = serializers.CharField(help_text="What to write.")


class OffersSerializer(serializers.Serializer):
    """Some of those who can be mentioned."""

    results = OfferSerializer(many=True)
