"""Answers the script in MLflow's pages (`static/checkpoint/js/mlflow_ui.js`)."""

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.identity.authentication import identify
from accounts.identity.callers import InvalidCredentials
from foundation.addresses import Site, site_of
from promote_requests.models import PromoteRequest


@login_not_required
@require_safe
@never_cache
def status(request: HttpRequest) -> JsonResponse:
    """Returns `{"signed_in": bool, "open_requests": int | null}`; null for whoever is not signed in.

    That is 200 and not 401: every open MLflow page asks twice a minute, and the browser would write each refusal to
    the console.
    """
    if not _is_signed_in(request):
        return JsonResponse({"signed_in": False, "open_requests": None})
    return JsonResponse({"signed_in": True, "open_requests": PromoteRequest.objects.open().count()})


def _is_signed_in(request: HttpRequest) -> bool:
    """Tells whether this address knows the caller; that of MLflow alone has a session of its own."""
    if site_of(request) is not Site.MLFLOW:
        return bool(request.user.is_authenticated)
    try:
        return identify(request).user_id is not None
    except InvalidCredentials:
        return False
