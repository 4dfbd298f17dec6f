"""Links that two people use at the same moment, on PostgreSQL, beside the proof that the race exists."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event
from typing import Any

import pytest
from django.core.cache.backends.db import DatabaseCache
from django.db import connection
from django.db.models import QuerySet

from accounts import people, tokens
from accounts.exceptions import AccountError
from accounts.identity import handover
from accounts.joining import first_administrator, installation, invitations
from accounts.models import ApiToken, Installation, User
from audit.actors import Actor, Door
from testing.people import AdministratorFactory, UserFactory, by
from testing.waiting import LONG

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db(transaction=True)]

NOBODY = Actor.anonymous(Door.PAGE)
PASSWORD = "a fine pass phrase"


def at_the_same_moment(act: Callable[[int], Any], number: int = 4) -> list[Any]:
    """Runs `act` in threads that start together; gives what each returned or which refusal it raised."""
    together = Barrier(number)

    def run(index: int) -> Any:
        together.wait(LONG)
        try:
            return act(index)
        except AccountError as refusal:
            return refusal
        finally:
            connection.close()

    with ThreadPoolExecutor(number) as threads:
        return [future.result(LONG) for future in [threads.submit(run, index) for index in range(number)]]


def successes(outcomes: list[Any]) -> int:
    return sum(isinstance(outcome, User) for outcome in outcomes)


def setup_token() -> str:
    link = first_administrator.prepare()
    assert link is not None
    return link.partition("?token=")[2]


def become_administrator(token: str) -> Callable[[int], User]:
    return lambda index: first_administrator.create(
        actor=NOBODY, token=token, username=f"admin{index}", email="", password=PASSWORD
    )


def test_of_people_who_use_one_invitation_at_the_same_moment_one_gets_an_account() -> None:
    _, link = invitations.invite(actor=by(AdministratorFactory()), email="grace@example.org")
    secret = link.partition("?token=")[2]
    outcomes = at_the_same_moment(
        lambda index: invitations.accept(actor=NOBODY, secret=secret, username=f"grace{index}", password=PASSWORD)
    )
    assert successes(outcomes) == 1, outcomes
    assert User.objects.filter(email="grace@example.org").count() == 1


def test_of_people_who_use_the_setup_link_at_the_same_moment_one_becomes_administrator() -> None:
    outcomes = at_the_same_moment(become_administrator(setup_token()))
    assert successes(outcomes) == 1, outcomes
    assert User.objects.count() == 1


def test_without_taking_the_row_two_people_would_become_administrators(monkeypatch: pytest.MonkeyPatch) -> None:
    # Both have looked and found no account before either creates one.
    looked = Barrier(2)
    monkeypatch.setattr(first_administrator, "_take", lambda: looked.wait(LONG) >= 0)
    assert successes(at_the_same_moment(become_administrator(setup_token()), 2)) == 2


def test_processes_that_start_together_agree_on_the_installation() -> None:
    Installation.objects.all().delete()
    rows = at_the_same_moment(lambda _: installation.current().anonymous_id)
    assert set(rows) == {Installation.objects.get().anonymous_id}


def test_processes_that_start_together_create_the_environments_administrator_once(settings: Any) -> None:
    settings.CHECKPOINT_ADMIN_USERNAME, settings.CHECKPOINT_ADMIN_PASSWORD = "root", PASSWORD
    assert at_the_same_moment(lambda _: first_administrator.prepare()) == [None] * 4
    assert User.objects.count() == 1


@pytest.mark.parametrize("is_guarded", [True, False])
def test_a_code_that_is_shown_several_times_at_the_same_moment_is_taken_once_only_because_it_is_deleted_first(
    monkeypatch: pytest.MonkeyPatch, is_guarded: bool
) -> None:
    secret = handover.secret()
    code = handover.issue(session_key="a" * 32, proof_of_browser=handover.proof(secret), next_path="/")
    if not is_guarded:
        monkeypatch.setattr(DatabaseCache, "delete", lambda self, key: True)  # each thread has a cache of its own
    outcomes = at_the_same_moment(lambda _: handover.redeem(code, secret))
    taken = sum(isinstance(outcome, handover.Arrival) for outcome in outcomes)
    assert taken == (1 if is_guarded else 4), outcomes


def test_of_people_who_choose_one_name_at_the_same_moment_one_gets_it() -> None:
    outcomes = at_the_same_moment(
        lambda index: people.create(
            actor=NOBODY, username="Ada" if index % 2 else "ada", email="", password=PASSWORD, how=""
        )
    )
    assert successes(outcomes) == 1, outcomes


@pytest.mark.parametrize("is_guarded", [True, False])
def test_a_token_made_while_its_owner_is_deactivated_is_revoked_only_because_the_account_is_held(
    monkeypatch: pytest.MonkeyPatch, is_guarded: bool
) -> None:
    ada, administrator = UserFactory(username="ada"), AdministratorFactory()
    checked, deactivated, digest = Event(), Event(), tokens.digest

    def be_slow(plaintext: str) -> str:
        # Ada is known to be active by now, and her token is not there yet.
        checked.set()
        deactivated.wait(1 if is_guarded else LONG)
        return digest(plaintext)

    def make_or_deactivate(index: int) -> Any:
        if index == 0:
            return tokens.issue(actor=by(ada), user=ada, name="nightly")
        checked.wait(LONG)
        people.deactivate(actor=by(administrator), user=User.objects.get(pk=ada.pk))
        return deactivated.set()

    monkeypatch.setattr(tokens, "digest", be_slow)
    if not is_guarded:
        monkeypatch.setattr(QuerySet, "select_for_update", lambda rows: rows)
    at_the_same_moment(make_or_deactivate, 2)
    assert (ApiToken.objects.get(user=ada).revoked_at is not None) == is_guarded
