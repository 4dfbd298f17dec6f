from django.apps import AppConfig


class HoldingConfig(AppConfig):
    """Since when versions hold what they hold."""

    name = "audit.holding"
    label = "holding"
    verbose_name = "Since when versions hold what they hold"
