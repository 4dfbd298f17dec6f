"""Sets which values of a metric are better in a model, where neither its name nor a tag says so rightly."""

from django.db import transaction

from audit import trail
from audit.actors import Actor
from audit.choices import AuditAction
from audit.trail import About
from evidence.directions.overrides import LONGEST_KEY, set_here, write
from evidence.directions.wanted import SAID
from foundation.exceptions import InvalidInput, NotAllowed
from foundation.texts import storable_text
from promote_requests import permissions, sentences
from promote_requests.querysets import PromoteRequestQuerySet, own_of
from promote_requests.services.reading import keeping_their_version
from registry import get_registry
from registry.exceptions import RegistryNotFound
from registry.workspaces import canonical_workspace

PERMISSION = "evidence.change_metricdirection"


def direction_refusal(actor: Actor, model_name: str, *, workspace: str) -> str:
    """Returns why `actor` may not set directions for a model, or "" if they may."""
    if not actor.has_perm(PERMISSION):
        return "Only people with the permission to change metric directions can do this."
    theirs = own_of(actor.user_id)
    own = judged_by_directions_of(model_name, workspace=workspace).filter(theirs).first()
    return sentences.author_sets_no_direction(own) if own else ""


def judged_by_directions_of(model_name: str, *, workspace: str) -> PromoteRequestQuerySet:
    """Returns the requests that are open or being promoted and judged by what holds for this model's metrics."""
    return keeping_their_version().about_model(workspace, model_name)


@trail.records_refusals
def set_direction(*, actor: Actor, model_name: str, metric: str, direction: str, workspace: str = "") -> None:
    """Sets which values of a metric are better, for every comparison from now on; what was judged stays as judged.

    An open request says so in its timeline, and approvals of what was shown before no longer count. Its author cannot
    do this: they would turn what they are judged by.

    Args:
        actor: Who says so.
        model_name: The registered model.
        metric: Its key in MLflow, without a data set.
        direction: `higher`, `lower` or `none`; "" takes back what somebody set here.
        workspace: The model's; the default one may have either of its names.

    Raises:
        InvalidInput: there is no such model, or no metric or direction is called so.
        NotAllowed: no permission, or the actor made a request that is judged by it.
        RegistryError: MLflow cannot be asked.
    """
    permissions.require_active(actor)
    workspace = canonical_workspace(workspace)
    if refusal := direction_refusal(actor, model_name, workspace=workspace):
        raise NotAllowed(refusal)
    if not 0 < len(metric) <= LONGEST_KEY or metric != storable_text(metric):
        raise InvalidInput(f"A metric's name has 1 to {LONGEST_KEY} characters.", field="metric")
    if direction and direction not in SAID:
        raise InvalidInput("Say which values are better: higher, lower or none.", field="direction")
    try:
        get_registry(workspace).get_model(model_name)
    except RegistryNotFound:
        raise InvalidInput(f"There is no registered model {model_name!r}.", field="model_name") from None
    with transaction.atomic():
        before = set_here(model_name, workspace=workspace).get(metric)
        if (before.word if before else "") == direction:
            return
        write(model_name, metric, direction, user_id=actor.account.pk, workspace=workspace)
        said = sentences.direction_set(metric, before.word if before else "", direction)
        trail.record(AuditAction.DIRECTION_SET, about=About(workspace, model_name), reason=said, actor=actor)
        for promote_request in judged_by_directions_of(model_name, workspace=workspace):
            trail.record(AuditAction.DIRECTION_SET, about=promote_request.about, reason=said, actor=actor)
