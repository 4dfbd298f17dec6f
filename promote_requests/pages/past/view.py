"""What was judged, and what is different in MLflow since then."""

from dataclasses import replace
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from evidence.compare import compare
from evidence.contents.reading import with_files
from evidence.digests.taking import key_of, with_digests
from evidence.freeze import UnreadableEvidence
from evidence.kept import load, load_with_time
from evidence.observe import Evidence
from promote_requests.models import PromoteRequest
from promote_requests.pages import detail
from promote_requests.pages.http import Missing, PageRequest, rows_asked_for
from promote_requests.pages.shown import compared
from registry import get_registry
from registry.exceptions import RegistryError, RegistryNotFound
from registry.lists import described
from registry.proposals import Change
from registry.types import VersionFacts

_CHALLENGER, _CHAMPION = "challenger", "champion"


@require_safe
def judged(request: PageRequest, number: int, digest: str) -> HttpResponse:
    """Shows evidence as it was kept; its address always shows the same, or says that somebody changed it."""
    promote_request = detail.find(request, number)
    _require_named(promote_request, digest)
    context: dict[str, Any] = {"shown": promote_request, "workspace": promote_request.workspace, "digest": digest}
    context |= rows_asked_for(request)
    try:
        evidence, observed_at = load_with_time(digest)
    except UnreadableEvidence as failure:
        return render(request, "promote_requests/judged.html", {**context, "failure": failure}, status=failure.status)
    reviews = [review for review in promote_request.reviews.all() if review.evidence_digest == digest]
    context |= {
        "evidence": evidence,
        "comparison": compared.comparison_of(evidence),
        "challenger_links": compared.links_of(evidence.challenger, promote_request.workspace),
        "champion_links": compared.links_of(evidence.champion, promote_request.workspace),
        "reviews": reviews,
        "kept_at": observed_at,
        "pictures": compared.pictures_judged(promote_request, evidence, observed_at),
        "since": reverse("promote_requests:since", args=[number, digest]),
        "as_it_is_now": compared.present_path(promote_request, evidence),
        "is_removal": promote_request.change == Change.REMOVE,
    }
    return render(request, "promote_requests/judged.html", context)


@require_safe
def since(request: PageRequest, number: int, digest: str) -> HttpResponse:
    """Shows a version as it was judged beside the same version as MLflow has it now."""
    promote_request = detail.find(request, number)
    _require_named(promote_request, digest)
    context: dict[str, Any] = {"shown": promote_request, "workspace": promote_request.workspace, "digest": digest}
    context |= rows_asked_for(request)
    try:
        judged_on = load(digest)
    except UnreadableEvidence as failure:
        return render(request, "promote_requests/since.html", {**context, "failure": failure}, status=failure.status)
    is_champion = request.GET.get("side") == _CHAMPION and judged_on.champion is not None
    then = judged_on.champion if is_champion and judged_on.champion is not None else judged_on.challenger
    context |= {"then": then, "side": _CHAMPION if is_champion else _CHALLENGER, "has_champion": judged_on.champion}
    try:
        now = _present(then, workspace=promote_request.workspace)
    except RegistryNotFound:
        return render(request, "promote_requests/since.html", {**context, "is_lost": True})
    except RegistryError as failure:
        return render(request, "promote_requests/since.html", {**context, "failure": failure}, status=failure.status)
    context |= {
        "is_another": key_of("", now.version) != key_of("", then.version),
        # Only its present files can be shown.
        "evidence": Evidence(now),
        "comparison": compare(now, then, judged_on.directions),
        "left": "As judged",
        "right": "Now",
    }
    return render(request, "promote_requests/since.html", context)


def _present(then: VersionFacts, *, workspace: str) -> VersionFacts:
    """Returns what MLflow has of a version now, with as much of its files as was looked at then."""
    registry = get_registry(workspace)
    name, version = then.version.name, then.version.version
    model = described(registry, name, workspace=workspace)
    facts = replace(registry.get_facts(name, version), model_description=model.description)
    # What is on Checkpoint's own record is not MLflow's to change; a promotion itself adds to it.
    found = Evidence(replace(facts, makers=then.makers, held_since=then.held_since))
    contents, trees = then.contents is not None, then.tree is not None
    found = with_files(registry, found, workspace=workspace, contents=contents, trees=trees, fresh=True)
    return with_digests(found, workspace=workspace).challenger


def _require_named(promote_request: PromoteRequest, digest: str) -> None:
    """Raises Missing unless something of the request was judged on this evidence."""
    named = {promote_request.evidence_digest, *(review.evidence_digest for review in promote_request.reviews.all())}
    if not digest or digest not in named:
        raise Missing(f"Nothing of #{promote_request.number} was judged on evidence of this name.")
