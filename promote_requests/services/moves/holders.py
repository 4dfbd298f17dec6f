"""Who holds which target, by Checkpoint's own record of promotions."""

from django.db.models import Q

from promote_requests.models import PromoteRequest
from promote_requests.querysets import PromoteRequestQuerySet
from registry.names import key_of
from registry.proposals import Change
from registry.targets import TargetKind

NOT_SHOWN = ("gate_results", "description", "judged_by")
"""What lists of holders do not load."""


def same_target(promote_request: PromoteRequest, *, in_any_spelling: bool = False) -> PromoteRequestQuerySet:
    """Returns the requests for the same target: of the same model, or for a copy into the same one.

    Spelled as it is, as MLflow shows it: by most databases two versions have two aliases that differ in case alone, and
    what is said of one is not true of the other. Where that would let anybody off, any spelling counts.
    """
    found = PromoteRequest.objects.filter(workspace=promote_request.workspace, target_kind=promote_request.target_kind)
    if in_any_spelling:
        found = found.filter(target_key=key_of(promote_request.target_name))
    else:
        found = found.filter(target_name=promote_request.target_name)
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
    return PromoteRequest.objects.filter(holds_target=True)


def note_holder(promoted: PromoteRequest) -> None:
    """Writes who holds a target since a promotion, in the transaction that records it."""
    left = [same_target(promoted)]
    if promoted.target_kind in (TargetKind.STAGE, TargetKind.STATUS):
        left.append(moves_of(promoted))  # the version has one of them at a time
    for found in left:
        found.filter(holds_target=True).exclude(pk=promoted.pk).update(holds_target=False)
    if promoted.change == Change.SET and promoted.target.has_champion:
        PromoteRequest.objects.filter(pk=promoted.pk).update(holds_target=True)
        promoted.holds_target = True


def changes_model(model_name: str) -> Q:
    """Returns the condition for requests that change a model: copies into it, and what is asked of its versions."""
    is_copy = Q(target_kind=TargetKind.MODEL)
    return is_copy & Q(target_name=model_name) | ~is_copy & Q(model_name=model_name)


def held_by_model(workspace: str, model_name: str) -> PromoteRequestQuerySet:
    """Returns `holding` of one model, for copies of the model that holds them, with people and without documents."""
    found = holding().filter(changes_model(model_name))
    return found.filter(workspace=workspace).select_related("author", "undoes").defer(*NOT_SHOWN).order_by("-number")
