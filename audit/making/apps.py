from django.apps import AppConfig


class MakingConfig(AppConfig):
    """Who made what."""

    name = "audit.making"
    label = "making"
    verbose_name = "Who made what"
