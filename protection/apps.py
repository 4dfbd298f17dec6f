from django.apps import AppConfig


class ProtectionConfig(AppConfig):
    """Protection rules."""

    name = "protection"
    verbose_name = "Protection"
