"""What a model's page shows of the versions in use: by which request, the way back, when they are due for review."""

from dataclasses import dataclass

from promote_requests import links
from promote_requests.models import PromoteRequest
from promote_requests.pages.moves.shown import take_away
from promote_requests.services.moves.champions import Champion, champions
from promote_requests.services.moves.holders import held_by_model
from protection.rulebook import rulebook
from registry.targets import TargetKind


@dataclass(frozen=True, slots=True)
class InUse:
    """A target of a model that a version holds, by Checkpoint's own record.

    Attributes:
        promote_request: By which it got there.
        due: When a rule wants it to be reviewed again; None for never.
        demotion: The address of the form that asks for it to be taken out of use; "" for a copy.
        can_go_back: Whether there is a way back to open.
    """

    promote_request: PromoteRequest
    due: Champion | None
    demotion: str
    can_go_back: bool


def in_use(workspace: str, model_name: str) -> list[InUse]:
    """Returns what is in use of a model, the latest promotion first, in three queries however much it is."""
    held = held_by_model(workspace, model_name)
    due = {champion.promote_request.pk: champion for champion in champions(rulebook(), held)}
    shown = []
    for one in held:
        away = take_away(one)
        demotion = links.form_path(away) if away is not None else ""
        shown.append(InUse(one, due.get(one.pk), demotion, one.target_kind != TargetKind.MODEL))
    return shown
