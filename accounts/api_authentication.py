"""Credentials on the API."""
from rest_framework.authentication import BaseAuthentication


class CredentialsAuthentication(BaseAuthentication):
    """To be written."""

    def authenticate(self, request):
        return None
