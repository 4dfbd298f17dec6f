"""What holds for every view of pages, admin and API; the URL table is walked, so that no new one is forgotten."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest
from django.contrib.auth.models import Group
from django.http import HttpResponse
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.urls.converters import UUIDConverter

from accounts.models import User
from accounts.tests.test_confirmation import REAUTHENTICATE, signed_in
from promote_requests.models import PromoteRequest
from protection.models import FreezeWindow, Ownership, ProtectionRule
from registry.fake import FakeRegistry
from testing.factories import PromoteRequestFactory
from testing.people import AdministratorFactory, UserFactory

pytestmark = pytest.mark.django_db
ADMIN, API, STATIC = "checkpoint/admin/", "checkpoint/api/", "checkpoint/static/"
NUL = "a\x00b"

DECIDES = {
    "accounts:token_new",
    "notifications:again",
    "notifications:defaults",
    "notifications:delivery_again",
    "notifications:webhook",
    "notifications:webhook_delete",
    "notifications:webhook_new",
    "notifications:webhook_rotate",
    "notifications:webhook_switch",
    "notifications:webhook_test",
    "promote_requests:answer",
    "promote_requests:break_glass",
    "promote_requests:close",
    "promote_requests:consent",
    "promote_requests:directions",
    "promote_requests:dismiss",
    "promote_requests:freeze_delete",
    "promote_requests:freeze_edit",
    "promote_requests:freeze_new",
    "promote_requests:owners_delete",
    "promote_requests:owners_edit",
    "promote_requests:owners_new",
    "promote_requests:promote",
    "promote_requests:re_review",
    "promote_requests:reopen",
    "promote_requests:resolve",
    "promote_requests:review",
    "promote_requests:review_afterwards",
    "promote_requests:rule_delete",
    "promote_requests:rule_edit",
    "promote_requests:rule_new",
    "promote_requests:rule_switch",
    "promote_requests:supersede",
}
"""Whose POST asks for the password again where the administrator wants that."""
SPEAKS = {
    "accounts:token_revoke": "takes a right away, one's own",
    "notifications:follow": "for oneself",
    "notifications:forget": "for oneself",
    "notifications:preferences": "for oneself",
    "notifications:unsubscribe": "by a signed link, for its reader",
    "notifications:watch": "for oneself",
    "promote_requests:ask": "asks",
    "promote_requests:comment": "says",
    "promote_requests:decline": "says",
    "promote_requests:delete_comment": "says; settles nothing",
    "promote_requests:edit": "says; whose words they are is in the story",
    "promote_requests:edit_comment": "says",
    "promote_requests:hand_over": "asks",
    "promote_requests:label": "says",
    "promote_requests:mark_read": "for oneself",
    "promote_requests:new": "asks",
    "promote_requests:now": "shows what the page shows",
    "promote_requests:pick_up": "asks",
    "promote_requests:reply": "says",
    "promote_requests:request_check": "makes a check pending, which only blocks",
    "promote_requests:roll_back": "asks",
    "promote_requests:rule_preview": "saves nothing",
    "promote_requests:rule_preview_new": "saves nothing",
    "promote_requests:submit": "asks",
    "promote_requests:unresolve": "blocks again",
    "promote_requests:withdraw": "takes back what one asked for",
}
"""Whose POST does not, and why."""
BEFORE_A_SESSION = {
    "account_login",
    "account_logout",
    "account_change_password",
    "account_reauthenticate",
    "account_reset_password",
    "account_reset_password_done",
    "account_reset_password_from_key",
    "account_reset_password_from_key_done",
    "account_inactive",
    "account_set_password",
    "account_signup",
    "accounts:arrive",
    "accounts:enter",
    "accounts:hand_over",
    "accounts:invitation",
    "setup",
}
"""Signing in and out, and what a password is asked for by itself."""


@dataclass(frozen=True)
class View:
    """A row of the URL table, with an address that it answers."""

    name: str
    address: str


def walk(table: Any = None, prefix: str = "", space: str = "") -> Iterator[tuple[str, str, URLPattern]]:
    """Yields (route, name with its namespaces, pattern) of each row."""
    for row in get_resolver().url_patterns if table is None else table:
        route = f"{prefix}{row.pattern}"
        if isinstance(row, URLResolver):
            inner = f"{space}{row.namespace}:" if row.namespace else space
            yield from walk(row.url_patterns, route, inner)
        else:
            yield route, f"{space}{row.name}", row


def views(told: PromoteRequest | None = None, *, below: str = "", outside: tuple[str, ...] = ()) -> list[View]:
    """Returns the views of a part of the table, with the keys of what is told where an address has keys."""
    keys = {"number": 1, "thread": 1, "comment": 1, "pk": 1, "object_id": 1}
    if told is not None:
        thread, rule = told.threads.get(), ProtectionRule.objects.earliest("pk")
        keys |= {"number": told.pk, "thread": thread.pk, "comment": thread.comments.get().pk}
        keys |= {"pk": rule.pk, "object_id": rule.pk}
    found = []
    for route, name, row in walk():
        if route.startswith(below) and not any(route.startswith(one) for one in outside):
            address = "/" + route.replace("^", "").replace("$", "").replace("\\Z", "")
            for argument, converter in row.pattern.converters.items():
                head, _, tail = address.partition(f"{argument}>")
                is_named = type(converter).__name__ == "ModelNameConverter"
                value = UUID(int=1) if isinstance(converter, UUIDConverter) else keys.get(argument, 1)
                address = f"{head[: head.rindex('<')]}{'Fraud' if is_named else value}{tail}"
            found.append(View(name, address))
    return found


def pages(told: PromoteRequest) -> list[View]:
    return [view for view in views(told, outside=(ADMIN, API)) if view.name not in BEFORE_A_SESSION]


@pytest.fixture
def told(fraud: FakeRegistry, ada: User) -> PromoteRequest:
    """A request with a thread, which blocks, and a comment, beside rules, a freeze window and an ownership."""
    from promote_requests import services  # noqa: PLC0415 - beside what uses it
    from testing.people import by  # noqa: PLC0415

    asked = PromoteRequestFactory(actor=ada)
    services.comment(actor=by(UserFactory()), promote_request=asked, body="Why?", is_blocking=True)
    FreezeWindow.objects.create(name="year end", start="2026-12-20", end="2027-01-04")
    Ownership.objects.create(section="Risk", people={"groups": [], "users": []})
    return asked


@pytest.fixture
def root() -> User:
    person = AdministratorFactory(username="root")
    person.groups.add(Group.objects.create(name="Everybody"))
    return person


def test_every_page_that_decides_asks_for_the_password_and_every_other_says_why_not(
    told: PromoteRequest, root: User, settings: Any
) -> None:
    settings.CHECKPOINT_CONFIRM_MINUTES = 15
    asking, other, browser = set(), set(), signed_in(root)
    for view in pages(told):
        answer = browser.post(view.address)
        if answer.status_code == 405:
            continue  # it is only read
        (asking if answer.get("Location", "").startswith(REAUTHENTICATE) else other).add(view.name)
    assert asking == DECIDES
    assert other == set(SPEAKS)


def test_every_call_of_the_api_that_changes_anything_asks_a_session_for_the_password(
    told: PromoteRequest, root: User, settings: Any
) -> None:
    settings.CHECKPOINT_CONFIRM_MINUTES = 15
    browser = signed_in(root)
    found = views(told, below=API)
    assert len(found) > 40
    for view in found:
        for method in ("POST", "PUT", "PATCH", "DELETE"):
            answer = browser.generic(method, view.address, "{}", "application/json", headers={"accept": "*/*"})
            assert answer.status_code in (403, 404, 405), (view, method, answer.content)
            if answer.status_code == 403:
                assert REAUTHENTICATE in answer.json()["message"], (view, method)


_ONLY_READ = ("admin:jsi18n", "admin:promote_requests_promoterequest_now")


def test_every_view_of_the_admin_is_for_staff_alone_and_asks_before_it_changes_anything(
    told: PromoteRequest, root: User, ada: User, settings: Any
) -> None:
    settings.CHECKPOINT_CONFIRM_MINUTES = 15
    found = [view for view in views(told, below=ADMIN) if view.name not in ("admin:login", "admin:logout")]
    assert len(found) > 40
    outsider, browser = signed_in(ada), signed_in(root)
    for view in found:
        for method in ("get", "post"):
            answer = getattr(outsider, method)(view.address)
            assert answer.status_code in (302, 403, 404), (view, method)
            assert "/login/" in answer.get("Location", "/login/"), (view, method)
        answer = browser.post(view.address)
        is_read = answer.status_code in (404, 405) or view.name in _ONLY_READ
        assert is_read or answer["Location"].startswith((REAUTHENTICATE, view.address)), (view, answer)


_FIELDS = """
title description body message reason words version model_name model workspace target target_name target_kind
alias stage users groups to name group label labels seen owner due_on anchor_kind anchor_key nature verdict
review seen_fingerprint seen_text_revision answer-1 by metric direction q search back next url events format
model_pattern workspace_pattern target_pattern section people conditions enforcement start end time_zone
colour state summary details_url evidence_fingerprint username purpose action other run path key all user term
app_label field_name author status up_to numbers token login password email
"""
FIELDS = _FIELDS.split()
"""Names of fields of any form, body and query."""


def _said(answer: HttpResponse) -> str:
    return answer.content.decode("utf-8", "replace")[:500]


@pytest.mark.slow
@pytest.mark.sampled(every=2)
@pytest.mark.parametrize("text", [NUL, "\ud800"], ids=["NUL", "half a character"])
def test_no_page_fails_on_what_no_database_can_store(told: PromoteRequest, root: User, text: str) -> None:
    """With SQLite as with PostgreSQL: the same sentence, refused at the same place."""
    browser = Client(headers={"accept": "text/html"}, raise_request_exception=False)
    browser.force_login(root)
    everything = {name: text.encode("utf-8", "surrogatepass").decode("utf-8", "replace") for name in FIELDS}
    for view in pages(told) + [one for one in views(told, below=ADMIN) if one.name != "admin:logout"]:
        for sent in (everything, dict.fromkeys(FIELDS, "x") | {"to": everything["to"], "seen": everything["seen"]}):
            answer = browser.post(view.address, sent)
            assert answer.status_code < 500, (view, sent, _said(answer))
        answer = browser.get(view.address, everything)
        assert answer.status_code < 500, (view, _said(answer))


@pytest.mark.slow
@pytest.mark.sampled(every=2)
@pytest.mark.parametrize("text", [NUL, "\ud800"], ids=["NUL", "half a character"])
def test_no_call_of_the_api_fails_on_what_no_database_can_store(told: PromoteRequest, root: User, text: str) -> None:
    browser = Client(headers={"accept": "application/json"}, raise_request_exception=False)
    browser.force_login(root)
    target = {"kind": "alias", "name": text}
    bodies: list[Any] = [
        dict.fromkeys(FIELDS, text),
        {key: [text] for key in FIELDS},
        {key: {text: text} for key in FIELDS},
        {"target": target, "labels": [text], "seen": [text], "answers": {text: text}, "users": [text]},
        {"conditions": {"approvers": {"groups": [text]}, "questions": [{"text": text}]}, "people": {"users": [text]}},
        text,
        [text],
    ]
    for view in views(told, below=API):
        for method in ("POST", "PUT", "PATCH"):
            for body in bodies:
                answer = browser.generic(method, view.address, json.dumps(body), "application/json")
                assert answer.status_code < 500, (view, method, body, _said(answer))
        answer = browser.get(view.address, dict.fromkeys(FIELDS, text.encode("utf-8", "replace").decode()))
        assert answer.status_code < 500, (view, _said(answer))
