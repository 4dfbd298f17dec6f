"""What the API shows of the registry and of a comparison."""

from typing import Any

from rest_framework import serializers

from evidence.rows import Kind
from foundation.addresses import absolute
from foundation.api.pagination import UncountedPageSerializer
from registry.measurements import Origin
from registry.screens import mlflow_model, mlflow_version
from registry.targets import STAGES
from registry.types import IS_PROMPT_TAG, ModelVersion, RegisteredModel
from registry.workspaces import canonical_workspace

_KINDS = [(kind.value, kind.name) for kind in Kind]
_ORIGINS = [(origin.value, origin.name) for origin in Origin]


class RegisteredModelSerializer(serializers.Serializer):
    """A registered model or prompt."""

    name = serializers.CharField()
    description = serializers.CharField()
    aliases = serializers.DictField(child=serializers.CharField(), help_text="{alias: version}")
    tags = serializers.DictField(child=serializers.CharField())
    is_prompt = serializers.BooleanField()
    mlflow_url = serializers.SerializerMethodField(help_text="The full address of its screen in MLflow.")

    def get_mlflow_url(self, model: RegisteredModel) -> str:
        return absolute(
            mlflow_model(
                model.name, is_prompt=model.is_prompt, workspace=canonical_workspace(self.context["workspace"])
            )
        )


class ModelVersionSerializer(serializers.Serializer):
    """A version of a registered model."""

    name = serializers.CharField()
    version = serializers.CharField()
    stage = serializers.ChoiceField([(stage, stage) for stage in STAGES])
    aliases = serializers.ListField(child=serializers.CharField())
    description = serializers.CharField()
    source = serializers.CharField(  # type: ignore[assignment]
        help_text="Address of its artifacts, or models:/NAME/VERSION for a copy."
    )
    run_id = serializers.CharField(help_text="Empty when it was registered from a logged model.")
    model_id = serializers.CharField(help_text="Of its logged model; may be empty.")
    status = serializers.CharField(help_text="READY when it can be used.")
    created_at = serializers.DateTimeField(allow_null=True)
    updated_at = serializers.DateTimeField(allow_null=True)
    tags = serializers.DictField(child=serializers.CharField())
    mlflow_url = serializers.SerializerMethodField(help_text="The full address of its screen in MLflow.")

    def get_mlflow_url(self, version: ModelVersion) -> str:
        return absolute(
            mlflow_version(
                version.name,
                version.version,
                is_prompt=IS_PROMPT_TAG in version.tags,
                workspace=canonical_workspace(self.context["workspace"]),
            )
        )


class RegisteredModelsSerializer(UncountedPageSerializer):
    """Registered models by name."""

    results = RegisteredModelSerializer(many=True)


class ModelVersionsSerializer(UncountedPageSerializer):
    """Versions of a model, newest first."""

    results = ModelVersionSerializer(many=True)


class SideSerializer(serializers.Serializer):
    """One of the versions compared."""

    model_name = serializers.CharField()
    version = serializers.CharField()


class RowSerializer(serializers.Serializer):
    """A parameter or tag on both sides."""

    key = serializers.CharField()
    kind = serializers.ChoiceField(_KINDS)
    champion = serializers.CharField(allow_null=True)
    challenger = serializers.CharField(allow_null=True)


class DatasetSerializer(serializers.Serializer):
    """What a metric was measured on."""

    name = serializers.CharField()
    digest = serializers.CharField(help_text="Tells one state of the data set from another.")


class OtherMeasurementSerializer(serializers.Serializer):
    """The value that the other of run and logged model has."""

    value = serializers.FloatField()
    step = serializers.IntegerField()
    timestamp = serializers.IntegerField()
    dataset = DatasetSerializer(allow_null=True)
    origin = serializers.ChoiceField(_ORIGINS)
    run_id = serializers.CharField()


class MeasurementSerializer(serializers.Serializer):
    """How the newest value of a metric came to be: by step, then by time, wherever it was logged."""

    step = serializers.IntegerField()
    timestamp = serializers.IntegerField(help_text="Milliseconds since 1970, as the client said.")
    dataset = DatasetSerializer(allow_null=True)
    origin = serializers.ChoiceField(_ORIGINS, help_text="Which of the run and the logged model has it.")
    run_id = serializers.CharField(help_text="The run that logged it.")
    other = OtherMeasurementSerializer(
        allow_null=True, help_text="What the other of run and logged model has last, where that is another value."
    )


class MeasuredSerializer(serializers.Serializer):
    """How a metric was measured on both sides."""

    champion = MeasurementSerializer(allow_null=True)
    challenger = MeasurementSerializer(allow_null=True)


class MetricRowSerializer(serializers.Serializer):
    """A metric on both sides. NaN and infinities are texts."""

    key = serializers.CharField()
    kind = serializers.ChoiceField(_KINDS)
    champion = serializers.FloatField(allow_null=True)
    challenger = serializers.FloatField(allow_null=True)
    delta = serializers.FloatField(allow_null=True, help_text="Challenger minus champion.")
    percent = serializers.FloatField(allow_null=True, help_text="Of the champion's absolute value.")
    direction = serializers.CharField(help_text="up, down or empty.")
    measured = MeasuredSerializer()


class GroupSerializer(serializers.Serializer):
    """Rows of one kind, those that differ first; `counts` is {kind: number of all rows}."""

    counts = serializers.DictField(child=serializers.IntegerField())
    rows = RowSerializer(many=True)


class MetricGroupSerializer(serializers.Serializer):
    """Metrics, those that differ first; `counts` is {kind: number of all rows}."""

    counts = serializers.DictField(child=serializers.IntegerField())
    rows = MetricRowSerializer(many=True)


class PromptSerializer(serializers.Serializer):
    """A prompt's text on both sides."""

    kind = serializers.ChoiceField(_KINDS)
    champion = serializers.CharField(allow_null=True)
    challenger = serializers.CharField(allow_null=True)


class ComparisonSerializer(serializers.Serializer):
    """What differs between challenger and champion: as MLflow has it now, or as frozen when it was promoted.

    It only describes `comparison_body` in the schema; it serializes nothing.
    """

    evidence_fingerprint = serializers.CharField(help_text="Send it as `seen_fingerprint` with a review.")
    challenger = SideSerializer()
    champion = SideSerializer(allow_null=True)
    other_holders = SideSerializer(many=True, help_text="Further versions that hold the stage.")
    removing = serializers.BooleanField(help_text="The request takes the alias away; there is no champion.")
    has_champion = serializers.BooleanField()
    metrics = MetricGroupSerializer()
    parameters = GroupSerializer()
    tags = GroupSerializer()
    prompt = PromptSerializer(allow_null=True)


def side(version: ModelVersion) -> dict[str, Any]:
    """Returns a version as a comparison names it."""
    return {"model_name": version.name, "version": version.version}
