"""Authentication of API calls: the same credentials and the same function as in the proxy."""

from django.conf import settings
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework import authentication
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed, PermissionDenied, Throttled
from rest_framework.request import Request
from typing_extensions import override

from accounts import sentences
from accounts.identity import confirmation
from accounts.identity.authentication import CHALLENGE, Caller, InvalidCredentials, TooManyAttempts, identify
from accounts.models import User


class CredentialsAuthentication(BaseAuthentication):
    """Accepts `Authorization: Bearer <token>` and Basic with a password or a token.

    Sessions are left to `SessionAuthentication`, which asks for a CSRF token: a browser sends cookies by itself, but
    another site cannot make it send this header.
    """

    @override
    def authenticate(self, request: Request) -> tuple[User, Caller] | None:
        """Returns the user and the caller, or None without the header.

        Raises:
            AuthenticationFailed: the credentials are not valid (401).
            Throttled: too many wrong passwords (429).
        """
        if "HTTP_AUTHORIZATION" not in request.META:
            return None
        try:
            caller = identify(request._request)
        except TooManyAttempts as error:
            raise Throttled(wait=error.retry_after, detail=error.message) from None
        except InvalidCredentials as error:
            raise AuthenticationFailed(error.message) from None
        user = None if caller.user_id is None else User.objects.filter(pk=caller.user_id, is_active=True).first()
        if user is None:
            raise AuthenticationFailed
        return user, caller

    @override
    def authenticate_header(self, request: Request) -> str:
        """Returns the challenge, which makes a refusal a 401 and not a 403."""
        return CHALLENGE


class SessionAuthentication(authentication.SessionAuthentication):
    """REST framework's, which asks for a CSRF token, and here for a password entered lately before anything changes."""

    @override
    def authenticate(self, request: Request) -> tuple[User, None] | None:
        """Returns the session's user, or None without a session.

        Raises:
            PermissionDenied: no CSRF token, or the password is to be entered on a page first (403).
        """
        authenticated: tuple[User, None] | None = super().authenticate(request)
        if authenticated and request.method not in confirmation.SAFE_METHODS and confirmation.is_due(request._request):
            raise PermissionDenied(sentences.CONFIRM_FOR_API)
        return authenticated


class CredentialsScheme(OpenApiAuthenticationExtension):
    """Describes the header in the API's schema."""

    target_class = CredentialsAuthentication
    name = "apiToken"

    @override
    def get_security_definition(self, auto_schema: object) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "description": "An API token from the page of that name."}


class SessionScheme(OpenApiAuthenticationExtension):
    """Describes the cookie in the API's schema."""

    target_class = SessionAuthentication
    name = "session"

    @override
    def get_security_definition(self, auto_schema: object) -> dict[str, str]:
        return {"type": "apiKey", "in": "cookie", "name": settings.SESSION_COOKIE_NAME}
