"""Every credential that is accepted, every one that is refused, and what it costs."""

import base64
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.http import HttpRequest
from django.test import Client, RequestFactory
from django.utils import timezone

from accounts import tokens
from accounts.identity import authentication, backends
from accounts.identity.authentication import Caller, CallerKind, InvalidCredentials, TooManyAttempts, identify
from accounts.identity.credential_cache import cache
from accounts.identity.passwords import verdicts
from accounts.models import ApiToken, User
from testing.people import PASSWORD, AdministratorFactory, UserFactory, by, issue_token

pytestmark = pytest.mark.django_db


def request_with(authorization: str | None = None, session: str | None = None, **meta: Any) -> HttpRequest:
    if authorization is not None:
        meta["HTTP_AUTHORIZATION"] = authorization
    request = RequestFactory().get("/api/2.0/mlflow/runs/get", **meta)
    if session is not None:
        request.COOKIES[settings.SESSION_COOKIE_NAME] = session
    return request


def basic(login: str, password: str, encoding: str = "utf-8") -> str:
    return "Basic " + base64.b64encode(f"{login}:{password}".encode(encoding)).decode()


def sign_in(user: User) -> str:
    client = Client()
    client.force_login(user)
    return client.cookies[settings.SESSION_COOKIE_NAME].value


@pytest.fixture
def ada() -> User:
    return UserFactory(username="ada", email="ada@example.org")


@pytest.fixture
def hashes(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Counts the passwords that were hashed."""
    seen: list[str] = []
    check, make = backends.check_password, backends.make_password
    monkeypatch.setattr(backends, "check_password", lambda raw, stored: (seen.append(raw), check(raw, stored))[1])
    monkeypatch.setattr(backends, "make_password", lambda raw: (seen.append(raw), make(raw))[1])
    return seen


def test_a_caller_without_credentials_is_anonymous_and_known_by_address() -> None:
    caller = identify(request_with(REMOTE_ADDR="10.0.0.7"))
    assert caller == Caller(CallerKind.ANONYMOUS, None, "", "anonymous:10.0.0.7")


def test_a_token_identifies_its_owner(ada: User) -> None:
    token, plaintext = issue_token(ada)
    caller = identify(request_with(f"Bearer {plaintext}"))
    assert caller == Caller(CallerKind.TOKEN, ada.pk, "ada", f"token:{token.pk}")
    assert identify(request_with(f"bearer {plaintext}")) == caller


@pytest.mark.parametrize("login", ["ada", "ADA", "ada@example.org"])
def test_a_password_or_a_token_identifies_through_basic_by_name_and_by_address(ada: User, login: str) -> None:
    _, plaintext = issue_token(ada)
    assert identify(request_with(basic(login, PASSWORD))).kind == CallerKind.BASIC
    by_token = identify(request_with(basic(login, plaintext)))
    assert (by_token.kind, by_token.user_id, by_token.username) == (CallerKind.TOKEN, ada.pk, "ada")


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1"])
def test_a_password_with_letters_beyond_ascii_is_read_in_both_encodings(encoding: str) -> None:
    user = UserFactory(username="zoë", password="schöne grüße")
    assert identify(request_with(basic("zoë", "schöne grüße", encoding))).user_id == user.pk


def test_a_session_identifies_its_user(ada: User) -> None:
    caller = identify(request_with(session=sign_in(ada)))
    assert (caller.kind, caller.user_id, caller.username) == (CallerKind.SESSION, ada.pk, "ada")
    assert caller.key.startswith("session:")


def test_the_header_comes_before_the_session(ada: User) -> None:
    _, plaintext = issue_token(ada)
    session = sign_in(UserFactory())
    assert identify(request_with(f"Bearer {plaintext}", session)).user_id == ada.pk
    with pytest.raises(InvalidCredentials):
        identify(request_with("Bearer nonsense", session))


def test_a_session_in_which_nobody_is_signed_in_is_anonymous() -> None:
    store = SessionStore()
    store["theme"] = "dark"
    store.save()
    assert identify(request_with(session=store.session_key)).kind == CallerKind.ANONYMOUS


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Bearer",
        "Bearer ",
        "Bearer cpt_",
        "Bearer cpt_" + "x" * 43,
        "Bearer cpt_" + "é" * 43,
        "Bearer two words",
        "Basic",
        "Basic !!!",
        "Basic " + base64.b64encode(b"no colon").decode(),
        basic("", "x"),
        basic("ada", ""),
        basic("ada", "nul\0byte"),
        basic("ada", "wrong password"),
        basic("nobody", PASSWORD),
        basic("ada", "cpt_" + "x" * 43),
        "Digest username=ada",
        "Bearer " + "x" * 9000,
        "Bearer a,Bearer b",
        "\udce9",
    ],
)
def test_malformed_and_unknown_credentials_are_refused_and_never_anonymous(ada: User, header: str) -> None:
    with pytest.raises(InvalidCredentials) as refusal:
        identify(request_with(header))
    assert refusal.value.status == 401


def test_a_token_with_somebody_elses_name_is_refused(ada: User) -> None:
    _, plaintext = issue_token(ada)
    UserFactory(username="grace")
    with pytest.raises(InvalidCredentials):
        identify(request_with(basic("grace", plaintext)))


def test_revoked_and_expired_tokens_and_those_of_deactivated_people_are_refused(ada: User) -> None:
    revoked, first = issue_token(ada, name="revoked")
    ApiToken.objects.filter(pk=revoked.pk).update(revoked_at=timezone.now())
    expired, second = issue_token(ada, name="expired")
    ApiToken.objects.filter(pk=expired.pk).update(expires_at=timezone.now() - timedelta(seconds=1))
    _, third = issue_token(UserFactory())
    User.objects.exclude(pk=ada.pk).update(is_active=False)
    for plaintext in (first, second, third):
        with pytest.raises(InvalidCredentials):
            identify(request_with(f"Bearer {plaintext}"))


def test_a_deactivated_person_is_refused_with_password_and_session(ada: User) -> None:
    session = sign_in(ada)
    User.objects.update(is_active=False)
    with pytest.raises(InvalidCredentials):
        identify(request_with(basic("ada", PASSWORD)))
    with pytest.raises(InvalidCredentials):
        identify(request_with(session=session))


def test_sessions_that_are_unknown_malformed_or_expired_are_refused(ada: User) -> None:
    session = sign_in(ada)
    Session.objects.update(expire_date=timezone.now() - timedelta(seconds=1))
    for key in (session, "x" * 32, "short", "a" * 500, "\0" * 32, "é" * 32):
        with pytest.raises(InvalidCredentials):
            identify(request_with(session=key))


def test_a_session_does_not_survive_a_changed_password(ada: User) -> None:
    session = sign_in(ada)
    ada.set_password("another pass phrase")
    ada.save()
    with pytest.raises(InvalidCredentials):
        identify(request_with(session=session))


def test_a_session_of_a_backend_that_is_not_ours_is_refused(ada: User) -> None:
    store = SessionStore(sign_in(ada))
    store["_auth_user_backend"] = "django.contrib.auth.backends.ModelBackend"
    store.save()
    with pytest.raises(InvalidCredentials):
        identify(request_with(session=store.session_key))


def test_a_session_without_its_hash_is_refused(ada: User) -> None:
    store = SessionStore()
    store[SESSION_KEY] = str(ada.pk)
    store["_auth_user_backend"] = settings.AUTHENTICATION_BACKENDS[0]
    store.save()
    with pytest.raises(InvalidCredentials):
        identify(request_with(session=store.session_key))


def test_a_session_signed_under_a_key_that_is_gone_is_refused(ada: User, settings: Any) -> None:
    session = sign_in(ada)
    settings.SECRET_KEY = "a new key " * 6
    with pytest.raises(InvalidCredentials):
        identify(request_with(session=session))


def test_a_session_made_under_the_previous_secret_key_is_accepted_and_left_as_it_is(ada: User, settings: Any) -> None:
    session = sign_in(ada)
    stored = Session.objects.get().session_data
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "a new key " * 6
    assert identify(request_with(session=session)).user_id == ada.pk
    assert Session.objects.get().session_data == stored


def test_a_warm_cache_asks_no_database_and_hashes_no_password(
    ada: User, hashes: list[str], django_assert_num_queries: Any
) -> None:
    _, plaintext = issue_token(ada)
    callers = [
        request_with(f"Bearer {plaintext}"),
        request_with(basic("ada", PASSWORD)),
        request_with(basic("ada", plaintext)),
        request_with(session=sign_in(ada)),
    ]
    cold = [identify(request) for request in callers]
    with django_assert_num_queries(0):
        assert [identify(request) for request in callers] == cold
    assert hashes == [PASSWORD]


def test_identifying_writes_nothing_but_a_tokens_last_use(ada: User, django_assert_max_num_queries: Any) -> None:
    token, plaintext = issue_token(ada)
    tokens.note_use(token)
    session = sign_in(ada)
    before = list(User.objects.values()), list(ApiToken.objects.values()), list(Session.objects.values())
    with django_assert_max_num_queries(3) as captured:
        identify(request_with(f"Bearer {plaintext}"))
        identify(request_with(session=session))
    assert all(query["sql"].startswith("SELECT") for query in captured.captured_queries)
    assert (list(User.objects.values()), list(ApiToken.objects.values()), list(Session.objects.values())) == before


def test_a_revoked_token_is_dead_at_once_in_this_process(ada: User, django_capture_on_commit_callbacks: Any) -> None:
    token, plaintext = issue_token(ada)
    identify(request_with(f"Bearer {plaintext}"))
    with django_capture_on_commit_callbacks(execute=True):
        tokens.revoke(actor=by(ada), token=token)
    with pytest.raises(InvalidCredentials):
        identify(request_with(f"Bearer {plaintext}"))


def test_a_token_revoked_on_another_replica_is_dead_within_five_seconds(
    ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 50_000.0
    monkeypatch.setattr(cache, "clock", lambda: now)
    token, plaintext = issue_token(ada)
    identify(request_with(f"Bearer {plaintext}"))
    ApiToken.objects.filter(pk=token.pk).update(revoked_at=timezone.now())
    now += 4.9
    assert identify(request_with(f"Bearer {plaintext}")).user_id == ada.pk
    now += 0.1
    with pytest.raises(InvalidCredentials):
        identify(request_with(f"Bearer {plaintext}"))


def test_a_cached_token_dies_at_its_own_expiry(ada: User, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 50_000.0
    monkeypatch.setattr(cache, "clock", lambda: now)
    _, plaintext = issue_token(ada, expires_at=timezone.now() + timedelta(seconds=2))
    identify(request_with(f"Bearer {plaintext}"))
    now += 2.0
    reading = cache.digest("authorization", f"Bearer {plaintext}")
    assert cache.get(reading) is None


@pytest.mark.parametrize("how", ["deactivate", "password", "sign out", "token in the admin"])
def test_what_a_change_ends_is_dead_at_once_in_this_process(
    ada: User, how: str, django_capture_on_commit_callbacks: Any
) -> None:
    token, plaintext = issue_token(ada)
    requests = {
        "deactivate": request_with(f"Bearer {plaintext}"),
        "password": request_with(basic("ada", PASSWORD)),
        "sign out": request_with(session=sign_in(ada)),
        "token in the admin": request_with(f"Bearer {plaintext}"),
    }
    identify(requests[how])
    with django_capture_on_commit_callbacks(execute=True):
        match how:
            case "deactivate":
                ada.is_active = False
                ada.save()
            case "password":
                ada.set_password("another pass phrase")
                ada.save()
            case "sign out":
                SessionStore(requests[how].COOKIES[settings.SESSION_COOKIE_NAME]).delete()
            case "token in the admin":
                token.revoked_at = timezone.now()
                token.save()
    with pytest.raises(InvalidCredentials):
        identify(requests[how])


def test_a_repeated_password_is_hashed_once_in_five_minutes_but_the_account_is_read_every_five_seconds(
    ada: User, hashes: list[str]
) -> None:
    for _ in range(3):
        identify(request_with(basic("ada", PASSWORD)))
        cache.clear()
    assert hashes == [PASSWORD]
    User.objects.update(is_active=False)
    with pytest.raises(InvalidCredentials):
        identify(request_with(basic("ada", PASSWORD)))


def test_a_changed_password_makes_what_was_remembered_void(ada: User, hashes: list[str]) -> None:
    identify(request_with(basic("ada", PASSWORD)))
    ada.set_password("another pass phrase")
    ada.save()
    cache.clear()
    with pytest.raises(InvalidCredentials):
        identify(request_with(basic("ada", PASSWORD)))
    assert identify(request_with(basic("ada", "another pass phrase"))).user_id == ada.pk
    assert len(hashes) == 3


@pytest.mark.parametrize("login", ["ada", "nobody", "retired", "ada@example.org", "nobody@example.org"])
def test_a_wrong_password_costs_one_hash_whoever_it_is_for(ada: User, hashes: list[str], login: str) -> None:
    UserFactory(username="retired", is_active=False)
    for _ in range(4):
        with pytest.raises(InvalidCredentials) as refusal:
            identify(request_with(basic(login, "wrong password")))
        assert refusal.value.message == InvalidCredentials().message
    assert len(hashes) == 1


def test_wrong_passwords_for_one_name_are_limited_and_repeating_one_counts_once(ada: User) -> None:
    for _ in range(8):
        with pytest.raises(InvalidCredentials):
            identify(request_with(basic("ada", "the same wrong one")))
    for guess in range(4):
        with pytest.raises(InvalidCredentials):
            identify(request_with(basic("ada", f"guess {guess}")))
    with pytest.raises(TooManyAttempts) as refusal:
        identify(request_with(basic("ADA", "one more")))
    assert (refusal.value.status, refusal.value.retry_after) == (429, 60)


def test_wrong_passwords_from_one_address_are_limited_whatever_the_name() -> None:
    for guess in range(10):
        with pytest.raises(InvalidCredentials):
            identify(request_with(basic(f"name{guess}", "guess")))
    with pytest.raises(TooManyAttempts):
        identify(request_with(basic("another", "guess")))
    with pytest.raises(InvalidCredentials) as refusal:
        identify(request_with(basic("another", "guess"), REMOTE_ADDR="10.9.9.9"))
    assert refusal.value.status == 401


def test_right_passwords_use_up_no_attempts(ada: User) -> None:
    for _ in range(12):
        identify(request_with(basic("ada", PASSWORD)))
        cache.clear()
        verdicts.clear()
    assert identify(request_with(basic("ada", PASSWORD))).user_id == ada.pk


def test_a_flood_of_passwords_is_turned_away_instead_of_taking_every_core(
    ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backends, "_SLOT_SECONDS", 0.01)
    taken = 0
    while backends._slots.acquire(blocking=False):
        taken += 1
    try:
        with pytest.raises(TooManyAttempts):
            identify(request_with(basic("ada", PASSWORD)))
    finally:
        backends._slots.release(taken)
    assert identify(request_with(basic("ada", PASSWORD))).user_id == ada.pk


def test_administrators_are_identified_like_everybody() -> None:
    user = AdministratorFactory()
    _, plaintext = issue_token(user)
    assert identify(request_with(f"Bearer {plaintext}")).user_id == user.pk


def test_the_challenge_does_not_make_browsers_ask_for_a_password() -> None:
    assert authentication.CHALLENGE.startswith("Bearer ")
