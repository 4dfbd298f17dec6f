from django.apps import AppConfig


class EvidenceConfig(AppConfig):
    """The facts that a decision is taken on."""

    name = "evidence"
    verbose_name = "Evidence"
