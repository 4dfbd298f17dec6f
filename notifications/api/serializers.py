"""What the API takes and shows of webhooks."""

from typing import Any, ClassVar

from rest_framework import serializers

from foundation.api.inputs import StrictSerializer, one_of
from notifications.choices import Event, Format
from notifications.models import Delivery, Webhook

_EVENTS = f"Names, or `*` alone; none for all: {', '.join(Event.values)}."


class NewWebhookSerializer(StrictSerializer):
    """The body that makes a webhook."""

    url = serializers.CharField(help_text="http or https.")
    events = serializers.ListField(child=serializers.CharField(), required=False, help_text=_EVENTS)
    model_pattern = serializers.CharField(required=False, help_text="A glob that ignores case: fraud-*.")
    description = serializers.CharField(required=False, allow_blank=True)
    format = one_of(Format, required=False, help_text="checkpoint (the default), slack or teams.")


class WebhookChangesSerializer(NewWebhookSerializer):
    """The body that changes a webhook; what is left out stays as it is."""

    url = serializers.CharField(required=False)
    is_active = serializers.BooleanField(required=False)


class WebhookSerializer(serializers.ModelSerializer):
    """A webhook, without its secret."""

    owner = serializers.CharField(source="owner.username", read_only=True)

    class Meta:
        model = Webhook
        fields: ClassVar = [
            "id",
            "url",
            "format",
            "events",
            "model_pattern",
            "description",
            "owner",
            "is_active",
            "failures",
            "paused_until",
            "former_until",
            "created_at",
        ]
        read_only_fields = fields


class WebhookWithSecretSerializer(WebhookSerializer):
    """A webhook with its secret, which is told once."""

    secret = serializers.SerializerMethodField()

    class Meta(WebhookSerializer.Meta):
        fields: ClassVar = [*WebhookSerializer.Meta.fields, "secret"]
        read_only_fields = fields

    def get_secret(self, webhook: Webhook) -> str:
        return str(self.context["secret"])


class DeliverySerializer(serializers.ModelSerializer):
    """A delivery: what was sent, and what came of the last attempt."""

    id = serializers.UUIDField(source="uid", read_only=True)
    status = serializers.CharField(source="state", read_only=True, help_text="waiting, done or dead.")
    number = serializers.IntegerField(source="request_number", read_only=True, allow_null=True)
    next_attempt_at = serializers.SerializerMethodField()
    request = serializers.SerializerMethodField()
    response = serializers.SerializerMethodField()

    class Meta:
        model = Delivery
        fields: ClassVar = [
            "id",
            "event",
            "number",
            "status",
            "attempts",
            "error",
            "created_at",
            "attempted_at",
            "next_attempt_at",
            "milliseconds",
            "request",
            "response",
        ]
        read_only_fields = fields

    def get_next_attempt_at(self, delivery: Delivery) -> str | None:
        return delivery.due_at.isoformat() if delivery.state == "waiting" else None

    def get_request(self, delivery: Delivery) -> dict[str, Any]:
        return {"headers": delivery.request_headers, "body": delivery.body}

    def get_response(self, delivery: Delivery) -> dict[str, Any] | None:
        if delivery.answer_status is None:
            return None
        return {
            "status": delivery.answer_status,
            "headers": delivery.answer_headers,
            "body": delivery.answer_body,
        }
