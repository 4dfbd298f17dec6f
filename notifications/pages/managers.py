"""Who may see the pages of this room."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache

from accounts.identity.confirmation import confirmed
from audit.actors import Door, actor_of
from foundation.exceptions import NotAllowed, WrongState
from notifications.permissions import require_manager

View = Callable[..., HttpResponse]


def managers_only(view: View) -> View:
    """Decorates a page for those who may manage webhooks; what it changes may need the password again."""

    @never_cache
    @wraps(view)
    def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            require_manager(actor_of(request, Door.PAGE))
        except NotAllowed as error:
            raise PermissionDenied(error.message) from None
        return confirmed(view)(request, *args, **kwargs)

    return answer


def tried(request: HttpRequest, service: Callable[[], Any], *, done: str) -> None:
    """Calls a service that the state of things may refuse, and says on the next page what came of it."""
    try:
        service()
    except WrongState as error:
        messages.error(request, error.message)
    else:
        messages.success(request, done)
