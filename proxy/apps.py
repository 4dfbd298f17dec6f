from django.apps import AppConfig


class ProxyConfig(AppConfig):
    """The proxy: everything outside /checkpoint/."""

    name = "proxy"
