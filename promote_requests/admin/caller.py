"""Who acts through the admin, as the services want to know it."""

from typing import TYPE_CHECKING, cast

from django.http import HttpRequest

if TYPE_CHECKING:
    from accounts.models import User


def actor_of(request: HttpRequest) -> "User":
    """Returns the person; the admin site has let nobody else in."""
    return cast("User", request.user)


def request_id_of(request: HttpRequest) -> str:
    """Returns the id under which the log knows this call."""
    return str(getattr(request, "id", ""))
