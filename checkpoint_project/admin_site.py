"""The admin site."""

from collections.abc import Callable
from typing import Any, TypeVar

from allauth.account.decorators import secure_admin_login
from django.contrib.admin import AdminSite
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from typing_extensions import override

from accounts.identity.confirmation import confirmed

_View = TypeVar("_View", bound=Callable[..., HttpResponseBase])


class CheckpointAdminSite(AdminSite):
    """Django's admin under Checkpoint's name and behind Checkpoint's sign-in.

    People sign in through allauth, whose rate limits then apply here too: the admin's own form has none.
    """

    site_header = "Checkpoint administration"
    site_title = "Checkpoint"
    index_title = "Administration"
    site_url = "/checkpoint/"

    @override
    def admin_view(self, view: _View, cacheable: bool = False) -> _View:
        """Asks for the password before anything is changed, where the administrator wants that."""
        return super().admin_view(view if view == self.logout else confirmed(view), cacheable)

    @override
    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Sends people who are not signed in to Checkpoint's sign-in page."""
        return secure_admin_login(super().login)(request, extra_context)
