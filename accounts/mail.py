"""Sends mail, in the background where the response must not wait for it."""

import logging
from concurrent.futures import Future, ThreadPoolExecutor
from smtplib import SMTPException

from django.conf import settings
from django.core.mail import EmailMessage

logger = logging.getLogger("checkpoint.accounts")

_sender = ThreadPoolExecutor(max_workers=1, thread_name_prefix="mail")


def is_configured() -> bool:
    """Tells whether there is a mail server; without one nothing is sent, and nothing is printed either."""
    return not settings.EMAIL_BACKEND.endswith("dummy.EmailBackend")


def send_soon(message: EmailMessage) -> "Future[bool]":
    """Sends the message in the background, so that the response time does not tell whether one was sent."""
    return _sender.submit(send, message)


def send(message: EmailMessage) -> bool:
    """Sends the message and tells whether a mail server took it; a failure is logged, without addresses or text."""
    if not is_configured():
        return False
    try:
        return message.send() > 0
    except (OSError, SMTPException) as error:
        logger.error("Mail %r was not sent: %s", message.subject, type(error).__name__)
        return False
