"""Promote requests: the domain."""

from django.apps import AppConfig


class PromoteRequestsConfig(AppConfig):
    """Promote requests: the domain."""

    name = "promote_requests"
    verbose_name = "Promote requests"
