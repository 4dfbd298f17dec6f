"""How one thing is tried through each door, and what the person got to see of it."""

import html
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from accounts.models import User
from foundation.exceptions import CheckpointError
from promote_requests import services
from promote_requests.choices import CloseReason
from promote_requests.models import (
    PromoteRequest,
)
from promote_requests.services import labelling
from promote_requests.tests.doors.story import ENTRIES
from protection import rules
from protection.models import ProtectionRule
from protection.rulebook import delete_entry, save_entry
from registry.targets import Target
from testing.api_client import ROOT
from testing.factories import as_proposal
from testing.people import bearer, by, issue_token

ADMIN = "/checkpoint/admin/"
RULE_FIELDS = {"workspace_pattern": "*", "model_pattern": "*", "target_pattern": "alias:live", "approvals": 1}
RULE_CHOICES = {
    "promote_when": "approved",
    "on_direct_write": "refuse",
    "on_direct_write_by_service_accounts": "same",
    "enforcement": "active",
}
PATTERNS = {"workspace_pattern": "*", "model_pattern": "*", "target_pattern": "*"}
PEOPLE = {"accept": "text/html"}
SERVICES: dict[str, Callable[..., Any]] = {
    **{name: getattr(services, name) for name in services.__all__},
    "save_rule": rules.save_rule,
    "delete_rule": rules.delete_rule,
    "save_entry": save_entry,
    "delete_entry": delete_entry,
    "set_labels": labelling.set_labels,
    "save_label": labelling.save_label,
    "delete_label": labelling.delete_label,
}
"""Whatever an actor can ask for."""


@dataclass(frozen=True)
class Answer:
    """What came of it: the HTTP status (for the service that of its exception) and the words that the person reads."""

    status: int
    text: str


class Attempt:
    """Who tries what on what. Make it while the person may still sign in: it has their session and a token of theirs.

    `values` are named as the services name them; a target is `kind:name`, and `pk` is a protection rule's.
    """

    def __init__(self, actor: User, number: int | None, values: dict[str, Any]) -> None:
        self.actor, self.number, self.values = actor, number, values
        self.client = Client()
        self.client.force_login(actor)
        _, self.token = issue_token(actor)

    def post(self, address: str, values: dict[str, Any]) -> HttpResponse:
        return self.client.post(address, values, headers=PEOPLE)


@dataclass(frozen=True)
class Way:
    """One way through one door; `address` is what the door itself calls it."""

    address: str
    go: Callable[[Attempt], Answer]
    is_of_desk: bool = False


def _new_rule() -> ProtectionRule:
    patterns = {name: value for name, value in RULE_FIELDS.items() if name != "approvals"}
    return ProtectionRule(conditions={"approvals": RULE_FIELDS["approvals"]}, **patterns)


def by_service(name: str) -> Way:
    def go(attempt: Attempt) -> Answer:
        values = dict(attempt.values)
        if name in ("save_rule", "delete_rule"):
            rule = ProtectionRule.objects.filter(pk=values.pop("pk", None)).first() or _new_rule()
            for field, value in values.items():
                setattr(rule, field, value)
            values = {"rule": rule}
        if name in ("save_entry", "delete_entry"):
            kind, fields = ENTRIES[values.pop("kind")]
            values = {"entry": kind.objects.filter(pk=values.pop("pk", None)).first() or kind(**fields)}
        if attempt.number is not None:
            values["promote_request"] = PromoteRequest.objects.get(pk=attempt.number)
        if name in ("edit_comment", "delete_comment"):
            values.pop("thread", None)  # only the API's address names it
        if name == "close" and "reason" in values:
            values["reason"] = CloseReason(values["reason"])
        try:
            if "target" in values:
                values = as_proposal(values | {"target": Target.parse(values["target"])})
            SERVICES[name](actor=replace(by(attempt.actor), request_id="r" * 32), **values)
        except CheckpointError as refusal:
            return Answer(refusal.status, refusal.message)
        return Answer(200, "")

    return Way(name, go)


def by_page(name: str, *parts: str) -> Way:
    """Sends a form; `parts` names the values that are part of its address, behind the request's number."""

    def go(attempt: Attempt) -> Answer:
        values = dict(attempt.values)
        if values.pop("is_blocking", False):
            values["nature"] = "blocking"
        if "owner" in values:
            values["nature"] = "follow_up"
        number = [] if attempt.number is None else [attempt.number]
        address = reverse(f"promote_requests:{name}", args=[*number, *(values[part] for part in parts)])
        return _page(attempt.post(address, values))

    return Way(name, go)


def by_api(method: str, name: str, *parts: str, **always: Any) -> Way:
    """Calls the API; `parts` names the values that are part of its address, behind the request's number."""

    def go(attempt: Attempt) -> Answer:
        values = attempt.values | always
        if "anchor_kind" in values:
            values["anchor"] = {"kind": values.pop("anchor_kind"), "key": values.pop("anchor_key")}
        if "target" in values:
            kind, _, target_name = values["target"].partition(":")
            values["target"] = {"kind": kind, "name": target_name}
        number = [] if attempt.number is None else [attempt.number]
        address = reverse(f"promote_requests_api:{name}", args=[*number, *(values.pop(part) for part in parts)])
        assert address.startswith(ROOT)
        response = attempt.client.generic(method, address, json.dumps(values), "application/json")
        return Answer(response.status_code, response.json().get("message", ""))

    return Way(f"{method} {name}", go)


def by_rule_page(name: str) -> Way:
    """Sends the form of a page on which a rule, a freeze window or an owner is edited."""

    def go(attempt: Attempt) -> Answer:
        values = dict(attempt.values)
        pk, kind = values.pop("pk", None), values.pop("kind", None)
        body = RULE_FIELDS | RULE_CHOICES | {"to": "off"} | values
        if kind is not None:
            body = {**ENTRIES[kind][1], "people": "user grace", "timezone": "UTC", "approvals": 1} | PATTERNS
        address = reverse(f"promote_requests:{name}", args=[] if pk is None else [pk])
        return _page(attempt.post(address, body))

    return Way(name, go)


def by_rules_api(method: str) -> Way:
    """Writes a rule by the API."""

    def go(attempt: Attempt) -> Answer:
        values = dict(attempt.values)
        pk = values.pop("pk", None)
        address = (
            reverse("promote_requests_api:rules") if pk is None else reverse("promote_requests_api:rule", args=[pk])
        )
        body = {name: value for name, value in RULE_FIELDS.items() if name != "approvals"}
        body |= {"conditions": {"approvals": RULE_FIELDS["approvals"]}, **values}
        response = attempt.client.generic(method, address, json.dumps(body), "application/json")
        return Answer(response.status_code, response.json().get("message", "") if response.content else "")

    return Way(f"{method} rule" if method != "POST" else "POST rules", go)


def by_entries_api(method: str, kind: str) -> Way:
    """Writes a freeze window or an ownership by the API."""

    def go(attempt: Attempt) -> Answer:
        pk = attempt.values.get("pk")
        one, many = ("freeze-window", "freeze-windows") if kind == "freezewindow" else ("ownership-row", "ownership")
        address = reverse(f"promote_requests_api:{many if pk is None else one}", args=[] if pk is None else [pk])
        body = {**ENTRIES[kind][1]}
        body |= body.pop("people", {})
        response = attempt.client.generic(method, address, json.dumps(body), "application/json")
        return Answer(response.status_code, response.json().get("message", "") if response.content else "")

    one, many = ("freeze-window", "freeze-windows") if kind == "freezewindow" else ("ownership-row", "ownership")
    return Way(f"{method} {many if method == 'POST' else one}", go)


def by_label_api(method: str) -> Way:
    """Writes a label by the API."""

    def go(attempt: Attempt) -> Answer:
        values = dict(attempt.values)
        pk = values.pop("pk", None)
        address = reverse(f"promote_requests_api:label{'s' if pk is None else ''}", args=[] if pk is None else [pk])
        response = attempt.client.generic(method, address, json.dumps(values), "application/json")
        return Answer(response.status_code, response.json().get("message", "") if response.content else "")

    return Way(f"{method} {'labels' if method == 'POST' else 'label'}", go)


def by_admin_action(name: str) -> Way:
    """Confirms a bulk action; its refusals are messages on the list that the answer leads to."""

    def go(attempt: Attempt) -> Answer:
        values = {"reason": "rejected", **attempt.values, "confirmed": "yes"}
        values[f"seen_{attempt.number}"] = values.pop("seen_fingerprint", "")
        values |= {"action": name, "_selected_action": attempt.number}
        return _admin(attempt, "promoterequest/", values)

    return Way(f"promoterequest {name}", go)


def by_desk(view: str, said: str = "") -> Way:
    """Sends a form of the admin's desk: `act` with the deed that its button says, or `review`."""

    def go(attempt: Attempt) -> Answer:
        values = dict(attempt.values)
        if said == "dismiss":
            values["message"] = values.pop("reason", "")
        if said:
            values["deed" if view == "act" else "verdict"] = said
        return _admin(attempt, f"promoterequest/{attempt.number}/{view}/", values)

    return Way(f"promoterequest {view} {said}".rstrip(), go, is_of_desk=True)


def by_admin_form(model: str, view: str) -> Way:
    def go(attempt: Attempt) -> Answer:
        values = RULE_FIELDS | RULE_CHOICES | attempt.values | {"post": "yes"}
        values.pop("kind", None)
        pk = values.pop("pk", attempt.number)
        return _admin(attempt, f"{model}/add/" if view == "add" else f"{model}/{pk}/{view}/", values)

    return Way(f"{model} {view}", go)


def by_forged_admin_action(model: str) -> Way:
    """Sends the action that deletes rows, which the list offers to nobody who may not."""

    def go(attempt: Attempt) -> Answer:
        pk = attempt.values.get("pk", attempt.number)
        return _admin(attempt, f"{model}/", {"action": "delete_selected", "_selected_action": pk, "post": "yes"})

    return Way(f"{model} delete_selected", go)


def by_proxy(method: str, path: str) -> Way:
    """Makes the call with a token, as a training job would."""

    def go(attempt: Attempt) -> Answer:
        body, headers = json.dumps(attempt.values), bearer(attempt.token)
        response = Client().generic(method, f"/api/2.0/mlflow/{path}", body, "application/json", **headers)
        return Answer(response.status_code, response.json()["message"])

    return Way(f"{method} {path}", go)


def _admin(attempt: Attempt, path: str, values: dict[str, Any]) -> Answer:
    room = {"promoterequest": "promote_requests", "label": "promote_requests", "auditevent": "audit"}
    response = attempt.post(f"{ADMIN}{room.get(path.partition('/')[0], 'protection')}/{path}", values)
    if response.status_code == 302 and response["Location"].startswith(ADMIN):
        shown = attempt.client.get(response["Location"]).context
        return Answer(302, " ".join(str(message) for message in shown["messages"]))
    return _page(response)


def _page(response: HttpResponse) -> Answer:
    if response.status_code == 302:
        return Answer(302, response["Location"])
    words = re.sub(r"<[^>]+>", " ", response.content.decode())
    return Answer(response.status_code, " ".join(html.unescape(words).split()))
