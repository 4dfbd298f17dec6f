"""The pages of one rule: edited, tried beforehand, switched, deleted, and how it became what it is."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from accounts.identity import confirmation
from foundation.browsers import htmx
from foundation.exceptions import CheckpointError, InvalidInput
from promote_requests import services
from promote_requests.pages.http import Missing, PageRequest
from promote_requests.pages.rules.editing import RULES, allowed, delete, edit, holding
from protection import insights, rules
from protection.choices import Enforcement
from protection.documents.history import differences
from protection.forms.moves import MOVES
from protection.forms.rules import CONDITION_FIELDS, COVERS, FOLLOWS
from protection.forms.warnings import pattern_warnings
from protection.models import ProtectionRule, RuleVersion

_DELETED = (
    "From then on anybody may change directly what only this rule protects. To stop it for a while, switch it off "
    "instead. Its versions are kept."
)


@require_http_methods(["GET", "HEAD", "POST"])
@confirmation.confirmed
def rule_new(request: PageRequest) -> HttpResponse:
    """Shows the form of a new rule, and adds it."""
    return edit(request, RULES, None, _parts)


@require_http_methods(["GET", "HEAD", "POST"])
@confirmation.confirmed
def rule_edit(request: PageRequest, pk: int) -> HttpResponse:
    """Shows the form of a rule, and changes it."""
    return edit(request, RULES, pk, _parts)


@require_http_methods(["GET", "HEAD", "POST"])
def rule_preview(request: PageRequest, pk: int | None = None) -> HttpResponse:
    """Shows what the rule in the form would touch; saves nothing. htmx gets the list alone, any other caller the form.

    Whoever opens the address by hand is sent to the form.
    """
    if request.method != "POST":
        return redirect("promote_requests:rule_new") if pk is None else redirect("promote_requests:rule_edit", pk)
    row = RULES.find(pk)
    allowed(request, "add" if pk is None else "change", row)
    form = RULES.form(request.POST, instance=row)
    touched = services.touched_by(form.instance, viewer_id=request.user.pk) if form.is_valid() else None
    shown = {"form": form, "kind": RULES, "pk": pk, "touched": touched, "is_previewed": True, **_parts(form)}
    shown["warnings"] = pattern_warnings(form.instance) if touched else []
    response = render(request, RULES.template, shown, status=200 if touched else 400)
    if touched is None and htmx.is_asking(request):
        # What is wrong is said at the fields, so the whole page takes the place of the old one.
        response.headers["HX-Retarget"] = response.headers["HX-Reselect"] = "#main"
    return response


@require_http_methods(["GET", "HEAD", "POST"])
@confirmation.confirmed
def rule_switch(request: PageRequest, pk: int) -> HttpResponse:
    """Enforces a rule, has it evaluated only, or switches it off."""
    if request.method != "POST":
        return redirect("promote_requests:rules")
    row = RULES.find(pk)
    actor = allowed(request, "change", row)
    row.enforcement = request.POST.get("to", "")
    try:
        if row.enforcement not in Enforcement.values:
            raise InvalidInput(f"Switch it to one of {', '.join(Enforcement.values)}.", field="to")
        rules.save_rule(actor=actor, rule=row)
    except CheckpointError as refusal:
        messages.error(request, refusal.message)
    else:
        messages.success(request, f"The rule {row} {holding(row)}.")
        # Back to the row: of a long list nobody wants to look for it again.
        return redirect(f"{reverse('promote_requests:rules')}#rule-{row.pk}")
    return redirect("promote_requests:rules")


@require_http_methods(["GET", "HEAD", "POST"])
@confirmation.confirmed
def rule_delete(request: PageRequest, pk: int) -> HttpResponse:
    """Asks, then deletes a rule."""
    return delete(request, RULES, pk, consequence=_DELETED)


@require_safe
def rule_history(request: PageRequest, pk: int) -> HttpResponse:
    """Shows every version of a rule with what it changed, the newest first, of a deleted rule too."""
    rule = ProtectionRule.objects.filter(pk=pk if pk < 2**63 else 0).first()
    versions = rules.versions_of(pk if pk < 2**63 else 0)
    if rule is None and not versions:
        raise Missing("There is no such rule, and never was.")
    shown = {"rule": rule, "name": str(rule) if rule else _name_of(versions), "versions": _told(versions)}
    return render(request, "promote_requests/rules/history.html", shown)


def _told(versions: list[RuleVersion]) -> list[tuple[RuleVersion, list[str]]]:
    """Returns (version, what it changed in words), from versions the newest first."""
    by_number = {version.number: version.document for version in versions}
    return [(each, differences(by_number.get(each.number - 1), each.document)) for each in versions]


def _name_of(versions: list[RuleVersion]) -> str:
    document: dict[str, Any] = next((version.document for version in versions if version.document is not None), {})
    return f"{document.get('target_pattern', '')} of {document.get('model_pattern', '')}"


def _parts(form: Any) -> dict[str, Any]:
    """Returns the form's fields as the page groups them, each condition with what the saved rule asks for."""
    saved = ProtectionRule.objects.filter(pk=form.instance.pk).first()
    asked = {condition.key: str(condition) for condition in saved.asked} if saved else {}
    return {
        "covers": [form[name] for name in COVERS],
        "conditions": [(form[name], asked.get(name, "nothing") if saved else "") for name in CONDITION_FIELDS],
        "moves": [form[name] for name in MOVES],
        "follows": [form[name] for name in FOLLOWS],
        "saved": saved,
        "forecast": insights.forecast(saved) if saved and saved.enforcement == Enforcement.EVALUATE else "",
    }
