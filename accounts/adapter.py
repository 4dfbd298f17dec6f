"""allauth's decisions."""

import time
from typing import Any

from allauth.account import app_settings
from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.internal.flows.login import get_authentication_records
from allauth.core import context
from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

from accounts import mail
from accounts.identity.backends import HashingBusy
from accounts.identity.client_address import client_address
from accounts.identity.passwords import attempts_key
from accounts.models import User


class AccountAdapter(DefaultAccountAdapter):
    """Closes sign-up, keeps links and redirects on our own address, and counts attempts as the Basic door does."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Returns False always: accounts come from an administrator's invitation."""
        return False

    def get_client_ip(self, request: HttpRequest) -> str:
        """Returns the address that the rate limits count, which a caller cannot choose."""
        return client_address(request)

    def authenticate(self, request: HttpRequest, **credentials: Any) -> User | None:
        """Returns the user, or None for wrong credentials; too many at once are refused as too many attempts."""
        try:
            return super().authenticate(request, **credentials)
        except HashingBusy:
            raise self.validation_error("too_many_login_attempts") from None

    def is_reauthentication_required(self, *, app: str, **kwargs: Any) -> bool:
        """Lets a sign-in count for as long as entering the password again does."""
        lately = time.time() - app_settings.REAUTHENTICATION_TIMEOUT
        records = get_authentication_records(context.request, context.request.user)
        return not any(record["method"] == "password" and record["at"] > lately for record in records)

    def is_safe_url(self, url: str | None) -> bool:
        """Allows redirects within the address that the person is using and nowhere else.

        allauth would allow every configured host name, and a site behind one of them need not be ours.
        """
        return url_has_allowed_host_and_scheme(
            url, allowed_hosts={context.request.get_host()}, require_https=context.request.is_secure()
        )

    def get_reset_password_from_key_url(self, key: str) -> str:
        """Returns the link of a reset mail, always at the public address: the Host header is the caller's choice."""
        path = reverse("account_reset_password_from_key", kwargs={"uidb36": "UID", "key": "KEY"})
        return f"{settings.CHECKPOINT_PUBLIC_URL}{path.replace('UID-KEY', key)}"

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Sends in the background, so that the time of the answer does not tell whether an account exists."""
        values = {"email": email, "public_url": settings.CHECKPOINT_PUBLIC_URL} | context
        mail.send_soon(self.render_mail(template_prefix, email, values))

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: Any) -> str:
        return attempts_key(credentials.get("email") or credentials.get("username") or "")
