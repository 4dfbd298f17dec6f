from django.apps import AppConfig
from typing_extensions import override


class ProxyConfig(AppConfig):
    """The proxy: everything outside /checkpoint/."""

    name = "proxy"

    @override
    def ready(self) -> None:
        """Connects the seal to the audit trail, so that a promotion seals at once what it promotes."""
        from audit.signals import event_recorded  # noqa: PLC0415 - apps are loaded only now
        from proxy.seal import cache  # noqa: PLC0415

        event_recorded.connect(cache.on_event, dispatch_uid="proxy.seal.cache")
