"""The page on which people say what they want to be told."""

from collections.abc import Callable
from typing import TYPE_CHECKING, cast

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from accounts import mail
from accounts.identity.confirmation import confirmed
from audit.actors import Door, actor_of
from foundation.exceptions import InvalidInput, NotAllowed
from notifications.choices import Kind, Way
from notifications.models import Subscription
from notifications.people import subscriptions
from notifications.people.audience import Ways

if TYPE_CHECKING:
    from accounts.models import User

_MOST = 100
"""Requests that the page lists, the newest first."""
_LARGEST = 2**63 - 1


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def preferences(request: HttpRequest) -> HttpResponse:
    """Shows and writes how somebody wants to be told of each kind of event, and what they follow."""
    user = cast("User", request.user)
    if request.method == "POST":
        return _write(request, lambda ways: subscriptions.prefer(actor=actor_of(request, Door.PAGE), ways=ways))
    own = Subscription.objects.filter(user=user)
    context = {
        "kinds": _rows(subscriptions.ways_of(user.pk)),
        "defaults": _rows(Ways.load().default) if user.is_superuser else (),
        "ways": Way.choices,
        "requests": own.filter(request_number__isnull=False).order_by("-request_number")[:_MOST],
        "models": own.filter(request_number=None).order_by("workspace", "model_name"),
        "has_mail": mail.is_configured(),
        "has_address": bool(user.email),
    }
    return render(request, "notifications/preferences.html", context)


@require_POST
@never_cache
@confirmed
def defaults(request: HttpRequest) -> HttpResponse:
    """Writes how those are told who did not say."""
    try:
        return _write(request, lambda ways: subscriptions.set_defaults(actor=actor_of(request, Door.PAGE), ways=ways))
    except NotAllowed as error:
        raise PermissionDenied(error.message) from None


@require_POST
@never_cache
def forget(request: HttpRequest, pk: int) -> HttpResponse:
    """Ends watching a model."""
    subscriptions.forget(actor=actor_of(request, Door.PAGE), subscription=min(pk, _LARGEST))
    return redirect("notifications:preferences")


def _write(request: HttpRequest, service: Callable[[dict[str, str]], None]) -> HttpResponse:
    ways = {str(kind): request.POST[str(kind)] for kind in Kind if str(kind) in request.POST}
    try:
        service(ways)
    except InvalidInput as error:
        messages.error(request, error.message)
    else:
        messages.success(request, "That is how you are told from now on.")
    return redirect("notifications:preferences")


def _rows(ways: dict[str, str]) -> list[tuple[str, str, str]]:
    return [(str(kind), str(kind.label), ways[kind]) for kind in Kind]
