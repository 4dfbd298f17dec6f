"""Who holds which target, by Checkpoint's own record of promotions."""

from django.db.models import Exists, OuterRef, Q

from promote_requests.choices import Status
from promote_requests.models import PromoteRequest
from promote_requests.querysets import PromoteRequestQuerySet
from registry.proposals import Change
from registry.targets import ACTIVE_STAGES, ACTIVE_STATUSES, TargetKind

NOT_SHOWN = ("gate_results", "description", "judged_by")
"""What lists of holders do not load."""


def same_target(promote_request: PromoteRequest) -> PromoteRequestQuerySet:
    """Returns the requests for the same target: of the same model, or for a copy into the same one."""
    found = PromoteRequest.objects.filter(
        workspace=promote_request.workspace,
        target_kind=promote_request.target_kind,
        target_name=promote_request.target_name,
    )
    if promote_request.target_kind == TargetKind.MODEL:
        return found
    return found.filter(model_name=promote_request.model_name)


def moves_of(promote_request: PromoteRequest) -> PromoteRequestQuerySet:
    """Returns the requests that give the same version another stage, or another status."""
    return PromoteRequest.objects.for_version(
        promote_request.workspace, promote_request.model_name, promote_request.version
    ).filter(target_kind=promote_request.target_kind)


def holding() -> PromoteRequestQuerySet:
    """Returns the promoted requests by which a version has a target now, as far as Checkpoint has seen to it.

    Of each target the last one, unless a later request took the version elsewhere or the target away. What somebody
    changed in MLflow past Checkpoint is not known here.
    """
    later = PromoteRequest.objects.filter(
        status=Status.PROMOTED, workspace=OuterRef("workspace"), promoted_at__gt=OuterRef("promoted_at")
    )
    same_model = Q(model_name=OuterRef("model_name"))
    taken = later.filter(
        Q(target_kind=TargetKind.MODEL) | same_model,
        target_kind=OuterRef("target_kind"),
        target_name=OuterRef("target_name"),
    )
    moved = later.filter(
        same_model,
        target_kind__in=[TargetKind.STAGE, TargetKind.STATUS],
        target_kind=OuterRef("target_kind"),
        version=OuterRef("version"),
    )
    found = PromoteRequest.objects.filter(status=Status.PROMOTED, change=Change.SET)
    return found.filter(_has_champion()).filter(~Exists(taken), ~Exists(moved))


def _has_champion() -> Q:
    """Returns the condition that a target is one that is held: not Archived, None, draft or deprecated."""
    return (
        Q(target_kind__in=[TargetKind.ALIAS, TargetKind.MODEL])
        | Q(target_kind=TargetKind.STAGE, target_name__in=ACTIVE_STAGES)
        | Q(target_kind=TargetKind.STATUS, target_name__in=ACTIVE_STATUSES)
    )


def held_by_model(workspace: str, model_name: str) -> PromoteRequestQuerySet:
    """Returns `holding` of one model, for copies of the model that holds them, with people and without documents."""
    is_copy = Q(target_kind=TargetKind.MODEL, target_name=model_name)
    found = holding().filter(is_copy | ~Q(target_kind=TargetKind.MODEL) & Q(model_name=model_name))
    return found.filter(workspace=workspace).select_related("author", "undoes").defer(*NOT_SHOWN).order_by("-number")
