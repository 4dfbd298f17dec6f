"""The proxy: everything outside /checkpoint/."""

from django.apps import AppConfig


class ProxyConfig(AppConfig):
    """The proxy: everything outside /checkpoint/."""

    name = "proxy"

    def ready(self) -> None:
        """Lets a promotion seal at once what it promotes."""
        from audit.signals import event_recorded  # noqa: PLC0415 - apps are loaded only now
        from proxy.seal import cache  # noqa: PLC0415

        event_recorded.connect(cache.on_event, dispatch_uid="proxy.seal.cache")
