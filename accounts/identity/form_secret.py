"""Ties the secret that forms have to carry to the session, for whoever is signed in.

Django compares a form's token with a cookie beside the session. A script of our origin, which MLflow's page may come to
run, cannot read that cookie; but browsers keep a number of cookies for a host, so that it can drive this one out, set
its own in its place, and send a token that it knows.
"""

from collections.abc import Callable

from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.crypto import salted_hmac

_LENGTH = 32
"""Of Django's secrets, letters and digits (`django.middleware.csrf.CSRF_SECRET_LENGTH`)."""


class FormSecretMiddleware:
    """Puts the session's own secret where Django, its admin, allauth and REST framework look for the cookie's."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answers one request."""
        session = request.session
        if session.session_key and SESSION_KEY in session:
            request.COOKIES[settings.CSRF_COOKIE_NAME] = form_secret(session.session_key)
        return self.get_response(request)


def form_secret(session_key: str) -> str:
    """Returns the secret of a session; nobody without SECRET_KEY can tell one from the other."""
    return salted_hmac("checkpoint.form-secret", session_key, algorithm="sha256").hexdigest()[:_LENGTH]
