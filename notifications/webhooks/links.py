"""Addresses of the pages of webhooks."""

from django.urls import reverse


def webhook_path(pk: int) -> str:
    """Returns the path of a webhook's page."""
    return reverse("notifications:webhook", args=[pk])
