from django.apps import AppConfig


class PromoteRequestsConfig(AppConfig):
    """Promote requests."""

    name = "promote_requests"
    verbose_name = "Promote requests"
