"""What the charts of the pages are made of, as JSON for our own script: curves of two versions, a metric of all."""

from collections import defaultdict
from collections.abc import Callable
from functools import partial
from typing import Any

from django.http import HttpResponse, JsonResponse
from django.views.decorators.http import require_safe

from evidence.curves import Along, curve_of
from evidence.directions.overrides import directions_of
from evidence.metrics.logged import plain_metrics
from evidence.observe import Evidence
from evidence.recent.facts import facts_of
from foundation.database.side_by_side import side_by_side
from promote_requests import links
from promote_requests.choices import Status
from promote_requests.models import PromoteRequest
from promote_requests.pages.http import PageRequest, lists_of
from promote_requests.pages.metrics.measured import VERSIONS, measured_of
from promote_requests.sentences import destination
from promote_requests.services.moves.holders import changes_model
from registry import RegistryClient
from registry.exceptions import RegistryError
from registry.measurements import Logged, key_in
from registry.proposals import Change
from registry.targets import TargetKind
from registry.types import ModelVersion, RegisteredModel, VersionFacts
from registry.workspaces import canonical_workspace

LeftOut = dict[str, bool]
"""`is_cut`: the last values are not among those of a curve; `is_sampled`: those in between are not."""
Read = Callable[[RegistryClient, str, str], tuple[list[Logged], LeftOut]]

METRICS_OFFERED = 500
VALUES = 300_000
"""The first ones, of which a curve of every value is made; the chart says if later ones are left out."""


@require_safe
def curves(request: PageRequest) -> HttpResponse:
    """Answers with a metric over the steps of the runs of one or two versions, small enough for a screen."""
    workspace = canonical_workspace(request.GET.get("workspace", ""))
    asked = {name: request.GET.get(name, "") for name in ("model", "version", "with_model", "with", "metric")}
    registry, along = lists_of(workspace).registry, Along.TIME if request.GET.get("along") == "time" else Along.STEP
    read = _every_value if request.GET.get("every") else _some_values
    sides = [(asked["model"], asked["version"])]
    if asked["with"]:
        sides.insert(0, (asked["with_model"] or asked["model"], asked["with"]))
    try:
        drawn = side_by_side(
            [partial(_curve, registry, workspace, *side, asked["metric"], along, read) for side in sides]
        )
        series = [
            {"label": f"Version {version}" if name == asked["model"] else f"{name} version {version}", **curve}
            for (name, version), curve in zip(sides, drawn, strict=True)
        ]
        # As the comparison goes by it: the champion's model.
        directions = directions_of(lists_of(workspace).model(sides[0][0]), workspace=workspace)
    except RegistryError as failure:
        return JsonResponse({"message": failure.message}, status=failure.status)
    better = str(directions.of(asked["metric"]).direction)
    return JsonResponse({"metric": asked["metric"], "better": better, "series": series})


@require_safe
def over_versions(request: PageRequest) -> HttpResponse:
    """Answers with a metric of every version of a model as their runs have it last, and which of them hold or held."""
    workspace = canonical_workspace(request.GET.get("workspace", ""))
    name, metric = request.GET.get("model", ""), request.GET.get("metric", "")
    lists = lists_of(workspace)
    try:
        model = lists.model(name)
        measured = measured_of(lists, model)
    except RegistryError as failure:
        return JsonResponse({"message": failure.message}, status=failure.status)
    metrics, values = measured.metrics, measured.values
    metric = metric if metric in metrics else next(iter(metrics), "")
    former, asking = _once_held(workspace, name), _asking(workspace, name)
    points = [
        {
            "version": version.number,
            "value": values[version.version][metric],
            "marks": [
                *_marks(version, model, former, challenger=request.GET.get("version", "")),
                *asking.get(version.version, ()),
            ],
        }
        for version in reversed(measured.versions)
        if metric in values.get(version.version, {}) and _is_finite(values[version.version][metric])
    ]
    return JsonResponse(
        {
            "metric": metric,
            "metrics": metrics[:METRICS_OFFERED],
            "better": str(directions_of(model, workspace=workspace).of(key_in(metric)).direction),
            "points": points,
            "versions": len(measured.versions),
            "is_cut": measured.is_cut,
            "elsewhere": [point["version"] for point in points if str(point["version"]) in measured.elsewhere],
        }
    )


def context_of(evidence: Evidence, workspace: str) -> dict[str, Any]:
    """Returns what the charts of a page about this evidence need; nothing of prompts and of a model without metrics.

    A curve is offered for metrics with a value at a step behind 0: the others have one value.
    """
    new, champion = evidence.challenger, evidence.champion
    if new.prompt_text is not None:
        return {}
    sides = [facts for facts in (new, champion) if facts is not None]
    measured = [found for facts in sides for found in plain_metrics(facts).values()]
    keys = dict.fromkeys(found.key for found in measured if found.step > 0)
    old = (
        None
        if champion is None or champion.version == new.version
        else (champion.version.name, champion.version.version)
    )
    return {
        "curve_metrics": sorted(keys, key=str.casefold)[:METRICS_OFFERED],
        "curves_url": links.curves_path((new.version.name, new.version.version), old, workspace),
        "version_metrics": sorted({found.key for found in measured}, key=str.casefold)[:METRICS_OFFERED],
        "versions_url": links.versions_path(new.version.name, new.version.version, workspace) if measured else "",
    }


def _curve(
    registry: RegistryClient, workspace: str, name: str, version: str, metric: str, along: Along, read: Read
) -> dict[str, Any]:
    facts = facts_of(registry, name, version, workspace=workspace, recent=True)
    found, left_out = read(registry, _run_of(facts, metric), metric)
    return {**curve_of(found, along=along).as_dict(), **left_out}


def _some_values(registry: RegistryClient, run_id: str, metric: str) -> tuple[list[Logged], LeftOut]:
    """As MLflow chooses them for its own charts: at once, however many there are."""
    found = registry.metric_sample(run_id, metric)
    return found.points, {"is_cut": False, "is_sampled": not found.is_whole}


def _every_value(registry: RegistryClient, run_id: str, metric: str) -> tuple[list[Logged], LeftOut]:
    found = registry.metric_history(run_id, metric, limit=VALUES + 1)
    return found[:VALUES], {"is_cut": len(found) > VALUES, "is_sampled": False}


def _run_of(facts: VersionFacts, metric: str) -> str:
    """Returns the run whose figures are the version's: what made its files, or else logged for its logged model."""
    if run_id := facts.made_by or facts.version.run_id:
        return run_id
    measured = facts.metrics.get(metric)
    return measured.run_id if measured else ""


def _marks(version: ModelVersion, model: RegisteredModel, former: set[str], *, challenger: str) -> list[str]:
    marks = [version.stage] if version.stage in ("Production", "Staging") else []
    marks += [f"@{alias}" for alias in sorted(model.aliases) if model.aliases[alias] == version.version]
    if not marks and version.version in former:
        marks.append("former champion")
    return [*marks, *(["challenger"] if version.version == challenger else [])]


def _once_held(workspace: str, name: str) -> set[str]:
    promoted = PromoteRequest.objects.filter(
        changes_model(name), workspace=workspace, status=Status.PROMOTED, change=Change.SET
    )
    # MLflow itself does not say which copy is in use, as it does of stages and aliases.
    promoted = promoted.exclude(target_kind=TargetKind.MODEL, holds_target=True)
    found = promoted.order_by("-promoted_at").only("version", "promoted_version")[:VERSIONS]
    return {one.held_version for one in found}


def _asking(workspace: str, name: str) -> dict[str, list[str]]:
    """Returns {version: what the open requests ask for it}; drafts are their authors' alone."""
    asking: defaultdict[str, list[str]] = defaultdict(list)
    found = PromoteRequest.objects.filter(workspace=workspace, model_name=name, status=Status.OPEN)
    for one in found.defer("description", "gate_results").order_by("number")[:VERSIONS]:
        asking[one.version].append(f"#{one.number} to {destination(one.proposal)}")
    return asking


def _is_finite(value: Any) -> bool:
    return isinstance(value, float | int) and abs(value) < float("inf")
