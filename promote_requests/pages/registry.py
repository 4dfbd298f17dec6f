"""The pages of MLflow's models and versions, with the requests for them."""

from collections import defaultdict
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

from django.db.models import Count
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from evidence.compare import compare_evidence
from evidence.contents.reading import with_files
from evidence.digests.taking import with_digests
from evidence.inspection.looking import findings_of, inspection_of
from evidence.observe import observe_both
from foundation.texts import storable_text
from notifications.people.subscriptions import standing_of
from promote_requests import links
from promote_requests.inbox import overdue
from promote_requests.models import PromoteRequest
from promote_requests.pages import charts
from promote_requests.pages.http import Missing, PageRequest, lists_of, rows_asked_for
from promote_requests.pages.moves.in_use import in_use
from promote_requests.pages.shown import compared
from registry import screens
from registry.exceptions import RegistryError, RegistryNotFound
from registry.lists import Lists
from registry.targets import ACTIVE_STAGES
from registry.types import ModelVersion, RegisteredModel, is_version_number
from registry.workspaces import canonical_workspace

MODELS_SHOWN = 200
VERSIONS_SHOWN = 50
_OFFERED = 12
FOLLOW_UPS_SHOWN = 50


@dataclass(frozen=True, slots=True)
class ModelRow:
    """A model, and the number of unfinished requests for its versions."""

    model: RegisteredModel
    open_requests: int


@dataclass(frozen=True, slots=True)
class VersionRow:
    """A version, the unfinished requests for it, and links to its screen, a new request and a comparison."""

    version: ModelVersion
    requests: list[PromoteRequest]
    mlflow: str
    form: str
    compare: str


@require_safe
def model_list(request: PageRequest) -> HttpResponse:
    """Shows the registered models and prompts; if MLflow does not answer, a page that says so."""
    text, workspace = request.GET.get("q", "").strip(), canonical_workspace(request.GET.get("workspace", ""))
    context = {"text": text, "workspace": workspace, "workspaces": _workspaces([workspace]), "limit": MODELS_SHOWN}
    lists = lists_of(workspace)
    try:
        models = lists.models(text, limit=MODELS_SHOWN)
        context["workspaces"] = _workspaces([workspace, *lists.workspaces()])
    except RegistryError as failure:
        return render(request, "promote_requests/models.html", {**context, "failure": failure}, status=failure.status)
    unfinished = PromoteRequest.objects.unfinished().visible_to(request.user.pk).filter(workspace=workspace).order_by()
    counted = dict(unfinished.values_list("model_name").annotate(Count("pk")))
    rows = [ModelRow(model, counted.get(model.name, 0)) for model in models]
    return render(request, "promote_requests/models.html", {**context, "rows": rows})


def _workspaces(others: list[str]) -> list[str]:
    """Returns the workspaces that requests are about, and others that are known."""
    asked_about = PromoteRequest.objects.submitted().order_by().values_list("workspace", flat=True).distinct()
    return sorted({"", *others, *asked_about})


@require_safe
def model_page(request: PageRequest, name: str) -> HttpResponse:
    """Shows a model's versions with their stages and aliases, the requests for them, and what is overdue."""
    if name != storable_text(name):
        raise Missing(f"There is no registered model or prompt {name!r} in MLflow.")
    workspace = canonical_workspace(request.GET.get("workspace", ""))
    lists = lists_of(workspace)
    below = _number(request.GET.get("below", ""))
    standing = standing_of(request.user.pk, number=None, workspace=workspace, model_name=name)
    context: dict[str, Any] = {
        "name": name,
        "workspace": workspace,
        "below": below,
        "standing": standing,
        "follow_ups": overdue(workspace, name, reader=request.user)[:FOLLOW_UPS_SHOWN],
    }
    try:
        model = lists.model(name)
        found = lists.versions(model, limit=VERSIONS_SHOWN + 1, below=below)
    except RegistryNotFound:
        raise Missing(f"There is no registered model, prompt, skill or MCP server {name!r} in MLflow.") from None
    except RegistryError as failure:
        return render(request, "promote_requests/model.html", {**context, "failure": failure}, status=failure.status)
    versions = found[:VERSIONS_SHOWN]
    is_more = len(found) > VERSIONS_SHOWN and is_version_number(versions[-1].version)
    context["older_below"] = versions[-1].version if is_more else ""
    asked = defaultdict(list)
    unfinished = PromoteRequest.objects.unfinished().visible_to(request.user.pk)
    for promote_request in unfinished.filter(workspace=workspace, model_name=name):
        asked[promote_request.version].append(promote_request)
    context["model"] = model
    context["in_use"] = in_use(workspace, name)
    context["versions_url"] = "" if model.is_prompt else links.versions_path(name, "", workspace)
    context["directions_url"] = "" if model.is_prompt else links.directions_path(name, workspace)
    context["mlflow"] = screens.mlflow_model(name, is_prompt=model.is_prompt, workspace=workspace)
    context["rows"] = [
        VersionRow(
            version,
            asked[version.version],
            screens.mlflow_version(name, version.version, is_prompt=model.is_prompt, workspace=workspace),
            links.form_path_for_version(name, version.version, workspace),
            links.compare_path(name, version.version, older.version, workspace) if older else "",
        )
        for version, older in zip_longest(versions, found[1 : VERSIONS_SHOWN + 1])
    ]
    return render(request, "promote_requests/model.html", context)


@require_safe
def compare_versions(request: PageRequest) -> HttpResponse:
    """Shows any two versions side by side, without a request; its address can be sent to others."""
    workspace = canonical_workspace(request.GET.get("workspace", ""))
    asked = {name: request.GET.get(name, "").strip() for name in ("model", "version", "with_model", "with")}
    context = {"asked": asked, "workspace": workspace, "is_asked": bool(asked["model"] and asked["version"])}
    context |= rows_asked_for(request)
    if not (context["is_asked"] and asked["with"]):
        if context["is_asked"]:
            context["offers"] = _offers(lists_of(workspace), asked["model"], asked["version"], workspace)
        return render(request, "promote_requests/compare.html", context)
    registry = lists_of(workspace).registry
    old = (asked["with_model"] or asked["model"], asked["with"])
    new = (asked["model"], asked["version"])
    try:
        evidence = observe_both(registry, new, old, workspace=workspace)
        evidence = with_digests(with_files(registry, evidence, workspace=workspace), workspace=workspace)
    except RegistryError as failure:
        return render(request, "promote_requests/compare.html", {**context, "failure": failure}, status=failure.status)
    is_one_model = old[0] == new[0]
    left, right = (f"Version {one[1]}" if is_one_model else f"{one[0]} version {one[1]}" for one in (old, new))
    context |= {
        "evidence": evidence,
        "comparison": compare_evidence(evidence),
        "left": left,
        "right": right,
        "inspections": [
            {"of": who, "made": made, "findings": findings_of(made)}
            for who, facts in ((right, evidence.challenger), (left, evidence.champion))
            if facts is not None and (made := inspection_of(workspace, facts.version)) is not None
        ],
        "old_links": compared.links_of(evidence.champion, workspace),
        "new_links": compared.links_of(evidence.challenger, workspace),
        "form": links.form_path_for_version(*new, workspace),
        **charts.context_of(evidence, workspace),
    }
    return render(request, "promote_requests/compare.html", context)


def _offers(lists: Lists, name: str, version: str, workspace: str) -> list[tuple[str, str]]:
    """Returns (what, address) of the comparisons with whoever holds a stage or an alias; none where MLflow is away."""
    try:
        model = lists.model(name)
    except RegistryError:
        return []
    marks = defaultdict(list)
    for stage, holder in sorted(model.newest.items()):
        if stage in ACTIVE_STAGES:
            marks[holder].append(stage)
    for alias, holder in sorted(model.aliases.items()):
        marks[holder].append(f"@{alias}")
    return [
        (f"version {holder} ({', '.join(held)})", links.compare_path(name, version, holder, workspace))
        for holder, held in marks.items()
        if holder != version
    ][:_OFFERED]


def _number(text: str) -> int:
    """Returns a version's number; 0 for any other text."""
    return int(text) if is_version_number(text) else 0
