"""What the API shows of the registry and of a comparison."""

from typing import Any

from rest_framework import serializers

from evidence.contents.signature import Fit
from evidence.directions.wanted import SAID, Source
from evidence.inspection.findings import Outcome
from evidence.inspection.looking import findings_of
from evidence.models import Inspection
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
    """A registered model or prompt, or a skill or MCP server, whose name begins with `skill:` or `mcp:`."""

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
    status = serializers.CharField(
        help_text="READY when it can be used; of a skill or MCP server `draft`, `active` or `deprecated`."
    )
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


class RepeatsSerializer(serializers.Serializer):
    """What all values of one step say together."""

    count = serializers.IntegerField()
    mean = serializers.FloatField()
    standard_error = serializers.FloatField(help_text="Of the mean.")


class OtherMeasurementSerializer(serializers.Serializer):
    """The value that the other of run and logged model has."""

    value = serializers.FloatField()
    step = serializers.IntegerField()
    timestamp = serializers.IntegerField()
    dataset = DatasetSerializer(allow_null=True)
    origin = serializers.ChoiceField(_ORIGINS)
    run_id = serializers.CharField()
    repeats = RepeatsSerializer(allow_null=True)


class MeasurementSerializer(serializers.Serializer):
    """How the newest value of a metric came to be: by step, then by time, wherever it was logged."""

    step = serializers.IntegerField()
    timestamp = serializers.IntegerField(help_text="Milliseconds since 1970, as the client said.")
    dataset = DatasetSerializer(allow_null=True)
    origin = serializers.ChoiceField(_ORIGINS, help_text="Which of the run and the logged model has it.")
    run_id = serializers.CharField(help_text="The run that logged it.")
    repeats = RepeatsSerializer(
        allow_null=True, help_text="Of a logged model with several values at this step on this data set."
    )
    other = OtherMeasurementSerializer(
        allow_null=True, help_text="What the other of run and logged model has last, where that is another value."
    )


class MeasuredSerializer(serializers.Serializer):
    """How a metric was measured on both sides."""

    champion = MeasurementSerializer(allow_null=True)
    challenger = MeasurementSerializer(allow_null=True)


class WantedSerializer(serializers.Serializer):
    """Which values of a metric are better, and who says so."""

    direction = serializers.ChoiceField(list(SAID))
    source = serializers.ChoiceField(  # type: ignore[assignment]
        [(source.value, source.name) for source in Source], help_text="Its name, a tag of the model, or our own page."
    )
    by = serializers.CharField(help_text="Who set it on the page; empty otherwise.")
    at = serializers.DateTimeField(allow_null=True)


class MetricRowSerializer(serializers.Serializer):
    """A metric on both sides. NaN and infinities are texts."""

    key = serializers.CharField()
    kind = serializers.ChoiceField(_KINDS)
    champion = serializers.FloatField(allow_null=True)
    challenger = serializers.FloatField(allow_null=True)
    delta = serializers.FloatField(allow_null=True, help_text="Challenger minus champion.")
    percent = serializers.FloatField(allow_null=True, help_text="Of the champion's absolute value.")
    direction = serializers.CharField(help_text="up, down or empty.")
    better = serializers.BooleanField(
        allow_null=True, help_text="Of the challenger; null where neither is, or nobody knows which value is."
    )
    wanted = WantedSerializer(help_text="Which values are better.")
    step = serializers.IntegerField(help_text="Of the challenger's value, or the champion's where it has none.")
    dataset = serializers.CharField(allow_null=True, help_text="The data set of that value.")
    origin = serializers.ChoiceField(_ORIGINS, help_text="Which of the run and the logged model has that value.")
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
    variables_added = serializers.ListField(child=serializers.CharField())
    variables_lost = serializers.ListField(child=serializers.CharField())


class FieldRowSerializer(serializers.Serializer):
    """A field of a signature on both sides."""

    part = serializers.ChoiceField(["inputs", "outputs", "params"])
    name = serializers.CharField(help_text="Nested ones as address.street, of lists as tags[].")
    kind = serializers.ChoiceField(_KINDS)
    champion = serializers.CharField(allow_null=True)
    challenger = serializers.CharField(allow_null=True)
    breaks = serializers.CharField(help_text="What callers of the champion would notice; empty where they would not.")


class SignatureSerializer(serializers.Serializer):
    """Both signatures, breaking differences first."""

    fit = serializers.ChoiceField([(fit.value, fit.name) for fit in Fit])
    note = serializers.CharField(help_text="Why the fit is unknown, or empty.")
    rows = FieldRowSerializer(many=True)


class NeedRowSerializer(serializers.Serializer):
    """Something that a version needs to run, on both sides."""

    group = serializers.ChoiceField(["package", "other"])
    name = serializers.CharField()
    kind = serializers.ChoiceField(_KINDS)
    champion = serializers.CharField(allow_null=True)
    challenger = serializers.CharField(allow_null=True)
    movement = serializers.CharField(help_text="up, down or empty.")


class ContentsSerializer(serializers.Serializer):
    """What the files of both versions say: signature and environment."""

    signature = SignatureSerializer()
    environment = NeedRowSerializer(many=True)
    problems = serializers.ListField(child=serializers.CharField(), help_text="What could not be read.")


class GateCountsSerializer(serializers.Serializer):
    """Gates in numbers."""

    passed = serializers.IntegerField()
    total = serializers.IntegerField()


class CheckCountsSerializer(serializers.Serializer):
    """Checks in numbers."""

    passed = serializers.IntegerField()
    pending = serializers.IntegerField()
    failed = serializers.IntegerField()


class CriterionSerializer(serializers.Serializer):
    """One thing that the challenger's author asked of a metric."""

    key = serializers.CharField()
    comparator = serializers.ChoiceField(["GTE", "LTE"])
    threshold = serializers.FloatField()
    challenger = serializers.FloatField(allow_null=True)
    champion = serializers.FloatField(allow_null=True)
    met = serializers.BooleanField(allow_null=True, help_text="Null where nothing was measured.")


class CriteriaSerializer(serializers.Serializer):
    """What the challenger's evaluation asked of its own metrics (`mlflow.genaiEvaluate.qualityCriteria`)."""

    rows = CriterionSerializer(many=True)
    problems = serializers.ListField(child=serializers.CharField(), help_text="What could not be read.")


class LoggedComparisonSerializer(serializers.Serializer):
    """One scorer of two evaluations, as `mlflow.genai.compare_evaluations` logged it."""

    by = serializers.ChoiceField(["challenger", "champion"], help_text="Whose run it was logged to: the candidate.")
    baseline = serializers.CharField(help_text="The first characters of the other run's id.")
    is_with_champion = serializers.BooleanField()
    scorer = serializers.CharField()
    better = serializers.BooleanField(allow_null=True, help_text="Whether the candidate is.")
    diff = serializers.FloatField(allow_null=True, help_text="Candidate minus baseline.")
    ci_low = serializers.FloatField(allow_null=True)
    ci_high = serializers.FloatField(allow_null=True)
    p_value = serializers.FloatField(allow_null=True)
    effect_size = serializers.FloatField(allow_null=True)
    n_paired = serializers.FloatField(allow_null=True)


class CriteriaCountsSerializer(serializers.Serializer):
    """The author's criteria in numbers."""

    met = serializers.IntegerField()
    total = serializers.IntegerField()


class VerdictSerializer(serializers.Serializer):
    """The tables in numbers."""

    better = serializers.IntegerField()
    worse = serializers.IntegerField()
    equal = serializers.IntegerField()
    undirected = serializers.IntegerField(help_text="Differ, and the name does not tell which value is better.")
    missing = serializers.IntegerField(help_text="On one side only.")
    signature = serializers.ChoiceField([(fit.value, fit.name) for fit in Fit])
    packages_changed = serializers.IntegerField(allow_null=True)
    criteria = CriteriaCountsSerializer(help_text="What the challenger's author asked for.")
    gates = GateCountsSerializer(help_text="What the rules ask of the facts themselves.")
    checks = CheckCountsSerializer(
        help_text="What CI reported and the built-in check came to, and what the rules ask for that was not reported."
    )
    warnings = serializers.ListField(child=serializers.CharField(), help_text="Codes of what makes it unfair.")


class FileRowSerializer(serializers.Serializer):
    """A file on both sides, with its size in bytes; null for a side that lacks it."""

    path = serializers.CharField()
    kind = serializers.ChoiceField(_KINDS)
    champion = serializers.IntegerField(allow_null=True)
    challenger = serializers.IntegerField(allow_null=True)
    is_read = serializers.BooleanField(help_text="Whether the bytes were compared; otherwise sizes were.")


class FilesSerializer(serializers.Serializer):
    """The files of both versions."""

    rows = FileRowSerializer(many=True)
    problems = serializers.ListField(child=serializers.CharField(), help_text="What could not be listed.")


class FindingSerializer(serializers.Serializer):
    """One thing that the built-in check looked at."""

    code = serializers.CharField(help_text="mlmodel, files, environment, signature, input_example, prompt or process.")
    sentence = serializers.CharField()
    outcome = serializers.ChoiceField([(outcome.value, outcome.name) for outcome in Outcome])


class InspectionSerializer(serializers.Serializer):
    """What the built-in check came to when the challenger's files were last looked at."""

    outcome = serializers.ChoiceField([(outcome.value, outcome.name) for outcome in Outcome])
    made_at = serializers.DateTimeField()
    findings = FindingSerializer(many=True)


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
    datasets = GroupSerializer(help_text="The data sets that the runs used, by what for.")
    parameters = GroupSerializer()
    tags = GroupSerializer()
    run_tags = GroupSerializer(help_text="Of the runs, as their clients wrote them.")
    system_tags = GroupSerializer(help_text="What MLflow and Checkpoint keep as tags.")
    descriptions = GroupSerializer(help_text="What MLflow has as the descriptions of versions and models.")
    lineage = GroupSerializer(help_text="Where the runs say that they come from.")
    criteria = CriteriaSerializer()
    logged_comparisons = LoggedComparisonSerializer(many=True)
    prompt = PromptSerializer(allow_null=True)
    contents = ContentsSerializer(allow_null=True, help_text="Null for prompts.")
    files = FilesSerializer(allow_null=True, help_text="Null for prompts.")
    verdict = VerdictSerializer(allow_null=True, help_text="Null without a champion.")
    inspection = InspectionSerializer(
        allow_null=True, help_text="The built-in check of the challenger's files; null until it is made."
    )


def side(version: ModelVersion) -> dict[str, Any]:
    """Returns a version as a comparison names it."""
    return {"model_name": version.name, "version": version.version}


def inspection(made: Inspection | None) -> dict[str, Any] | None:
    """Returns what the built-in check came to as a comparison says it."""
    if made is None:
        return None
    return {
        "outcome": made.outcome,
        "made_at": made.made_at,
        "findings": [finding.as_dict() for finding in findings_of(made)],
    }
