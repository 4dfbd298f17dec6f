"""What somebody set here of a model's metrics, and all that holds for a model."""

from typing import Any

from django.utils import timezone

from evidence.directions.wanted import SAID, Directions, Source, Wanted, from_tags
from evidence.models import MetricDirection
from registry.types import RegisteredModel

LONGEST_KEY = 250
"""Characters of a metric's key in MLflow."""


def directions_of(model: RegisteredModel, *, workspace: str) -> Directions:
    """Returns which values of a model's metrics are better: as set here, as its tags say, as the names tell."""
    return Directions({**from_tags(model.tags), **set_here(model.name, workspace=workspace)})


def set_here(model_name: str, *, workspace: str) -> dict[str, Wanted]:
    """Returns {metric: what somebody set here}. One query."""
    rows = MetricDirection.objects.filter(workspace=workspace, model_name=model_name).select_related("set_by")
    return {row.metric: Wanted(SAID[row.direction], Source.PAGE, row.set_by.get_username(), row.set_at) for row in rows}


def rename(workspace: str, former: str, present: str) -> None:
    """Lets what was set for a model hold under its new name, in three statements.

    MLflow gives the name away only where no model has it: what is set for a model of that name that is gone, ends.
    """
    of_workspace = MetricDirection.objects.filter(workspace=workspace)
    of_former = of_workspace.filter(model_name=former)
    if of_former.exists():  # or it was renamed already
        of_workspace.filter(model_name=present).delete()
        of_former.update(model_name=present)


def write(model_name: str, metric: str, direction: str, *, user_id: int, workspace: str) -> None:
    """Sets one of `SAID` for a metric, or with "" what somebody set away. The caller asks whether it may."""
    of_metric: dict[str, Any] = {"workspace": workspace, "model_name": model_name, "metric": metric}
    if not direction:
        MetricDirection.objects.filter(**of_metric).delete()
        return
    MetricDirection.objects.update_or_create(
        **of_metric, defaults={"direction": direction, "set_by_id": user_id, "set_at": timezone.now()}
    )
