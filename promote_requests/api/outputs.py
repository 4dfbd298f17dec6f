"""What the API shows of promote requests, reviews and comments. Times are UTC; people are user names."""

from typing import Any, ClassVar

from django.urls import reverse
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from audit.actors import Actor, Door
from foundation.addresses import absolute
from promote_requests import permissions, services
from promote_requests.api.inputs import TargetSerializer
from promote_requests.api.labelling.outputs import RequestLabelSerializer
from promote_requests.choices import Action, ReviewDecision
from promote_requests.decision import Decision
from promote_requests.models import Check, Comment, PromoteRequest, Review
from promote_requests.services.moves.around import Around, around
from promote_requests.services.moves.demotion import loses
from protection.checks import Outcome, Standing
from protection.choices import PromoteWhen
from registry.makers import Deed, Maker
from registry.screens import mlflow_version


def person(source: str, **options: Any) -> serializers.CharField:
    """Returns a field that shows somebody by user name."""
    return serializers.CharField(source=f"{source}.username", read_only=True, **options)


class ApprovalsSerializer(serializers.Serializer):
    """How far the reviews go towards what the protection rules ask for."""

    given = serializers.IntegerField(source="approvals", help_text="Approvals of the present evidence.")
    required = serializers.IntegerField()  # type: ignore[assignment]
    missing = serializers.IntegerField()
    stale = serializers.ListField(
        child=serializers.CharField(), help_text="Who approved evidence that has changed since."
    )
    notes = serializers.ListField(
        child=serializers.CharField(), help_text="What a reader should know though it stops nothing."
    )


class UnmetSerializer(serializers.Serializer):
    """A condition that does not hold now."""

    code = serializers.CharField()
    message = serializers.CharField(source="sentence")
    until = serializers.DateTimeField(allow_null=True, help_text="When it may begin to hold by itself.")


class GateSerializer(serializers.Serializer):
    """A gate of the rules and what came of it when MLflow was last asked."""

    gate = serializers.CharField()
    passed = serializers.BooleanField(allow_null=True, help_text="Null where it could not be measured: not passed.")
    measured = serializers.CharField(help_text="In words.")


class CheckStandingSerializer(serializers.Serializer):
    """How far a check has come on the present facts."""

    name = serializers.CharField()
    outcome = serializers.ChoiceField([(outcome.value, outcome.name) for outcome in Outcome])
    is_required = serializers.SerializerMethodField()
    message = serializers.CharField(source="words", help_text="To follow the name.")

    def get_is_required(self, standing: Standing) -> bool:
        return standing.required is not None


class WhenPromotedSerializer(serializers.Serializer):
    """When the request is promoted once nothing is missing."""

    when = serializers.ChoiceField(PromoteWhen.choices)
    groups = serializers.ListField(
        child=serializers.ListField(child=serializers.CharField()),
        help_text="Of each list one group has to press Promote; none where everybody may.",
    )


class MakerSerializer(serializers.Serializer):
    """What somebody did to make the version, by Checkpoint's own record."""

    deed = serializers.ChoiceField([(deed.value, deed.name) for deed in Deed])
    name = serializers.SerializerMethodField(help_text="Null where nobody is known for it.")
    answered_for_by = serializers.SerializerMethodField(
        help_text="Of a service account: who answered for it then, and counts as a maker, too. Null of a person."
    )

    def get_answered_for_by(self, maker: Maker) -> str | None:
        return maker.owner_name or None

    def get_name(self, maker: Maker) -> str | None:
        return maker.name if maker.is_known else None


class PromoteRequestSerializer(serializers.ModelSerializer):
    """A promote request as the caller may see and act on it.

    The context holds `viewer` (whose actions are listed), `rules` (the enabled protection rules, loaded once) and
    `around`, in which is kept what the requests of a page have to do with others.
    """

    url = serializers.SerializerMethodField(help_text="The full address of the page that people open.")
    api_url = serializers.SerializerMethodField(help_text="The full address of this resource.")
    mlflow_url = serializers.SerializerMethodField(help_text="The full address of the version's screen in MLflow.")
    target = TargetSerializer(read_only=True)
    author = person("author")
    promoted_by = person("promoted_by", allow_null=True)
    closed_by = person("closed_by", allow_null=True)
    review_decision = serializers.SerializerMethodField()
    approvals = serializers.SerializerMethodField()
    promotion = serializers.SerializerMethodField()
    labels = RequestLabelSerializer(many=True, read_only=True)
    is_protected = serializers.SerializerMethodField(help_text="Whether any protection rule covers the target.")
    unmet = serializers.SerializerMethodField(help_text="What is missing before it may be promoted.")
    gates = serializers.SerializerMethodField()
    checks = serializers.SerializerMethodField()
    makers = serializers.SerializerMethodField(help_text="Who made the version, when MLflow was last asked.")
    approval_refusal = serializers.SerializerMethodField(
        help_text="Why an approval by the caller would be refused though they may review; empty where it would not."
    )
    available_actions = serializers.SerializerMethodField(help_text="What the caller could do right now.")
    loses = serializers.SerializerMethodField(
        help_text="The target in use that the version loses: of a demotion, for example stage Production."
    )
    undoes = serializers.IntegerField(
        source="undoes_id", allow_null=True, read_only=True, help_text="The number of the request that it takes back."
    )
    undone_by = serializers.SerializerMethodField(help_text="The numbers of those that take this one back.")
    superseded_by = serializers.IntegerField(
        source="superseded_by_id", allow_null=True, read_only=True, help_text="The number of what took its place."
    )
    supersedes = serializers.SerializerMethodField(help_text="The numbers of those whose place it took.")
    waiting_beside = serializers.SerializerMethodField(help_text="The numbers of the others for the same target.")

    class Meta:
        model = PromoteRequest
        fields: ClassVar = [
            "number",
            "url",
            "api_url",
            "mlflow_url",
            "title",
            "description",
            "text_revision",
            "workspace",
            "model_name",
            "version",
            "target",
            "change",
            "archive_existing_versions",
            "author",
            "status",
            "review_decision",
            "approvals",
            "unmet",
            "gates",
            "checks",
            "promotion",
            "labels",
            "is_protected",
            "makers",
            "approval_refusal",
            "available_actions",
            "champion_version",
            "challenger_stage",
            "evidence_fingerprint",
            "created_at",
            "updated_at",
            "opened_at",
            "promoting_since",
            "promoted_at",
            "promoted_by",
            "promoted_version",
            "tags_are_due",
            "last_failure",
            "closed_at",
            "closed_by",
            "close_reason",
            "loses",
            "undoes",
            "undone_by",
            "is_fast_track",
            "superseded_by",
            "supersedes",
            "waiting_beside",
            "is_bypassed",
            "reviewed_afterwards_at",
            "gone_at",
        ]
        read_only_fields = fields

    @extend_schema_field(TargetSerializer(allow_null=True))
    def get_loses(self, promote_request: PromoteRequest) -> dict[str, Any] | None:
        lost = loses(promote_request.proposal, promote_request.challenger_stage)
        return None if lost is None else dict(TargetSerializer(lost).data)

    def get_undone_by(self, promote_request: PromoteRequest) -> list[int]:
        return [other.number for other in self._around(promote_request).undone_by]

    def get_supersedes(self, promote_request: PromoteRequest) -> list[int]:
        return [other.number for other in self._around(promote_request).supersedes]

    def get_waiting_beside(self, promote_request: PromoteRequest) -> list[int]:
        return [other.number for other in self._around(promote_request).waiting]

    def _around(self, promote_request: PromoteRequest) -> Around:
        known: dict[int, Around] = self.context["around"]
        if promote_request.pk not in known:
            listed: Any = self.parent.instance if isinstance(self.parent, serializers.ListSerializer) else None
            known |= around(listed or [promote_request])
        return known[promote_request.pk]

    def get_url(self, promote_request: PromoteRequest) -> str:
        return absolute(promote_request.get_absolute_url())

    def get_api_url(self, promote_request: PromoteRequest) -> str:
        return api_url(promote_request)

    def get_mlflow_url(self, promote_request: PromoteRequest) -> str:
        return absolute(
            mlflow_version(
                promote_request.model_name,
                promote_request.version,
                is_prompt=promote_request.is_prompt,
                workspace=promote_request.workspace,
            )
        )

    @extend_schema_field(serializers.ChoiceField(ReviewDecision.choices))
    def get_review_decision(self, promote_request: PromoteRequest) -> str:
        return str(self._decision(promote_request).decision)

    @extend_schema_field(ApprovalsSerializer)
    def get_approvals(self, promote_request: PromoteRequest) -> dict[str, Any]:
        return dict(ApprovalsSerializer(self._decision(promote_request)).data)

    @extend_schema_field(UnmetSerializer(many=True))
    def get_unmet(self, promote_request: PromoteRequest) -> list[dict[str, Any]]:
        return list(UnmetSerializer(self._decision(promote_request).unmet, many=True).data)

    @extend_schema_field(GateSerializer(many=True))
    def get_gates(self, promote_request: PromoteRequest) -> list[dict[str, Any]]:
        return [
            {"gate": gate, "passed": found.passed, "measured": found.words}
            for gate, found in self._decision(promote_request).gates
        ]

    @extend_schema_field(CheckStandingSerializer(many=True))
    def get_checks(self, promote_request: PromoteRequest) -> list[dict[str, Any]]:
        return list(CheckStandingSerializer(self._decision(promote_request).checks, many=True).data)

    @extend_schema_field(WhenPromotedSerializer)
    def get_promotion(self, promote_request: PromoteRequest) -> dict[str, Any]:
        requirement = services.requirement_of(promote_request, self.context["rules"])
        return {
            "when": str(requirement.promote_when),
            "groups": [[group.name for group in groups] for groups in requirement.promoters],
        }

    def get_is_protected(self, promote_request: PromoteRequest) -> bool:
        return services.requirement_of(promote_request, self.context["rules"]).is_protected

    @extend_schema_field(MakerSerializer(many=True))
    def get_makers(self, promote_request: PromoteRequest) -> Any:
        return MakerSerializer(promote_request.record.makers, many=True).data

    def get_approval_refusal(self, promote_request: PromoteRequest) -> str:
        actor = Actor.of(self.context["viewer"], Door.API)
        return permissions.approval_refusal(actor, self._decision(promote_request))

    @extend_schema_field(serializers.ListField(child=serializers.ChoiceField(Action.choices)))
    def get_available_actions(self, promote_request: PromoteRequest) -> list[str]:
        decision = self._decision(promote_request)
        return [
            str(action)
            for action in services.actions_for(
                Actor.of(self.context["viewer"], Door.API),
                promote_request,
                decision,
                known=self._around(promote_request),
            )
        ]

    def _decision(self, promote_request: PromoteRequest) -> Decision:
        return services.decision_of(promote_request, self.context["rules"])


class ReviewSignatureSerializer(serializers.Serializer):
    """Who signed an approval, when and with which meaning; `seal` binds it to what was signed."""

    printed_name = serializers.CharField()
    signed_at = serializers.DateTimeField()
    meaning = serializers.CharField()
    method = serializers.CharField()
    seal = serializers.CharField(help_text="SHA-256 over the review, its evidence and the signature.")
    is_intact = serializers.BooleanField(help_text="False: the database was changed since, and it does not count.")


class ReviewSerializer(serializers.ModelSerializer):
    """A recorded judgement and the evidence that it is about."""

    reviewer = person("reviewer")
    is_dismissed = serializers.BooleanField(
        read_only=True, help_text="Whether somebody lifted it, so that it no longer blocks."
    )

    signature = serializers.SerializerMethodField(help_text="Null where it is not signed: no token signs.")

    class Meta:
        model = Review
        fields: ClassVar = [
            "id",
            "reviewer",
            "verdict",
            "body",
            "champion_version",
            "evidence_fingerprint",
            "is_dismissed",
            "signature",
            "created_at",
        ]
        read_only_fields = fields

    @extend_schema_field(ReviewSignatureSerializer(allow_null=True))
    def get_signature(self, review: Review) -> dict[str, Any] | None:
        return dict(ReviewSignatureSerializer(review.signature).data) if hasattr(review, "signature") else None


class PromotionErrorSerializer(serializers.Serializer):
    """Why the promotion that an approval completed did not succeed."""

    error_code = serializers.CharField()
    message = serializers.CharField()


class ReviewOutcomeSerializer(ReviewSerializer):
    """A recorded judgement and what came of it; `promotion_error` is there only when a promotion failed."""

    promote_request = PromoteRequestSerializer(read_only=True)
    promotion_error = PromotionErrorSerializer(required=False)

    class Meta(ReviewSerializer.Meta):
        fields: ClassVar = [*ReviewSerializer.Meta.fields, "promote_request", "promotion_error"]
        read_only_fields = fields


class CheckSerializer(serializers.ModelSerializer):
    """A report of a check."""

    reporter = person("reporter")

    class Meta:
        model = Check
        fields: ClassVar = [
            "id",
            "name",
            "state",
            "summary",
            "details_url",
            "evidence_fingerprint",
            "reporter",
            "created_at",
        ]
        read_only_fields = fields


class CheckOutcomeSerializer(CheckSerializer):
    """A recorded report and what came of it; `promotion_error` is there only when a promotion failed."""

    promote_request = PromoteRequestSerializer(read_only=True)
    promotion_error = PromotionErrorSerializer(required=False)

    class Meta(CheckSerializer.Meta):
        fields: ClassVar = [*CheckSerializer.Meta.fields, "promote_request", "promotion_error"]
        read_only_fields = fields


class CommentSerializer(serializers.ModelSerializer):
    """A remark in a thread, as it says now."""

    author = person("author")
    thread = serializers.IntegerField(source="thread_id", read_only=True, help_text="The `id` of its thread.")
    body = serializers.CharField(source="text", read_only=True, help_text="Markdown; empty once it is deleted.")
    earlier = serializers.SerializerMethodField(
        help_text="Its former wordings, oldest first, but for those of a draft."
    )
    is_deleted = serializers.BooleanField(read_only=True)

    class Meta:
        model = Comment
        fields: ClassVar = ["id", "thread", "author", "body", "earlier", "is_deleted", "created_at"]
        read_only_fields = fields

    def get_earlier(self, comment: Comment) -> list[str]:
        return [text for text, _ in comment.earlier]


def api_url(promote_request: PromoteRequest) -> str:
    """Returns the full address of a request's resource in the API."""
    return absolute(reverse("promote_requests_api:detail", args=[promote_request.number]))
