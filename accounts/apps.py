"""Accounts: people, API tokens, invitations."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """Accounts: people, API tokens, invitations."""

    name = "accounts"

    def ready(self) -> None:
        """Connects the signals that keep the credential cache honest."""
        from accounts import signals  # noqa: F401, PLC0415 - models exist only now
