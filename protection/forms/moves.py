"""The fields of a rule's form for the way back, a broken glass and the next review of a champion."""

from typing import Any

from django import forms

from protection.conditions.approvals import FEWEST, MOST
from protection.models import ProtectionRule
from protection.moves import MOST_DAYS, Moves

MOVES = ("rollback_approvals", "glass_consent", "re_review_days")


class MovesFields(forms.Form):
    """What a rule's form asks about moves that are not everyday."""

    rollback_approvals = forms.IntegerField(
        label="Approvals on the way back",
        min_value=FEWEST,
        max_value=MOST,
        required=False,
        help_text="Of a request that puts back a version which had met the rule before; then no time has to pass, "
        "either. Empty: as for every request.",
    )
    glass_consent = forms.BooleanField(
        label="A second person has to consent before the glass is broken",
        required=False,
        help_text="Somebody else than the author and whoever breaks it, with the same permission.",
    )
    re_review_days = forms.IntegerField(
        label="Days until a champion is reviewed again",
        min_value=1,
        max_value=MOST_DAYS,
        required=False,
        help_text="Empty: never.",
    )


def moves_of(rule: ProtectionRule) -> dict[str, Any]:
    """Returns what a rule says, as the fields' initial values."""
    said = rule.parsed_moves
    return dict(zip(MOVES, (said.rollback_approvals, said.needs_consent, said.re_review_days), strict=True))


def moves_from(values: dict[str, Any]) -> dict[str, Any]:
    """Returns the document of what was typed into the fields."""
    approvals, consent, days = (values.get(name) for name in MOVES)
    return Moves(approvals, bool(consent), days).as_document()
