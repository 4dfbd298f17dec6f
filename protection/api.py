"""Protection rules in the API, read-only."""

from typing import Any, ClassVar

from rest_framework import serializers
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from typing_extensions import override

from foundation.api import schema
from foundation.api.views import ApiView
from protection.models import ProtectionRule


class ProtectionRuleSerializer(serializers.ModelSerializer):
    """A protection rule; patterns are globs that ignore case."""

    class Meta:
        model = ProtectionRule
        fields: ClassVar = [
            "id",
            "description",
            "workspace_pattern",
            "model_pattern",
            "target_pattern",
            "conditions",
            "promote_when_approved",
            "is_enabled",
        ]
        read_only_fields = fields


class ProtectionRulesView(ApiView, ListAPIView):
    """The protection rules."""

    queryset = ProtectionRule.objects.all()
    serializer_class = ProtectionRuleSerializer

    @schema.operation("List protection rules", responses={200: ProtectionRuleSerializer(many=True)})
    @override
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Lists every rule, disabled ones included; the admin edits them."""
        return self.list(request, *args, **kwargs)
