"""How a sign-in gets from the origin of Checkpoint's pages to that of MLflow, and what it opens there."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta

import pytest
from django.conf import settings
from django.contrib.sessions.models import Session
from django.core.cache import cache as django_cache
from django.http import HttpRequest
from django.test import Client, RequestFactory
from django.utils import timezone
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from accounts.exceptions import LinkInvalid
from accounts.identity import handover, sessions
from accounts.identity.authentication import identify
from accounts.identity.callers import CallerKind, InvalidCredentials
from accounts.models import User
from testing.people import PASSWORD, AdministratorFactory, UserFactory

MLFLOW, PORTAL = "mlflow.example", "checkpoint.example"
ENTER, HAND_OVER, ARRIVE = (f"/checkpoint/accounts/{step}/" for step in ("enter", "hand-over", "arrive"))

Committing = Callable[[], AbstractContextManager[object]]

# MLflow is asked, at an address where nothing answers.
pytestmark = [pytest.mark.django_db, pytest.mark.sockets]


@pytest.fixture(autouse=True)
def _two_origins(settings: Settings) -> None:
    settings.CHECKPOINT_PUBLIC_URL = f"http://{MLFLOW}"
    settings.CHECKPOINT_PORTAL_URL = f"http://{PORTAL}"
    settings.CSRF_TRUSTED_ORIGINS = [f"http://{PORTAL}"]
    settings.ALLOWED_HOSTS = [MLFLOW, PORTAL]
    django_cache.clear()


@pytest.fixture
def ada() -> User:
    return UserFactory(username="ada")


@pytest.fixture
def committing(django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks) -> Committing:
    """Gives a context in which what is done counts as committed."""
    return lambda: django_capture_on_commit_callbacks(execute=True)


class Browser:
    """One person's browser: it keeps each host's cookies apart, and follows redirects from one to the other."""

    def __init__(self) -> None:
        self.at = {host: Client(headers={"host": host, "accept": "text/html"}) for host in (MLFLOW, PORTAL)}

    def sign_in(self, user: User) -> None:
        self.at[PORTAL].force_login(user)

    @property
    def portal_key(self) -> str:
        return self.at[PORTAL].cookies[settings.SESSION_COOKIE_NAME].value

    @property
    def mlflow_key(self) -> str:
        return self.at[MLFLOW].cookies[settings.CHECKPOINT_MLFLOW_COOKIE_NAME].value

    def follow(self, address: str) -> list[str]:
        """Goes to a full address and wherever it leads; gives every address on the way, with no code in it."""
        way = []
        while True:
            way.append(address.partition("?code=")[0])
            host = address.split("/")[2]
            response = self.at[host].get(address.removeprefix(f"http://{host}") or "/")
            if response.status_code != 302:
                return [*way, str(response.status_code)]
            location = response.headers["Location"]
            address = f"http://{host}{location}" if location.startswith("/") else location


def call(key: str, *, host: str, cookie: str) -> HttpRequest:
    request = RequestFactory().get("/api/2.0/mlflow/runs/get", headers={"host": host})
    request.COOKIES[cookie] = key
    return request


def at_mlflow(key: str) -> HttpRequest:
    return call(key, host=MLFLOW, cookie=settings.CHECKPOINT_MLFLOW_COOKIE_NAME)


def arrived(user: User) -> Browser:
    browser = Browser()
    browser.sign_in(user)
    browser.follow(f"http://{MLFLOW}{ENTER}?next=/")
    return browser


# -- The way ----------------------------------------------------------------------------------------------------------
def test_who_is_signed_in_at_the_pages_is_signed_in_at_mlflow_without_being_asked(ada: User) -> None:
    browser = Browser()
    browser.sign_in(ada)
    way = browser.follow(f"http://{MLFLOW}/?x=1")
    proof = way[2].split("proof=")[1].split("&")[0]
    assert way == [
        f"http://{MLFLOW}/?x=1",
        f"http://{MLFLOW}{ENTER}?next=/%3Fx%3D1",
        f"http://{PORTAL}{HAND_OVER}?proof={proof}&next=%2F%3Fx%3D1",
        f"http://{MLFLOW}{ARRIVE}",
        f"http://{MLFLOW}/?x=1",
        "502",  # MLflow itself, which this test does not have
    ]
    caller = identify(at_mlflow(browser.mlflow_key))
    assert (caller.kind, caller.username) == (CallerKind.SESSION, "ada")


def test_one_sign_in_serves_both(ada: User) -> None:
    browser = Browser()
    way = browser.follow(f"http://{MLFLOW}/")
    assert way[-1] == "200"
    assert way[-2].startswith(f"http://{PORTAL}/checkpoint/accounts/login/?next=/checkpoint/accounts/hand-over/")
    path = way[-2].removeprefix(f"http://{PORTAL}")
    answer = browser.at[PORTAL].post(path, {"login": "ada", "password": PASSWORD})
    assert browser.follow(f"http://{PORTAL}{answer.headers['Location']}")[-1] == "502"
    assert identify(at_mlflow(browser.mlflow_key)).username == "ada"
    assert browser.at[PORTAL].get("/checkpoint/").status_code == 200


def test_the_cookies_are_out_of_the_reach_of_scripts_and_other_sites(ada: User) -> None:
    cookie = arrived(ada).at[MLFLOW].cookies[settings.CHECKPOINT_MLFLOW_COOKIE_NAME]
    assert (cookie["httponly"], cookie["samesite"], cookie["path"], cookie["domain"]) == (True, "Lax", "/", "")
    assert 0 < cookie["max-age"] <= settings.SESSION_COOKIE_AGE


def test_two_tabs_that_begin_together_both_arrive(ada: User) -> None:
    browser = Browser()
    browser.sign_in(ada)
    mlflow, portal = browser.at[MLFLOW], browser.at[PORTAL]
    codes = []
    for path in ("/a", "/b"):
        sent = mlflow.get(f"{ENTER}?next={path}").headers["Location"]
        codes.append(portal.get(sent.removeprefix(f"http://{PORTAL}")).headers["Location"])
    first, second = (mlflow.get(code.removeprefix(f"http://{MLFLOW}")) for code in codes)
    assert (first.status_code, first.headers["Location"]) == (302, "/a")
    assert (second.status_code, second.headers["Location"]) == (302, "/")


@pytest.mark.parametrize(
    "wanted", ["//evil.example", "https://evil.example/", "/\\evil.example", "javascript:x", "", "/checkpoint/admin/"]
)
def test_the_way_leads_nowhere_but_to_mlflow(ada: User, wanted: str) -> None:
    browser = Browser()
    browser.sign_in(ada)
    sent = browser.at[MLFLOW].get(ENTER, {"next": wanted}).headers["Location"]
    assert sent.startswith(f"http://{PORTAL}{HAND_OVER}?")
    forged = browser.at[PORTAL].get(HAND_OVER, {"proof": "0" * 64, "next": wanted}).headers["Location"]
    assert forged.startswith(f"http://{MLFLOW}{ARRIVE}?code=")
    assert browser.follow(sent)[-2] == f"http://{MLFLOW}/"


@pytest.mark.parametrize(("path", "host"), [(ENTER, PORTAL), (ARRIVE, PORTAL), (HAND_OVER, MLFLOW)])
def test_each_step_is_at_its_own_origin(ada: User, path: str, host: str) -> None:
    browser = Browser()
    browser.sign_in(ada)
    response = browser.at[host].get(path)
    assert response.status_code in {302, 404}
    assert not {settings.CHECKPOINT_MLFLOW_COOKIE_NAME, settings.CHECKPOINT_ARRIVAL_COOKIE_NAME} & set(response.cookies)


def test_with_one_origin_there_are_no_such_steps(settings: Settings, ada: User) -> None:
    settings.CHECKPOINT_PORTAL_URL = ""
    client = Client(headers={"host": MLFLOW})
    client.force_login(ada)
    assert {client.get(path).status_code for path in (ENTER, HAND_OVER, ARRIVE)} == {404}


# -- The code ---------------------------------------------------------------------------------------------------------
def issued(secret: str) -> str:
    return handover.issue(session_key="a" * 32, proof_of_browser=handover.proof(secret), next_path="/x")


def test_a_code_works_once_in_the_browser_that_began() -> None:
    secret = handover.secret()
    code = issued(secret)
    assert handover.redeem(code, secret) == handover.Arrival("a" * 32, "/x")
    with pytest.raises(LinkInvalid):
        handover.redeem(code, secret)


def test_a_code_shown_by_another_browser_is_used_up() -> None:
    secret = handover.secret()
    code = issued(secret)
    for other in (handover.secret(), "", handover.proof(secret)):
        with pytest.raises(LinkInvalid):
            handover.redeem(code, other)
    with pytest.raises(LinkInvalid):
        handover.redeem(code, secret)


def test_a_code_is_stored_as_a_digest_and_for_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    kept: list[tuple[str, float]] = []
    monkeypatch.setattr(handover.cache, "set", lambda key, value, seconds: kept.append((key, seconds)))
    code = issued(handover.secret())
    assert kept[0][1] == 60
    assert code not in kept[0][0]


@pytest.mark.parametrize("proof", ["", "x", "0" * 63, "g" * 64, "0" * 65, "A" * 64])
def test_a_code_is_for_a_browser_with_a_secret(ada: User, proof: str) -> None:
    browser = Browser()
    browser.sign_in(ada)
    response = browser.at[PORTAL].get(HAND_OVER, {"proof": proof, "next": "/"})
    assert response.status_code == 400


def test_a_code_made_for_somebody_elses_browser_signs_nobody_in(ada: User) -> None:
    """Mallory sends a code of their own session, or has the victim's browser fetch one for Mallory's secret."""
    mallory, victim = Browser(), Browser()
    mallory.sign_in(UserFactory(username="mallory"))
    victim.sign_in(ada)
    sent = mallory.at[MLFLOW].get(ENTER).headers["Location"].removeprefix(f"http://{PORTAL}")
    for signed_in, other in ((mallory, victim), (victim, mallory)):
        code = signed_in.at[PORTAL].get(sent).headers["Location"].removeprefix(f"http://{MLFLOW}")
        other.at[MLFLOW].get(ENTER)
        if other is mallory:  # the victim's browser goes on by itself, and uses the code up
            assert victim.at[MLFLOW].get(code).status_code == 400
        assert other.at[MLFLOW].get(code).status_code == 400
        assert settings.CHECKPOINT_MLFLOW_COOKIE_NAME not in other.at[MLFLOW].cookies


def test_the_page_that_refuses_has_no_form_and_no_name(ada: User) -> None:
    browser = arrived(ada)
    del browser.at[MLFLOW].cookies[settings.CHECKPOINT_MLFLOW_COOKIE_NAME]
    # Ports of one host share their cookies: this address sees that of the pages too.
    browser.at[MLFLOW].cookies[settings.SESSION_COOKIE_NAME] = browser.portal_key
    page = browser.at[MLFLOW].get(ARRIVE, {"code": "x"})
    assert page.status_code == 400
    assert "csrfmiddlewaretoken" not in page.content.decode()
    assert "ada" not in page.content.decode()


# -- The session of MLflow's origin -----------------------------------------------------------------------------------
def test_it_opens_no_page(ada: User) -> None:
    browser = arrived(AdministratorFactory())
    thief = Client(headers={"host": PORTAL, "accept": "text/html"})
    for name in (settings.SESSION_COOKIE_NAME, settings.CHECKPOINT_MLFLOW_COOKIE_NAME):
        thief.cookies[name] = browser.mlflow_key
    for path in ("/checkpoint/", "/checkpoint/admin/", "/checkpoint/accounts/tokens/"):
        assert thief.get(path).status_code == 302
    api = thief.get("/checkpoint/api/promote-requests/", headers={"accept": "application/json"})
    assert api.status_code == 401
    assert thief.get(HAND_OVER, {"proof": "0" * 64}).status_code == 302
    assert thief.get(HAND_OVER, {"proof": "0" * 64}).headers["Location"].startswith("/checkpoint/accounts/login/")


def test_the_session_of_the_pages_opens_nothing_at_mlflow(ada: User) -> None:
    browser = arrived(ada)
    with pytest.raises(InvalidCredentials):
        identify(at_mlflow(browser.portal_key))
    assert identify(call(browser.portal_key, host=MLFLOW, cookie=settings.SESSION_COOKIE_NAME)).user_id is None
    assert identify(call(browser.mlflow_key, host=PORTAL, cookie=settings.SESSION_COOKIE_NAME)).user_id is None


def test_neither_can_be_told_from_the_other(ada: User, settings: Settings) -> None:
    browser = arrived(ada)
    assert browser.mlflow_key == sessions.mlflow_key(browser.portal_key)
    settings.SECRET_KEY = "another"
    assert browser.mlflow_key != sessions.mlflow_key(browser.portal_key)


@pytest.mark.parametrize("end", ["sign out", "password", "deactivated", "expired", "ended by an administrator"])
def test_it_ends_with_the_session_that_it_came_from(ada: User, committing: Committing, end: str) -> None:
    browser = arrived(ada)
    key = browser.mlflow_key
    assert identify(at_mlflow(key)).username == "ada"
    with committing():
        if end == "sign out":
            browser.at[PORTAL].post("/checkpoint/accounts/logout/")
        elif end == "password":
            ada.set_password("another long one")
            ada.save()
        elif end == "deactivated":
            User.objects.filter(pk=ada.pk).update(is_active=False)
            ada.refresh_from_db()
            ada.save()
        elif end == "expired":
            Session.objects.filter(pk=browser.portal_key).update(expire_date=timezone.now() - timedelta(seconds=1))
            Session.objects.filter(pk=browser.portal_key).delete()
        else:
            sessions.end_all(ada)
    with pytest.raises(InvalidCredentials):
        identify(at_mlflow(key))


def test_coming_again_gets_the_same_one_and_leaves_one_row(ada: User) -> None:
    browser = arrived(ada)
    key = browser.mlflow_key
    browser.follow(f"http://{MLFLOW}{ENTER}?next=/")
    assert browser.mlflow_key == key
    assert Session.objects.count() == 2


def test_signing_out_at_the_pages_shows_in_mlflows_pages_at_once(ada: User, committing: Committing) -> None:
    browser = arrived(ada)
    status = "/checkpoint/mlflow-ui/status/"
    assert browser.at[MLFLOW].get(status).json()["signed_in"] is True
    with committing():
        browser.at[PORTAL].post("/checkpoint/accounts/logout/")
    assert browser.at[MLFLOW].get(status).json() == {"signed_in": False, "for_you": None}
