"""What the pages that edit rules, freeze windows and owners share: who may, and how a form is saved."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import redirect, render

from audit import trail
from audit.actors import Actor, Door, actor_of
from foundation.exceptions import CheckpointError, InvalidInput, NotAllowed, WrongState
from promote_requests.pages.http import Missing, PageRequest
from protection import rulebook, rules
from protection.choices import Enforcement
from protection.forms.entries import FreezeWindowForm, OwnershipForm
from protection.forms.rules import RuleForm, SeenVersionForm
from protection.forms.warnings import pattern_warnings
from protection.models import FreezeWindow, Ownership, ProtectionRule
from protection.permissions import require_editor


@dataclass(frozen=True)
class Kind:
    """A kind of row that these pages edit.

    Attributes:
        model: Of the row.
        form: With which it is edited.
        template: Of the page with the form.
        noun: What a person calls it.
        save, delete: The services; `row` is the name of the argument.
        row: Under which name the services take the row.
    """

    model: type[Any]
    form: type[SeenVersionForm]
    template: str
    noun: str
    save: Callable[..., Any]
    delete: Callable[..., None]
    row: str

    def find(self, pk: int | None) -> Any:
        """Returns the stored row, or a new one without a key; Missing where there is none."""
        if pk is None:
            return self.model()
        # A number that no key can be is that of no row either.
        found = self.model._default_manager.filter(pk=pk if pk < 2**63 else 0).first()
        if found is None:
            raise Missing(f"There is no such {self.noun}: somebody may have deleted it.")
        return found


RULES = Kind(
    ProtectionRule, RuleForm, "promote_requests/rules/edit.html", "rule", rules.save_rule, rules.delete_rule, "rule"
)
FREEZES = Kind(
    FreezeWindow,
    FreezeWindowForm,
    "promote_requests/rules/entry.html",
    "freeze window",
    rulebook.save_entry,
    rulebook.delete_entry,
    "entry",
)
OWNERS = Kind(
    Ownership,
    OwnershipForm,
    "promote_requests/rules/entry.html",
    "ownership",
    rulebook.save_entry,
    rulebook.delete_entry,
    "entry",
)


_HOLDING = {
    Enforcement.ACTIVE: "holds from now on",
    Enforcement.EVALUATE: "is evaluated only: it refuses nothing",
    Enforcement.OFF: "is off: it holds nothing",
}


def holding(row: Any) -> str:
    """Returns what a row that was saved does from now on; freeze windows and owners cannot be off."""
    return _HOLDING[Enforcement(getattr(row, "enforcement", Enforcement.ACTIVE))]


def allowed(request: PageRequest, change: str, row: Any) -> Actor:
    """Returns who asks, if they may change such rows; a refused attempt leaves its row in the trail.

    The service checks again, but only after the form: who may not write is told that first.
    """
    actor = actor_of(request, Door.PAGE)
    try:
        require_editor(actor, change, row)
    except NotAllowed as refusal:
        if request.method == "POST":
            attempt = f"{change} {row._meta.verbose_name}"
            trail.record_refusal(refusal, attempt=attempt, actor=actor, about=row.about)
        raise PermissionDenied(refusal.message) from None
    return actor


def edit(request: PageRequest, kind: Kind, pk: int | None, context: Callable[[Any], dict[str, Any]]) -> HttpResponse:
    """Shows the form of a row and saves what was sent; what cannot be saved stays in the form, with the reason.

    Args:
        request: Of whoever edits.
        kind: Of the row.
        pk: The row's key; None for a new one.
        context: Returns what else the page shows, from the bound or unbound form.
    """
    row = kind.find(pk)
    actor = allowed(request, "add" if pk is None else "change", row)
    form = kind.form(request.POST if request.method == "POST" else None, instance=row)
    failure: CheckpointError | None = None
    if request.method == "POST" and form.is_valid():
        try:
            kind.save(actor=actor, **{kind.row: form.instance})
        except InvalidInput as wrong:
            form.add_refusal(wrong)
        except WrongState as conflict:
            failure = conflict
            stored = kind.model._default_manager.filter(pk=pk).first()
            if stored is not None:
                form.show_present_version(stored.version)
        else:
            messages.success(request, f"The {kind.noun} {form.instance} is saved, and {holding(form.instance)}.")
            for warning in pattern_warnings(form.instance):
                messages.warning(request, warning)
            return redirect("promote_requests:rules")
    status = failure.status if failure else 400 if form.errors else 200
    shown = {"form": form, "failure": failure, "kind": kind, "pk": pk, **context(form)}
    return render(request, kind.template, shown, status=status)


def delete(request: PageRequest, kind: Kind, pk: int, *, consequence: str) -> HttpResponse:
    """Asks, then deletes a row."""
    row = kind.find(pk)
    actor = allowed(request, "delete", row)
    if request.method != "POST":
        shown = {"row": row, "kind": kind, "consequence": consequence}
        return render(request, "promote_requests/rules/delete.html", shown)
    try:
        kind.delete(actor=actor, **{kind.row: row})
    except WrongState as refusal:
        messages.error(request, refusal.message)
    else:
        messages.success(request, f"The {kind.noun} {row} is deleted.")
    return redirect("promote_requests:rules")
