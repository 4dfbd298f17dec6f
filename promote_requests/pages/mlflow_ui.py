"""Answers the scripts that show a number: in MLflow's pages (`js/mlflow_ui.js`) and in our own (`js/inbox.js`)."""

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.identity.authentication import identify
from accounts.identity.callers import InvalidCredentials
from accounts.models import User
from foundation.addresses import Site, site_of
from promote_requests import inbox


@login_not_required
@require_safe
@never_cache
def status(request: HttpRequest) -> JsonResponse:
    """Returns `{"signed_in": bool, "for_you": str | null}`; null for whoever is not signed in.

    That is the number beside *Inbox* as it is shown: `100+` where there are more, "" where there is nothing.

    That is 200 and not 401: every open page asks again and again, and the browser would write each refusal to the
    console.
    """
    person = _person(request)
    if person is None:
        return JsonResponse({"signed_in": False, "for_you": None})
    return JsonResponse({"signed_in": True, "for_you": inbox.number_said(inbox.for_you(person))})


def _person(request: HttpRequest) -> User | None:
    """Returns the caller as this address knows them; that of MLflow alone has a session of its own."""
    if site_of(request) is not Site.MLFLOW:
        return request.user if request.user.is_authenticated else None
    try:
        return User(pk=user_id) if (user_id := identify(request).user_id) is not None else None
    except InvalidCredentials:
        return None
