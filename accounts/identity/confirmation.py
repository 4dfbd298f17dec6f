"""Asking for the password again before something is decided, where the administrator wants that.

A browser left open, or a cookie that somebody took, is then not enough to approve: what is sent waits in the session
while its sender enters the password, and goes on as it was.
"""

import time
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

from allauth.account.internal.flows.login import get_authentication_records
from allauth.core.exceptions import ReauthenticationRequired
from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from accounts.identity import signing

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

View = TypeVar("View", bound=Callable[..., HttpResponseBase])


def entered_within(request: HttpRequest, seconds: float) -> bool:
    """Tells whether the password was entered in this session so lately, to sign in or to confirm."""
    since = time.time() - seconds
    records = get_authentication_records(request, request.user)
    return any(record["method"] == "password" and record["at"] > since for record in records)


def is_due(request: HttpRequest) -> bool:
    """Tells whether the sender of a decision, whom a session identifies, has to enter the password first.

    Whom the API knows by credentials in a header is never asked here: those come with the call itself and not from a
    browser that was left open. A header beside a session changes nothing: a script can send one.
    """
    minutes = settings.CHECKPOINT_CONFIRM_MINUTES
    if not minutes or not request.user.is_authenticated:
        return False
    return not entered_within(request, minutes * 60)


def require(request: HttpRequest) -> None:
    """Raises ReauthenticationRequired if the password is to be entered first.

    allauth keeps the call, leads to the page for the password, and then makes the call as it was sent, but for a
    password that was sent to sign something: no session keeps one.
    """
    if is_due(request):
        signing.taken(request)
        raise ReauthenticationRequired


def confirmed(view: View) -> View:
    """Decorates a view whose POST decides something; `only_looks` tells of one that does not."""

    @wraps(view)
    def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.method not in SAFE_METHODS and not getattr(view, "only_looks", False):
            require(request)
        return view(request, *args, **kwargs)

    return cast(View, answer)


def only_looks(view: View) -> View:
    """Marks a view that is sent by POST and decides nothing, so that no password is asked for."""
    view.only_looks = True  # type: ignore[attr-defined]
    return view
