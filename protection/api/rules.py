"""Protection rules in the API, in the shape that YAML has too (`protection.documents`)."""

from typing import Any

from django.http import Http404
from rest_framework import serializers
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from typing_extensions import override

from audit.actors import Door, actor_of
from foundation.api import schema
from foundation.api.inputs import StrictSerializer, one_of, seen_version, warnings_field
from foundation.api.views import ApiView, checked
from protection import documents, rules
from protection.choices import DirectWrite, Enforcement, PromoteWhen, ServiceDirectWrite
from protection.forms.warnings import pattern_warnings
from protection.models import ProtectionRule


class PromotionSerializer(StrictSerializer):
    """When an approved request is promoted, and which groups may press Promote."""

    when = one_of(PromoteWhen, default=PromoteWhen.APPROVED)
    groups = serializers.ListField(child=serializers.CharField(max_length=150), default=list, max_length=100)


class RuleRollbackSerializer(StrictSerializer):
    """The fast track of a request that puts back a version which had met the rule before."""

    approvals = serializers.IntegerField(min_value=0, max_value=6, help_text="No time has to pass, either.")


class RuleGlassSerializer(StrictSerializer):
    """What has to be before somebody promotes past the rule."""

    consent = serializers.BooleanField(help_text="Whether a second person with the permission has to consent.")


class RuleReReviewSerializer(StrictSerializer):
    """How often a champion is to be reviewed again."""

    days = serializers.IntegerField(min_value=1, max_value=3_650)


class RuleInputSerializer(StrictSerializer):
    """A rule as the API takes it. People and groups are named by their names."""

    description = serializers.CharField(max_length=200, allow_blank=True, required=False)
    workspace_pattern = serializers.CharField(max_length=256, required=False, trim_whitespace=False)
    model_pattern = serializers.CharField(max_length=256, required=False, trim_whitespace=False)
    target_pattern = serializers.CharField(max_length=270, trim_whitespace=False)
    enforcement = one_of(Enforcement, required=False)
    promotion = PromotionSerializer(required=False)
    on_direct_write = one_of(DirectWrite, required=False)
    on_direct_write_by_service_accounts = one_of(ServiceDirectWrite, required=False)
    conditions = serializers.DictField(required=False, help_text="{condition: settings}.")
    rollback = RuleRollbackSerializer(required=False, allow_null=True)
    break_glass = RuleGlassSerializer(required=False, allow_null=True)
    re_review = RuleReReviewSerializer(required=False, allow_null=True)


class RuleChangeSerializer(RuleInputSerializer):
    """What of a rule is to change; `conditions` and `promotion` are replaced as a whole."""

    target_pattern = serializers.CharField(max_length=270, required=False, trim_whitespace=False)
    version = seen_version()


class ProtectionRuleSerializer(serializers.Serializer):
    """A protection rule; patterns are globs that ignore case."""

    id = serializers.IntegerField()
    version = serializers.IntegerField(help_text="Raised by each change.")
    description = serializers.CharField()
    workspace_pattern = serializers.CharField()
    model_pattern = serializers.CharField()
    target_pattern = serializers.CharField()
    enforcement = serializers.ChoiceField(Enforcement.choices)
    promotion = PromotionSerializer()
    on_direct_write = serializers.ChoiceField(DirectWrite.choices)
    on_direct_write_by_service_accounts = serializers.ChoiceField(ServiceDirectWrite.choices)
    conditions = serializers.DictField(help_text="{condition: settings}; people and groups by name.")
    rollback = RuleRollbackSerializer(required=False, help_text="Left out: a way back takes what everything takes.")
    break_glass = RuleGlassSerializer(required=False, help_text="Left out: no consent is needed.")
    re_review = RuleReReviewSerializer(required=False, help_text="Left out: never.")
    warnings = warnings_field()


class RuleVersionSerializer(serializers.Serializer):
    """A rule as it was from one change to the next."""

    version = serializers.IntegerField(source="number")
    rule = serializers.JSONField(source="document", allow_null=True, help_text="Null: it was deleted.")
    changed_by = serializers.CharField(source="changed_by_name")
    changed_at = serializers.DateTimeField(source="created_at")


def _shown(found: list[ProtectionRule]) -> list[dict[str, Any]]:
    return [
        {"id": rule.pk, "version": rule.version, **document}
        for rule, document in zip(found, documents.of_rules(found), strict=True)
    ]


def _saved(rule: ProtectionRule) -> dict[str, Any]:
    return {**_shown([rule])[0], "warnings": pattern_warnings(rule)}


class ProtectionRulesView(ApiView, ListAPIView):
    """The protection rules."""

    queryset = ProtectionRule.objects.all()
    serializer_class = ProtectionRuleSerializer

    @schema.operation("List protection rules", responses={200: ProtectionRuleSerializer(many=True)})
    @override
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Lists every rule, those that are not enforced included."""
        return self.get_paginated_response(_shown(list(self.paginate_queryset(self.get_queryset()) or [])))

    @schema.operation(
        "Add a protection rule", request=RuleInputSerializer, responses={201: ProtectionRuleSerializer}, errors=(400,)
    )
    def post(self, request: Request) -> Response:
        """Adds a rule; what is left out is as in the form: every model, one approval, promoted at once."""
        given = checked(RuleInputSerializer, request.data)
        with documents.wrong_where_it_stands(given):
            rule = documents.filled(ProtectionRule(), given)
            return Response(_saved(rules.save_rule(actor=actor_of(request, Door.API), rule=rule)), status=201)


class ProtectionRuleView(ApiView):
    """One protection rule."""

    @schema.operation("Show a protection rule", responses={200: ProtectionRuleSerializer}, errors=(404,))
    def get(self, request: Request, pk: int) -> Response:
        """Shows the rule."""
        return Response(_shown([_find(pk)])[0])

    @schema.operation(
        "Change a protection rule",
        request=RuleChangeSerializer,
        responses={200: ProtectionRuleSerializer},
        errors=(400, 404, 409),
    )
    def patch(self, request: Request, pk: int) -> Response:
        """Changes what is given; with `version`, only while the rule still has it."""
        given = checked(RuleChangeSerializer, request.data)
        rule = documents.filled(_find(pk), given)
        rule.version = given.get("version", rule.version)
        with documents.wrong_where_it_stands(given):
            return Response(_saved(rules.save_rule(actor=actor_of(request, Door.API), rule=rule)))

    @schema.operation("Delete a protection rule", responses={204: None}, errors=(404, 409))
    def delete(self, request: Request, pk: int) -> Response:
        """Deletes the rule; from then on anybody can change directly what only this one protected."""
        rules.delete_rule(actor=actor_of(request, Door.API), rule=_find(pk))
        return Response(status=204)


class RuleVersionsView(ApiView):
    """How a rule became what it is."""

    @schema.operation("List a rule's versions", responses={200: RuleVersionSerializer(many=True)}, errors=(404,))
    def get(self, request: Request, pk: int) -> Response:
        """Lists every version of a rule, the newest first, of a deleted one too."""
        found = rules.versions_of(pk)
        if not found:
            raise Http404
        return Response(RuleVersionSerializer(found, many=True).data)


def _find(pk: int) -> ProtectionRule:
    found = ProtectionRule.objects.filter(pk=pk).first()
    if found is None:
        raise Http404
    return found
