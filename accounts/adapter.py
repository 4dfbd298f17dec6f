"""What Checkpoint decides differently from allauth."""

from typing import Any

from allauth.account import app_settings
from allauth.account.adapter import DefaultAccountAdapter
from allauth.core import context
from django.db import transaction
from django.http import HttpRequest
from typing_extensions import override

from accounts import links, mail, people, sentences
from accounts.identity import confirmation
from accounts.identity.backends import HashingBusy
from accounts.identity.client_address import client_address
from accounts.identity.passwords import attempts_key
from accounts.models import User
from audit.actors import Actor, Door
from foundation.addresses import own_path, portal_url


class AccountAdapter(DefaultAccountAdapter):
    """Closes sign-up, keeps links and redirects on Checkpoint's address, and counts attempts as for Basic."""

    @override
    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Returns False: accounts come from an administrator's invitation."""
        return False

    @override
    def get_client_ip(self, request: HttpRequest) -> str:
        """Returns the address that the rate limits count; a caller cannot forge it."""
        return client_address(request)

    @override
    def authenticate(self, request: HttpRequest, **credentials: Any) -> User | None:
        """Answers too many password checks at once as too many attempts."""
        try:
            return super().authenticate(request, **credentials)
        except HashingBusy:
            raise self.validation_error("too_many_login_attempts") from None

    @override
    def is_reauthentication_required(self, *, app: str, **kwargs: Any) -> bool:
        """Counts a sign-in with the password like entering the password again."""
        return not confirmation.entered_within(context.request, app_settings.REAUTHENTICATION_TIMEOUT)

    @override
    def is_safe_url(self, url: str | None) -> bool:
        """Allows redirects within the address that the person is using and nowhere else.

        allauth would allow every configured host name, and another site may stand behind one of them.
        """
        return bool(own_path(url or ""))

    @override
    def get_reset_password_from_key_url(self, key: str) -> str:
        return links.new_password_by_key(key)

    @override
    def set_password(self, user: User, password: str) -> None:
        """Sets a password and records it: through the page of its owner, or through a link for a new one."""
        request = context.request
        is_own = request.user.is_authenticated and request.user.pk == user.pk
        user.set_password(password)
        with transaction.atomic():
            user.save()
            people.record_password(
                actor=Actor.of(user, Door.PAGE, str(getattr(request, "id", ""))),
                user=user,
                how=sentences.SET_BY_OWNER if is_own else sentences.SET_BY_LINK,
            )

    @override
    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Sends in the background, so that the response time does not tell whether an account exists."""
        values = {"email": email, "public_url": portal_url()} | context
        mail.send_soon(self.render_mail(template_prefix, email, values))

    @override
    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: Any) -> str:
        return attempts_key(credentials.get("email") or credentials.get("username") or "")
