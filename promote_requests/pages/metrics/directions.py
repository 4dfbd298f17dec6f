"""The page on which somebody sets which values of a model's metrics are better."""

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from accounts.identity import confirmation
from audit.actors import Door, actor_of
from evidence.directions.overrides import directions_of
from evidence.directions.wanted import BY_NAME, SAID, Source, Wanted, from_tags, tag_of
from evidence.pages import number_of, shown
from foundation.exceptions import CheckpointError
from promote_requests import links, sentences, services
from promote_requests.pages.http import Missing, PageRequest, lists_of
from promote_requests.pages.metrics.measured import measured_of
from registry.exceptions import RegistryError, RegistryNotFound
from registry.measurements import key_in
from registry.workspaces import canonical_workspace

METRICS_SHOWN = 200


@dataclass(frozen=True, slots=True)
class MetricDirectionRow:
    """A metric of a model.

    Attributes:
        key: The metric's.
        wanted: What holds, and where it comes from.
        set_here: What somebody set here, as a form says it; "" for nothing.
        otherwise: What would hold if nobody had set anything here.
        unread_tag: What a tag of the model says that means nothing.
    """

    key: str
    wanted: Wanted
    set_here: str
    otherwise: Wanted
    unread_tag: str


@require_http_methods(["GET", "HEAD", "POST"])
@confirmation.confirmed
def metric_directions(request: PageRequest) -> HttpResponse:
    """Shows the metrics of a model with the direction of each and where it comes from, and sets one by POST."""
    if request.method != "POST":
        return _page(request, request.GET.get("model", ""), canonical_workspace(request.GET.get("workspace", "")))
    name, workspace = request.POST.get("model_name", ""), canonical_workspace(request.POST.get("workspace", ""))
    try:
        services.set_direction(
            actor=actor_of(request, Door.PAGE),
            model_name=name,
            metric=request.POST.get("metric", ""),
            direction=request.POST.get("direction", ""),
            workspace=workspace,
        )
    except CheckpointError as failure:
        return _page(request, name, workspace, failure=failure)
    messages.success(request, sentences.direction_saved(request.POST.get("metric", "")))
    return redirect(links.directions_path(name, workspace, request.GET.get("q", "")))


def _page(request: PageRequest, name: str, workspace: str, failure: CheckpointError | None = None) -> HttpResponse:
    text = request.GET.get("q", "").strip()
    context: dict[str, Any] = {
        "name": name,
        "workspace": workspace,
        "text": text,
        "failure": failure,
        "limit": METRICS_SHOWN,
    }
    lists = lists_of(workspace)
    try:
        model = lists.registry.get_model(name)
        measured = measured_of(lists, model)
    except RegistryNotFound:
        raise Missing(f"There is no registered model or prompt {name!r} in MLflow.") from None
    except RegistryError as away:
        return render(request, "promote_requests/directions.html", {**context, "away": away}, status=away.status)
    directions, by_tag = directions_of(model, workspace=workspace), from_tags(model.tags)
    keys = sorted({*map(key_in, measured.metrics), *directions.known}, key=str.casefold)
    found = [key for key in keys if text.lower() in key.lower()]
    rows = []
    page = shown(found, number_of(request.GET["all"]) if "all" in request.GET else 0, first=METRICS_SHOWN)
    for key in page.rows:
        wanted, said = directions.of(key), model.tags.get(tag_of(key), "")
        set_here = wanted.word if wanted.source is Source.PAGE else ""
        unread = "" if key in by_tag else said
        rows.append(MetricDirectionRow(key, wanted, set_here, by_tag.get(key) or BY_NAME.of(key), unread))
    context |= {
        "rows": rows,
        "shown": page,
        "refusal": services.direction_refusal(actor_of(request, Door.PAGE), name, workspace=workspace),
        "choices": tuple(SAID),
    }
    return render(request, "promote_requests/directions.html", context, status=failure.status if failure else 200)
