import base64
from typing import Any

import pytest
from django.http.response import HttpResponseBase
from django.test import Client, RequestFactory
from rest_framework.exceptions import AuthenticationFailed, Throttled
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.test import APIRequestFactory
from rest_framework.views import APIView

from accounts import tokens
from accounts.identity.api_authentication import CredentialsAuthentication
from accounts.identity.authentication import CallerKind
from accounts.models import User
from testing.people import PASSWORD, UserFactory, bearer, by, issue_token

pytestmark = pytest.mark.django_db


class WhoAmI(APIView):
    """Answers with the caller's name, under the project's own defaults."""

    def get(self, request: Request) -> Response:
        return Response({"username": request.user.get_username(), "kind": str(getattr(request.auth, "kind", ""))})

    post = get


def call(method: str = "get", **headers: str) -> HttpResponseBase:
    factory = APIRequestFactory(enforce_csrf_checks=True)
    return WhoAmI.as_view()(getattr(factory, method)("/checkpoint/api/", **headers))


def basic(login: str, password: str) -> dict[str, str]:
    return {"HTTP_AUTHORIZATION": "Basic " + base64.b64encode(f"{login}:{password}".encode()).decode()}


@pytest.fixture
def ada() -> User:
    return UserFactory(username="ada")


def test_a_token_and_a_password_open_the_api(ada: User) -> None:
    _, plaintext = issue_token(ada)
    assert call(**bearer(plaintext)).data == {"username": "ada", "kind": CallerKind.TOKEN}
    assert call(**basic("ada", PASSWORD)).data == {"username": "ada", "kind": CallerKind.BASIC}
    assert call("post", **basic("ada", plaintext)).status_code == 200


@pytest.mark.parametrize("mode", ["off", "read", "write"])
def test_nobody_gets_a_401_with_a_challenge_whatever_anonymous_access_to_mlflow_is(settings: Any, mode: str) -> None:
    settings.CHECKPOINT_ANONYMOUS = mode
    answer = call()
    assert answer.status_code == 401
    assert answer["WWW-Authenticate"] == 'Bearer realm="Checkpoint"'


def test_bad_credentials_get_a_401_with_a_challenge(ada: User) -> None:
    for headers in (bearer("nonsense"), basic("ada", "wrong"), {"HTTP_AUTHORIZATION": ""}):
        answer = call(**headers)
        assert (answer.status_code, answer["WWW-Authenticate"]) == (401, 'Bearer realm="Checkpoint"')


def test_a_revoked_token_and_a_deactivated_person_are_refused(
    ada: User, django_capture_on_commit_callbacks: Any
) -> None:
    token, plaintext = issue_token(ada)
    assert call(**bearer(plaintext)).status_code == 200
    with django_capture_on_commit_callbacks(execute=True):
        tokens.revoke(actor=by(ada), token=token)
    assert call(**bearer(plaintext)).status_code == 401
    _, another = issue_token(ada, name="another")
    assert call(**bearer(another)).status_code == 200
    # Past the cache, which another replica's deactivation does not reach at once.
    User.objects.update(is_active=False)
    assert call(**bearer(another)).status_code == 401


def test_too_many_wrong_passwords_are_throttled(ada: User) -> None:
    for guess in range(5):
        call(**basic("ada", f"guess {guess}"))
    with pytest.raises(Throttled) as refusal:
        CredentialsAuthentication().authenticate(Request(RequestFactory().get("/", **basic("ada", "one more"))))
    assert refusal.value.wait == 60


def test_credentials_in_the_header_are_not_overruled_by_a_session(ada: User) -> None:
    client = Client()
    client.force_login(ada)
    request = RequestFactory().get("/", **bearer("nonsense"))
    request.COOKIES.update({name: morsel.value for name, morsel in client.cookies.items()})
    with pytest.raises(AuthenticationFailed):
        CredentialsAuthentication().authenticate(Request(request))


def test_sessions_are_left_to_the_class_that_asks_for_a_csrf_token() -> None:
    assert CredentialsAuthentication().authenticate(Request(RequestFactory().get("/"))) is None
