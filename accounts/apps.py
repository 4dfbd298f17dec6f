from django.apps import AppConfig
from typing_extensions import override


class AccountsConfig(AppConfig):
    """Accounts: people, API tokens, invitations."""

    name = "accounts"

    @override
    def ready(self) -> None:
        """Connects the signals that keep the credential cache current."""
        from accounts import signals  # noqa: F401, PLC0415 - it needs the models, which are loaded only now
