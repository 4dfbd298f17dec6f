from django.apps import AppConfig


class AuditConfig(AppConfig):
    """The record: what happened, append-only."""

    name = "audit"
    verbose_name = "Audit trail"
