"""A rule as a document of names, the same for the API and for YAML: what people write, read and compare."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Any

from foundation.exceptions import InvalidInput
from protection import moves
from protection.choices import PromoteWhen
from protection.conditions import as_document
from protection.models import ProtectionRule
from protection.people import keyed, named_all

FIELDS = (
    "description",
    "workspace_pattern",
    "model_pattern",
    "target_pattern",
    "enforcement",
    "on_direct_write",
    "on_direct_write_by_service_accounts",
)
"""What stands in the document as it stands in the row."""


def of_rule(rule: ProtectionRule) -> dict[str, Any]:
    """Returns the document of one rule: see `of_rules`."""
    return of_rules([rule])[0]


def of_rules(found: Collection[ProtectionRule]) -> list[dict[str, Any]]:
    """Returns `{description, workspace_pattern, ..., promotion: {when, groups}, conditions: {key: settings}}` of each.

    People and groups are called as they are called now. What the rule says of no everyday moves (`moves.KEYS`) stands
    there where it says something.
    """
    return named_all(_of(rule, rule.conditions) for rule in found)


def is_same(rule: ProtectionRule, other: ProtectionRule) -> bool:
    """Tells whether two rules say the same, down to each setting and to which people and groups are meant.

    Their documents tell, and never what is printed of them: words may be the same of different settings.
    """
    one, another = (keyed(_of(each, as_document(each.parsed_conditions))) for each in (rule, other))
    return bool(one == another)


def _of(rule: ProtectionRule, conditions: dict[str, Any]) -> dict[str, Any]:
    return {
        **{name: str(getattr(rule, name)) for name in FIELDS},
        "promotion": {"when": str(rule.promote_when), "groups": rule.promoters},
        "conditions": {key: conditions[key] for key in sorted(conditions)},
        **rule.parsed_moves.as_document(),
    }


def as_rule(document: dict[str, Any]) -> ProtectionRule:
    """Returns a rule, not to be saved, that says what a document says; people and groups are known by name only."""
    return filled(ProtectionRule(), _with_references(document))


def _with_references(document: Any) -> Any:
    if isinstance(document, list):
        return [_with_references(one) for one in document]
    if not isinstance(document, dict):
        return document
    return {
        key: [{"id": number, "name": name} for number, name in enumerate(value)]
        if key in ("groups", "users") and isinstance(value, list)
        else _with_references(value)
        for key, value in document.items()
    }


def place_of(field: str, document: dict[str, Any]) -> tuple[str, ...]:
    """Returns where in a document stands what a service calls `field`: (promotion, groups); () for no field."""
    if field == "people":
        return ("groups",) if document.get("groups") else ("users",)
    named = {"promoters": ("promotion", "groups"), "promote_when": ("promotion", "when")}
    return named.get(field, (field,) if field else ())


@contextmanager
def wrong_where_it_stands(document: dict[str, Any]) -> Iterator[None]:
    """Names a field that is wrong as whoever sent the document calls it: `promotion.groups`.

    Raises:
        InvalidInput: with that name.
    """
    sent = dict(document)
    try:
        yield
    except InvalidInput as wrong:
        raise InvalidInput(wrong.message, field=".".join(place_of(wrong.field, sent))) from None


def filled(rule: ProtectionRule, document: dict[str, Any]) -> ProtectionRule:
    """Puts a document's values into a rule, which `rules.save_rule` then checks; returns the rule."""
    for name in FIELDS:
        if name in document:
            setattr(rule, name, document[name])
    if "promotion" in document:
        rule.promote_when = document["promotion"].get("when", PromoteWhen.APPROVED)
        rule.promoters = document["promotion"].get("groups", [])
    if "conditions" in document:
        rule.conditions = document["conditions"]
    said = {key: document[key] for key in moves.KEYS if key in document}
    rule.moves = {key: value for key, value in {**rule.moves, **said}.items() if value is not None}
    return rule
