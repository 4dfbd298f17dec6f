"""Answers the script in MLflow's pages (`static/checkpoint/js/mlflow_ui.js`)."""

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from promote_requests.models import PromoteRequest


@login_not_required
@require_safe
@never_cache
def status(request: HttpRequest) -> JsonResponse:
    """Returns `{"signed_in": bool, "open_requests": int | null}`; null for whoever is not signed in.

    That is 200 and not 401: every open MLflow page asks twice a minute, and the browser would write each refusal to
    the console.
    """
    if not request.user.is_authenticated:
        return JsonResponse({"signed_in": False, "open_requests": None})
    return JsonResponse({"signed_in": True, "open_requests": PromoteRequest.objects.open().count()})
