"""Accounts: people, API tokens, invitations."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """Accounts: people, API tokens, invitations."""

    name = "accounts"
