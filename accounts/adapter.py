"""allauth's decisions."""

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest


class AccountAdapter(DefaultAccountAdapter):
    """Closes sign-up: accounts come from an administrator."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Returns False always."""
        return False
