"""What the API accepts. Unknown fields are refused by name; the services check what the values mean."""

from typing import Any

from rest_framework import serializers
from typing_extensions import override

from foundation.api.inputs import QuerySerializer, StrictSerializer, one_of
from foundation.api.pagination import PageSerializer
from promote_requests.choices import CloseReason, Verdict
from registry.proposals import Change
from registry.targets import TargetKind
from registry.workspaces import canonical_workspace


class WorkspaceField(serializers.CharField):
    """One of MLflow's workspaces; the default one is `""` under either of its names."""

    def __init__(self, **options: Any) -> None:
        super().__init__(allow_blank=True, default="", max_length=256, **options)

    @override
    def to_internal_value(self, data: Any) -> str:
        return canonical_workspace(super().to_internal_value(data))


class VersionField(serializers.CharField):
    """A version, which programs have as a number as often as a text."""

    also_takes = int


class TargetSerializer(StrictSerializer):
    """Where a version is to go: a stage, an alias, another registered model that receives a copy, or a status."""

    kind = one_of(TargetKind)
    name = serializers.CharField(allow_blank=True, help_text="For example Production, champion or prod.fraud.")


class NewPromoteRequestSerializer(StrictSerializer):
    """A promote request to open."""

    model_name = serializers.CharField(
        allow_blank=True,
        trim_whitespace=False,
        help_text="A skill's begins with `skill:`, an MCP server's with `mcp:`.",
    )
    version = VersionField(allow_blank=True, help_text='As MLflow spells it, for example "3" or "1.4.0".')
    target = TargetSerializer()
    change = one_of(Change, default=Change.SET, help_text="`remove` takes an alias away from the version.")
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
    """What can change of a promote request; a field that is left out stays as it is."""

    title = serializers.CharField(required=False, allow_blank=True, help_text="1 to 200 characters.")
    description = serializers.CharField(required=False, allow_blank=True, help_text="Markdown.")


def _answers(**options: Any) -> serializers.DictField:
    child = serializers.CharField(allow_blank=True, trim_whitespace=False)
    return serializers.DictField(
        child=child,
        help_text="{key: answer}, with the keys of the request's `questions`; empty ones are none.",
        **options,
    )


class NewReviewSerializer(StrictSerializer):
    """A judgement to record."""

    verdict = one_of(Verdict)
    body = serializers.CharField(
        allow_blank=True, default="", help_text="Markdown. Required unless the verdict is `approve`."
    )
    seen_fingerprint = serializers.CharField(
        allow_blank=True,
        default="",
        max_length=80,
        help_text="The `evidence_fingerprint` of the comparison that was judged. An approval of other facts than the "
        "present ones is refused with 409.",
    )
    seen_text_revision = serializers.IntegerField(
        min_value=1,
        max_value=2**31 - 1,
        required=False,
        help_text="The `text_revision` of the title, description and answers that were read; an approval of earlier "
        "ones is recorded as such.",
    )
    answers = _answers(required=False)


class AnswersSerializer(StrictSerializer):
    """What the author answers."""

    answers = _answers()


class DismissSerializer(StrictSerializer):
    """A request for changes to lift."""

    review = serializers.IntegerField(min_value=1, max_value=2**63 - 1, help_text="The `id` of the review that blocks.")
    reason = serializers.CharField(allow_blank=True, help_text="Why it no longer blocks. Kept in the record.")


class NewCheckSerializer(StrictSerializer):
    """A report of a check."""

    name = serializers.CharField(allow_blank=True, help_text="1 to 100 characters; case does not matter.")
    state = serializers.CharField(help_text="pending, success, failure, error or neutral.")
    evidence_fingerprint = serializers.CharField(
        help_text="Of the comparison that was checked. Other facts than the present ones are refused with 409."
    )
    summary = serializers.CharField(
        allow_blank=True, default="", trim_whitespace=False, help_text="Markdown, up to 64 KiB."
    )
    details_url = serializers.CharField(allow_blank=True, default="", help_text="An http or https address with more.")


class CheckNameSerializer(StrictSerializer):
    """A check to ask for once more."""

    name = serializers.CharField(allow_blank=True)


class NewCommentSerializer(StrictSerializer):
    """A comment to add."""

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


class MessageSerializer(StrictSerializer):
    """Why something is asked for."""

    message = serializers.CharField(allow_blank=True, default="", help_text="It becomes part of the description.")


class SupersedeSerializer(StrictSerializer):
    """Which newer request takes the place of this one."""

    by = serializers.IntegerField(min_value=1, max_value=2**63 - 1, help_text="Its number.")
    message = serializers.CharField(allow_blank=True, default="")


class BreakGlassSerializer(StrictSerializer):
    """Why a request is promoted past the rules."""

    reason = serializers.CharField(allow_blank=True, help_text="At least 20 characters. Kept in the record.")
    seen_fingerprint = serializers.CharField(
        allow_blank=True, default="", max_length=80, help_text="As for a review: other facts are refused with 409."
    )


class ConsentSerializer(StrictSerializer):
    """A second person's consent to breaking the glass."""

    words = serializers.CharField(allow_blank=True, default="")
    seen_fingerprint = serializers.CharField(
        allow_blank=True, default="", max_length=80, help_text="As for a review: other facts are refused with 409."
    )


class WordsSerializer(StrictSerializer):
    """What somebody says who looked at something afterwards."""

    body = serializers.CharField(allow_blank=True, help_text="Markdown.")


class ReReviewSerializer(WordsSerializer):
    """What somebody says who reviewed a champion again."""

    seen_fingerprint = serializers.CharField(
        allow_blank=True, default="", max_length=80, help_text="Of the facts that were looked at; other ones: 409."
    )


class ModelSearchSerializer(PageSerializer):
    """Which registered models to list."""

    search = serializers.CharField(allow_blank=True, default="", max_length=256, help_text="Part of the name.")
    workspace = WorkspaceField()


class VersionSearchSerializer(PageSerializer):
    """Which versions to list; the newest come first."""

    below = serializers.IntegerField(
        min_value=1,
        max_value=2**31 - 1,
        default=None,
        help_text="Only versions of a lower number: quicker than late pages.",
    )
    workspace = WorkspaceField()


class ComparisonQuerySerializer(QuerySerializer):
    """How much of a comparison to return."""

    only_differences = serializers.BooleanField(default=False)
