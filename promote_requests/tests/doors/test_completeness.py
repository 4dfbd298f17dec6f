"""Whatever somebody can do stands in the table: a new door, address, service or command fails here until it does."""

import inspect
from typing import Any

import pytest
from django.contrib import admin
from django.core.management import get_commands
from django.test import Client, RequestFactory
from django.urls import NoReverseMatch, URLPattern, reverse

from accounts.models import User
from foundation.exceptions import CheckpointError, InvalidInput, NotAllowed, WrongState
from promote_requests import exceptions
from promote_requests.admin import desk
from promote_requests.api import urls as api_urls
from promote_requests.choices import Action
from promote_requests.models import PromoteRequest
from promote_requests.pages import urls
from promote_requests.tests.doors import attempts, story
from promote_requests.tests.doors.attempts import Way
from promote_requests.tests.doors.rules import RULES
from promote_requests.tests.doors.story import Door, World
from promote_requests.tests.doors.ways import WAYS

pytestmark = pytest.mark.django_db

world = story.world
COMMANDS = {
    "changepassword": "Django's, for who operates the host; the trail says that a password was set.",
    "createsuperuser": "Django's, for who operates the host; the trail says that an account was made.",
    "create_api_token": "Makes tokens; it neither judges nor changes a request.",
    "demo": "Fills an installation of its own, by the services.",
    "digest": "Reads files of versions and keeps their digests; it judges nothing and changes no request.",
    "inspect": "Looks at files of versions for the built-in check; it has no actor who could be refused.",
    "promote_due": "Promotes what people have decided; it has no actor who could be refused.",
    "runserver": "A server.",
    "serve": "A server.",
    "settle_promotions": "Ends what was begun by asking MLflow; it has no actor who could be refused.",
    "worker": "Tells what happened, and ends what was begun as the command above does.",
}
OF_ONES_OWN = {"POST inbox-read", "PUT subscription", "PUT model-subscription"}
"""What somebody says of what they themselves are told: no request is judged or changed by it."""
TALK = ({"number": 404, "thread": 404}, {"number": 404, "comment": 404}, {"number": 404, "thread": 404, "comment": 404})


def _addresses(door: Door) -> set[str]:
    return {way.address for ways in WAYS.values() if isinstance(way := ways[door], Way)}


def test_every_act_has_a_way_or_a_reason_at_every_door() -> None:
    assert all(set(ways) == set(Door) for ways in WAYS.values())
    assert {rule.act for rule in RULES} == set(WAYS) >= set(Action.values)
    assert len({rule.name for rule in RULES}) == len(RULES)


def test_every_service_that_somebody_calls_is_in_the_table() -> None:
    called = {name for name, service in attempts.SERVICES.items() if "actor" in inspect.signature(service).parameters}
    # A call that is held was refused already, and what cannot be asked for is only refused: test_holding.py.
    # The built-in check is made by a worker: whoever wants it again asks for it as for any check.
    assert called - {"actions_for", "direction_refusal", "hold", "inspect_waiting", "would_promote"} == _addresses(
        Door.SERVICE
    )


def test_every_kind_of_refusal_is_in_the_table(world: World) -> None:
    """All but what MLflow says are the exceptions that the doors map to 400, 403 and 409."""
    kinds = {kind for kind in vars(exceptions).values() if inspect.isclass(kind) and issubclass(kind, CheckpointError)}
    mapped = {kind.status for kind in kinds - {CheckpointError} | {InvalidInput, NotAllowed, WrongState}}
    assert mapped == {rule.status for rule in RULES}


def _answering(patterns: list[Any], namespace: str, methods: tuple[str, ...], user: User) -> set[tuple[str, str]]:
    client = Client(raise_request_exception=False)
    client.force_login(user)
    found = set()
    for pattern in patterns:
        if not isinstance(pattern, URLPattern) or pattern.name == "unknown":
            continue
        address = _address(f"{namespace}:{pattern.name}")
        found |= {(method, pattern.name) for method in methods if client.generic(method, address).status_code != 405}
    return found


def _address(name: str) -> str:
    taken = ({}, {"number": 404}, {"name": "Fraud"}, {"digest": "0"}, {"number": 404, "digest": "0"}, {"pk": 404})
    for kwargs in (*taken, *TALK):
        try:
            return reverse(name, kwargs=kwargs)
        except NoReverseMatch:
            continue
    raise AssertionError(f"Say what {name} takes.")


def test_every_page_that_takes_a_form_is_in_the_table(world: World) -> None:
    found = _answering(urls.urlpatterns, "promote_requests", ("POST", "PUT", "PATCH", "DELETE"), world.ada)
    # `now` only looks: it is a POST because what it answers has tokens in it. A preview saves nothing. `mark_read` is
    # about one's own inbox.
    looks = {"now", "rule_preview", "rule_preview_new", "mark_read"}
    assert {name for _, name in found} - looks == _addresses(Door.PAGE)


def test_every_api_call_that_changes_something_is_in_the_table(world: World) -> None:
    found = _answering(api_urls.urlpatterns, "promote_requests_api", ("POST", "PUT", "PATCH", "DELETE"), world.root)
    assert {" ".join(pair) for pair in found} - OF_ONES_OWN == _addresses(Door.API)


def test_every_row_and_action_of_the_admin_is_in_the_table(world: World) -> None:
    request = RequestFactory().get("/")
    request.user = world.root
    found = {
        f"{model._meta.model_name} {step}"
        for model, model_admin in admin.site._registry.items()
        if model._meta.app_label in ("promote_requests", "protection", "audit")
        for step in ("add", "change", "delete", "delete_selected", *model_admin.get_actions(request))
    }
    # The desk: its two forms. What it shows by POST changes nothing.
    (own,) = [model_admin for model, model_admin in admin.site._registry.items() if model is PromoteRequest]
    forms = {pattern.name.rpartition("_")[2] for pattern in own.get_urls() if pattern.name}
    assert forms - {"changelist", "add", "history", "delete", "change", "autocomplete", "now"} == {"review", "act"}
    found |= {f"promoterequest act {deed}" for deed in desk.DEEDS}
    assert found | {"promoterequest review", "promoterequest review comment"} == _addresses(Door.ADMIN)


def test_every_command_is_named_with_why_it_refuses_nobody() -> None:
    ours = {
        name
        for name, app in get_commands().items()
        if app in ("accounts", "promote_requests", "proxy", "checkpoint_project")
    }
    assert ours == set(COMMANDS)
