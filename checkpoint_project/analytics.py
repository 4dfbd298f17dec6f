"""An anonymous count of server starts, off unless a key is configured.

All that is sent: the event "Server started", a SHA-256 of a random number made for this installation, the time, a
random id of the event, and the name and version of the sending library. No address, no name, nothing of the registry.
The service is told not to use the sender's IP address.
"""

import logging
from hashlib import sha256
from threading import Thread

from django.conf import settings

from accounts.joining import installation

TIMEOUT = 5.0
"""Seconds for the connection, and again for the answer."""

logger = logging.getLogger("checkpoint.analytics")


def report_start(*, events_url: str | None = None) -> Thread | None:
    """Sends the event in the background and returns the sending thread, or None if nothing is sent.

    Neither delays nor fails a start: the thread is a daemon, everything slow happens in it, and an error is one line at
    DEBUG. Call it after the migrations.

    Args:
        events_url: An address for the events instead of the service's own.
    """
    if settings.CHECKPOINT_ANALYTICS_OPT_OUT or not settings.CHECKPOINT_ANALYTICS_KEY:
        return None
    identity = sha256(installation.current().anonymous_id.bytes).hexdigest()
    thread = Thread(
        target=_send, args=(settings.CHECKPOINT_ANALYTICS_KEY, identity, events_url), name="analytics", daemon=True
    )
    thread.start()
    return thread


def _send(key: str, identity: str, events_url: str | None) -> None:
    # It loads an HTTP library that nothing else here needs, which takes a moment.
    import mixpanel  # noqa: PLC0415

    consumer = mixpanel.Consumer(events_url=events_url, request_timeout=TIMEOUT, retry_limit=0)
    try:
        mixpanel.Mixpanel(key, consumer=consumer).track(identity, "Server started")
    except (mixpanel.MixpanelException, KeyError, TypeError) as error:  # the last two: an unexpected response
        logger.debug("The start was not counted: %s", error)
