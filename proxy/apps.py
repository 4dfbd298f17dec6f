"""The proxy: everything outside /checkpoint/."""

from django.apps import AppConfig


class ProxyConfig(AppConfig):
    """The proxy: everything outside /checkpoint/."""

    name = "proxy"

    def ready(self) -> None:
        """Lets a promotion seal at once what it promotes."""
        from promote_requests.signals import event_recorded  # noqa: PLC0415 - apps are loaded only now
        from proxy import sealed  # noqa: PLC0415

        event_recorded.connect(sealed.on_event, dispatch_uid="proxy.sealed")
