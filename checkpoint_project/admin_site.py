"""The admin site."""

from typing import Any

from allauth.account.decorators import secure_admin_login
from django.contrib.admin import AdminSite
from django.http import HttpRequest, HttpResponse


class CheckpointAdminSite(AdminSite):
    """Django's admin under Checkpoint's name and behind Checkpoint's sign-in.

    Signing in goes through allauth, so that its rate limits hold here too: the admin's own form has none.
    """

    site_header = "Checkpoint administration"
    site_title = "Checkpoint"
    index_title = "Administration"
    site_url = "/checkpoint/"

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Sends everybody who is not signed in to the one sign-in page."""
        return secure_admin_login(super().login)(request, extra_context)
