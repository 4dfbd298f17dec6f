"""The MLflow of the settings."""

from base64 import b64encode
from functools import cache
from urllib.parse import urlsplit

from django.conf import settings

from proxy.transfer.upstream import Upstream


def mlflow() -> Upstream:
    """Returns the MLflow that calls go to, with Checkpoint's own credentials and time-outs."""
    return _upstream(
        settings.CHECKPOINT_REGISTRY_URL,
        _credentials(
            settings.CHECKPOINT_REGISTRY_TOKEN,
            settings.CHECKPOINT_REGISTRY_USERNAME,
            settings.CHECKPOINT_REGISTRY_PASSWORD,
        ),
        settings.CHECKPOINT_CONNECT_TIMEOUT,
        settings.CHECKPOINT_READ_TIMEOUT,
    )


@cache
def _upstream(
    url: str, credentials: tuple[tuple[str, str], ...], connect_seconds: float, read_seconds: float
) -> Upstream:
    parts = urlsplit(url)
    is_tls = parts.scheme == "https"
    return Upstream(
        is_tls,
        str(parts.hostname),
        parts.port or (443 if is_tls else 80),
        parts.netloc,
        parts.path.rstrip("/"),
        credentials,
        connect_seconds,
        read_seconds,
    )


@cache
def _credentials(token: str, username: str, password: str) -> tuple[tuple[str, str], ...]:
    if token:
        return (("Authorization", f"Bearer {token}"),)
    if username:
        return (("Authorization", f"Basic {b64encode(f'{username}:{password}'.encode()).decode()}"),)
    return ()
