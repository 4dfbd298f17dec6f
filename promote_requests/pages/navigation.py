"""The navigation bar of every page."""

from typing import Any

from django.http import HttpRequest
from django.utils.functional import cached_property

from promote_requests import inbox

_SECTIONS = {
    "promote_requests:list": "requests",
    "promote_requests:detail": "requests",
    "promote_requests:inbox": "inbox",
    "promote_requests:models": "models",
    "promote_requests:model": "models",
}
_KEPT = "_checkpoint_navigation"


class Navigation:
    """The bar at the top. Queries the database only when a template shows it, so that error pages work without one."""

    def __init__(self, request: HttpRequest) -> None:
        self._request = request

    @property
    def section(self) -> str:
        """The entry of the bar that the page belongs to, or ""."""
        match = self._request.resolver_match
        return _SECTIONS.get(match.view_name, "") if match else ""

    @cached_property
    def inbox_count(self) -> str:
        """How many requests wait for this person's review or have something new for them; "" where none does."""
        user = self._request.user
        return inbox.number_said(inbox.for_you(user)) if user.is_authenticated else ""


def navigation(request: HttpRequest) -> dict[str, Any]:
    """Returns the template context with the navigation: one a request, however many templates are rendered for it."""
    if not hasattr(request, _KEPT):
        setattr(request, _KEPT, Navigation(request))
    return {"navigation": getattr(request, _KEPT)}
