"""What the API accepts. Unknown fields are refused by name; what values mean is the services' to judge."""

from collections.abc import Mapping
from typing import Any

from django.db.models import TextChoices
from rest_framework import serializers

from promote_requests.choices import CloseReason, RequestAction, TargetKind, Verdict
from promote_requests.workspaces import canonical_workspace


def one_of(choices: type[TextChoices], **options: Any) -> serializers.ChoiceField:
    """Returns a field for a closed vocabulary whose refusal lists it."""
    known = ", ".join(choices.values)
    return serializers.ChoiceField(
        choices.choices, error_messages={"invalid_choice": f'"{{input}}" is not known: use {known}.'}, **options
    )


class StrictSerializer(serializers.Serializer):
    """Refuses fields that it does not know, so that a misspelt one is not silently ignored."""

    def to_internal_value(self, data: Any) -> Any:
        """Returns the checked values; ValidationError names each unknown field."""
        if isinstance(data, Mapping):
            unknown = [str(name) for name in data if name not in self.fields]
            if unknown:
                known = ", ".join(self.fields) or "none"
                hint = f"Unknown field. Known fields: {known}."
                raise serializers.ValidationError({name: [hint] for name in unknown})
        return super().to_internal_value(data)


class WorkspaceField(serializers.CharField):
    """One of MLflow's workspaces; the default one is `""` under either of its names."""

    def __init__(self, **options: Any) -> None:
        super().__init__(allow_blank=True, default="", max_length=256, **options)

    def to_internal_value(self, data: Any) -> str:
        """Returns the name that the services know it by."""
        return canonical_workspace(super().to_internal_value(data))


class NothingSerializer(StrictSerializer):
    """An action that needs nothing said."""


class TargetSerializer(StrictSerializer):
    """Where a version is to go: a stage, an alias, or another registered model that receives a copy."""

    kind = one_of(TargetKind)
    name = serializers.CharField(allow_blank=True, help_text="For example Production, champion or prod.fraud.")


class NewPromoteRequestSerializer(StrictSerializer):
    """A promote request to open."""

    model_name = serializers.CharField(allow_blank=True, trim_whitespace=False)
    version = serializers.CharField(allow_blank=True, help_text='As MLflow spells it, for example "3".')
    target = TargetSerializer()
    action = one_of(
        RequestAction, default=RequestAction.SET, help_text="`remove` takes an alias away from the version."
    )
    archive_existing_versions = serializers.BooleanField(
        allow_null=True,
        default=None,
        help_text="Archive the stage's present holders. Left out: yes for Staging and Production.",
    )
    title = serializers.CharField(allow_blank=True, help_text="1 to 200 characters.")
    description = serializers.CharField(allow_blank=True, default="", help_text="Markdown.")
    workspace = WorkspaceField(help_text="Empty where MLflow has no workspaces.")
    draft = serializers.BooleanField(default=False, help_text="Not yet for reviewers; `submit/` opens it.")


class EditSerializer(StrictSerializer):
    """What can change of a promote request; what is left out stays."""

    title = serializers.CharField(required=False, allow_blank=True, help_text="1 to 200 characters.")
    description = serializers.CharField(required=False, allow_blank=True, help_text="Markdown.")


class NewReviewSerializer(StrictSerializer):
    """A judgement to record."""

    verdict = one_of(Verdict)
    body = serializers.CharField(
        allow_blank=True, default="", help_text="Markdown. Required unless the verdict is `approve`."
    )
    seen_fingerprint = serializers.CharField(
        allow_blank=True,
        default="",
        max_length=64,
        help_text="The `evidence_fingerprint` of the comparison that was judged. An approval of other facts than the "
        "present ones is refused with 409.",
    )


class NewCommentSerializer(StrictSerializer):
    """A remark to add."""

    body = serializers.CharField(allow_blank=True, help_text="Markdown.")


class CloseSerializer(StrictSerializer):
    """Why a request is closed."""

    reason = one_of(
        CloseReason,
        required=False,
        help_text="Left out: `withdrawn` for the author, `rejected` for anybody else.",
    )
    message = serializers.CharField(allow_blank=True, default="")


class ReopenSerializer(StrictSerializer):
    """Why a request is opened again."""

    message = serializers.CharField(allow_blank=True, default="")


class ModelSearchSerializer(StrictSerializer):
    """Which registered models to list."""

    search = serializers.CharField(allow_blank=True, default="", max_length=256, help_text="Part of the name.")
    limit = serializers.IntegerField(min_value=1, max_value=1000, default=100)
    workspace = WorkspaceField()


class VersionSearchSerializer(StrictSerializer):
    """Which versions to list; the newest come first."""

    limit = serializers.IntegerField(min_value=1, max_value=1000, default=200)
    workspace = WorkspaceField()


class ComparisonQuerySerializer(StrictSerializer):
    """How much of a comparison to return."""

    only_differences = serializers.BooleanField(default=False)
