"""The admin site."""

from typing import Any

from allauth.account.decorators import secure_admin_login
from django.contrib.admin import AdminSite
from django.http import HttpRequest, HttpResponse
from typing_extensions import override


class CheckpointAdminSite(AdminSite):
    """Django's admin under Checkpoint's name and behind Checkpoint's sign-in.

    People sign in through allauth, whose rate limits then apply here too: the admin's own form has none.
    """

    site_header = "Checkpoint administration"
    site_title = "Checkpoint"
    index_title = "Administration"
    site_url = "/checkpoint/"

    @override
    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Sends people who are not signed in to Checkpoint's sign-in page."""
        return secure_admin_login(super().login)(request, extra_context)
