"""The rules as people read them, and what each did or would have done."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.contrib.auth import get_user_model
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from foundation.exceptions import InvalidInput
from promote_requests.pages.http import PageRequest
from promote_requests.sentences import needs
from protection import insights
from protection.choices import Outcome
from protection.conditions.approvers import Approvers
from protection.conditions.owners import Owners
from protection.matching import Requirement, requirement_for
from protection.models import FreezeWindow, Ownership, ProtectionRule, RuleInsight
from protection.people import able
from protection.references import People
from protection.rulebook import rulebook
from registry.targets import Target
from registry.workspaces import canonical_workspace

PER_PAGE = 50
NAMED = 20
"""The most people that the page names of those who could approve."""


@dataclass(frozen=True, slots=True)
class Able:
    """Who could give an approval that is asked for today.

    Attributes:
        asked: What they are asked for, in words.
        names: Of the accounts that can sign in, the first `NAMED`.
        more: How many others.
    """

    asked: str
    names: list[str]
    more: int


@require_safe
def rule_list(request: PageRequest) -> HttpResponse:
    """Shows every rule, freeze window and owner; of a model and target that are asked for, what applies and why."""
    asked = {name: request.GET.get(name, "").strip() for name in ("model", "target", "workspace")}
    context: dict[str, Any] = {
        "asked": asked,
        "rules": [(rule, insights.forecast(rule) if not rule.is_active else "") for rule in _all_rules()],
        "freezes": FreezeWindow.objects.all(),
        "ownership": [(row, People.parse(row.people, field="people")) for row in Ownership.objects.all()],
    }
    if not asked["target"]:
        return render(request, "promote_requests/rules/list.html", context)
    try:
        requirement = _applying(**asked)
    except InvalidInput as wrong:
        return render(request, "promote_requests/rules/list.html", {**context, "failure": wrong}, status=wrong.status)
    context |= {"requirement": requirement, "needs": needs(requirement), "able": list(_who_could(requirement))}
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
    page = Paginator(found, PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "asked": asked,
        "page": page,
        "page_query": urlencode({name: value for name, value in asked.items() if value}),
        "rules": _all_rules(),
        "outcomes": Outcome.choices,
        "days": [(day, list(counts.values())) for day, counts in insights.per_day(found)],
        "shown_days": insights.SHOWN_DAYS,
    }
    return render(request, "promote_requests/rules/insights.html", context)


def _all_rules() -> list[ProtectionRule]:
    return list(ProtectionRule.objects.all())


def _applying(*, model: str, target: str, workspace: str) -> Requirement:
    """Returns what applies to a target of a model.

    Raises:
        InvalidInput: there can be no such target or workspace.
    """
    return requirement_for(
        rulebook(), workspace=canonical_workspace(workspace), model_name=model, targets=[Target.parse(target)]
    )


def _who_could(requirement: Requirement) -> Iterator[Able]:
    for condition in requirement.conditions:
        match condition:
            case Approvers():
                for demand in condition.demands:
                    yield _able(str(demand.people), demand.people)
            case Owners():
                for section in condition.found:
                    yield _able(f"{section.name}: {section.people}", section.people)
            case _:
                continue


def _able(asked: str, people: People) -> Able:
    accounts = get_user_model()._default_manager.filter(pk__in=able(people)).order_by("username")
    names = list(accounts.values_list("username", flat=True))
    return Able(asked, names[:NAMED], max(len(names) - NAMED, 0))
