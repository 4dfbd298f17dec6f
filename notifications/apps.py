from django.apps import AppConfig


class NotificationsConfig(AppConfig):
    """Everybody told: outbox, worker, channels."""

    name = "notifications"
    verbose_name = "Notifications"
