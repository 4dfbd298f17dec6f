"""The rules as people read them, and what each did or would have done."""

from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from foundation.database.bounded import BoundedPaginator
from foundation.exceptions import InvalidInput
from promote_requests.pages.http import PageRequest
from promote_requests.sentences import needs
from promote_requests.services import requirement_for_proposal
from protection import insights
from protection.asked.able import could_approve
from protection.choices import Outcome
from protection.matching import Requirement
from protection.models import FreezeWindow, Ownership, ProtectionRule, RuleInsight
from protection.references import People
from registry.proposals import Proposal
from registry.targets import Target, TargetKind
from registry.workspaces import canonical_workspace

PER_PAGE = 50


@require_safe
def rule_list(request: PageRequest) -> HttpResponse:
    """Shows every rule, freeze window and owner; of a model and target that are asked for, what applies and why."""
    asked = {name: request.GET.get(name, "").strip() for name in ("model", "target", "workspace")}
    rules = _all_rules()
    forecasts = insights.forecasts(rule for rule in rules if not rule.is_active)
    context: dict[str, Any] = {
        "asked": asked,
        "rules": [(rule, forecasts.get(rule.pk, "")) for rule in rules],
        "freezes": FreezeWindow.objects.all(),
        "ownership": [(row, People.parse(row.people, field="people")) for row in Ownership.objects.all()],
    }
    if not asked["target"]:
        return render(request, "promote_requests/rules/list.html", context)
    try:
        requirement = _applying(**asked)
    except InvalidInput as wrong:
        return render(request, "promote_requests/rules/list.html", {**context, "failure": wrong}, status=wrong.status)
    able = list(could_approve(requirement.conditions))
    # A copy goes by the model that it goes into, which its target names.
    is_any_model = not asked["model"] and Target.parse(asked["target"]).kind != TargetKind.MODEL
    context |= {"requirement": requirement, "needs": needs(requirement), "able": able, "is_any_model": is_any_model}
    return render(request, "promote_requests/rules/list.html", context)


@require_safe
def rule_insights(request: PageRequest) -> HttpResponse:
    """Shows each judged call and promotion by rule, the newest first, and how many there were on each day."""
    asked = {name: request.GET.get(name, "").strip() for name in ("rule", "outcome", "actor")}
    found = RuleInsight.objects.all()
    if asked["rule"].isascii() and asked["rule"].isdigit() and len(asked["rule"]) <= 18:
        found = found.filter(rule_id=int(asked["rule"]))
    if asked["outcome"] in Outcome.values:
        found = found.filter(outcome=asked["outcome"])
    if asked["actor"]:
        found = found.filter(actor_name__iexact=asked["actor"])
    page = BoundedPaginator(found, PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "asked": asked,
        "page": page,
        "page_query": urlencode({name: value for name, value in asked.items() if value}),
        "rules": _all_rules(),
        "outcomes": Outcome.choices,
        "days": [(day, _labelled(counts)) for day, counts in insights.per_day(found)],
        "shown_days": insights.SHOWN_DAYS,
    }
    return render(request, "promote_requests/rules/insights.html", context)


def _labelled(counts: dict[str, int]) -> list[tuple[str, int]]:
    return [(label, counts[value]) for value, label in Outcome.choices]


def _all_rules() -> list[ProtectionRule]:
    return list(ProtectionRule.objects.all())


def _applying(*, model: str, target: str, workspace: str) -> Requirement:
    """Returns what applies to a target of a model, for a request that archives others where its stage usually does.

    Raises:
        InvalidInput: there can be no such target or workspace.
    """
    return requirement_for_proposal(Proposal(model, "", Target.parse(target), workspace=canonical_workspace(workspace)))
