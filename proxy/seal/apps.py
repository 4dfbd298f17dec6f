from django.apps import AppConfig
from typing_extensions import override


class SealConfig(AppConfig):
    """What may not be overwritten."""

    name = "proxy.seal"
    label = "seal"
    verbose_name = "Seal"

    @override
    def ready(self) -> None:
        """Connects the seal to the audit trail, so that an approval and a changed rule count at once, everywhere."""
        from django.db.models.signals import post_save  # noqa: PLC0415 - apps are loaded only now

        from audit.models import AuditEvent  # noqa: PLC0415
        from proxy.seal import events  # noqa: PLC0415

        post_save.connect(events.on_event, sender=AuditEvent, dispatch_uid="proxy.seal.events")
