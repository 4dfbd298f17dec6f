"""What the deciding calls of the pages do, for the page that asks for the password before they go on."""

from collections.abc import Callable, Mapping
from typing import Any

from django.db.models import Model
from django.http import QueryDict

from accounts.identity.suspended import Words
from promote_requests import sentences
from promote_requests.choices import CloseReason, Verdict
from promote_requests.models import PromoteRequest
from protection.choices import Enforcement
from protection.models import FreezeWindow, Ownership, ProtectionRule

_VERDICTS: dict[str, str] = {Verdict.APPROVE: "approve", Verdict.REQUEST_CHANGES: "ask for changes of"}


def _about(deed: Callable[[QueryDict], str]) -> Words:
    def said(arguments: Mapping[str, Any], form: QueryDict, reader: int | None) -> str:
        found = PromoteRequest.objects.visible_to(reader).filter(pk=arguments["number"]).first()
        return sentences.suspended(deed(form), found) if found else ""

    return said


def _of_row(model: type[Model], noun: str, deed: Callable[[QueryDict], str], named: str) -> Words:
    def said(arguments: Mapping[str, Any], form: QueryDict, reader: int | None) -> str:
        found = model._default_manager.filter(pk=arguments["pk"]).first() if "pk" in arguments else None
        done = deed(form)
        return f"{done[0].upper()}{done[1:]} the {noun} {found if found is not None else form.get(named, '')}"

    return said


def _always(deed: str) -> Callable[[QueryDict], str]:
    return lambda form: deed


def _direction(arguments: Mapping[str, Any], form: QueryDict, reader: int | None) -> str:
    return f"Say which values of {form.get('metric', '')} are better, for {form.get('model_name', '')}"


def _of_kind(model: type[Model], noun: str, prefix: str, named: str) -> dict[str, Words]:
    deeds = {"new": "add", "edit": "change", "delete": "delete"}
    return {
        f"promote_requests:{prefix}_{view}": _of_row(model, noun, _always(deed), named) for view, deed in deeds.items()
    }


_SWITCHES: dict[str, str] = {Enforcement.ACTIVE: "enforce", Enforcement.EVALUATE: "only evaluate"}

WORDS: dict[str, Words] = {
    "promote_requests:review": _about(lambda form: _VERDICTS.get(form.get("verdict", ""), "judge")),
    "promote_requests:promote": _about(lambda form: "promote"),
    "promote_requests:close": _about(lambda form: f"close as {form.get('reason') or CloseReason.REJECTED}"),
    "promote_requests:answer": _about(lambda form: "answer what the rules ask of"),
    "promote_requests:reopen": _about(lambda form: "reopen"),
    "promote_requests:supersede": _about(lambda form: f"close in favour of #{form.get('by', '')}"),
    "promote_requests:break_glass": _about(lambda form: "break the glass for"),
    "promote_requests:consent": _about(lambda form: "consent to breaking the glass for"),
    "promote_requests:review_afterwards": _about(lambda form: "record your review afterwards of"),
    "promote_requests:re_review": _about(lambda form: "record your new review of the champion by"),
    "promote_requests:directions": _direction,
    "promote_requests:dismiss": _about(lambda form: "dismiss a request for changes of"),
    **_of_kind(ProtectionRule, "rule for", "rule", "target_pattern"),
    "promote_requests:rule_switch": _of_row(
        ProtectionRule, "rule for", lambda form: _SWITCHES.get(form.get("to", ""), "switch off"), "to"
    ),
    **_of_kind(FreezeWindow, "freeze window", "freeze", "name"),
    **_of_kind(Ownership, "owners for", "owners", "section"),
    "promote_requests:resolve": _about(lambda form: "resolve a blocking thread of"),
}
"""{name of a view: what its call does}."""
