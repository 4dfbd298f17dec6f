"""Sends mail, in the background where the response must not wait for it."""

import logging
from concurrent.futures import Future, ThreadPoolExecutor
from smtplib import SMTPException

from django.conf import settings
from django.core.mail import EmailMessage

logger = logging.getLogger("checkpoint.accounts")

_sender = ThreadPoolExecutor(max_workers=1, thread_name_prefix="mail")


def is_configured() -> bool:
    """Tells whether a mail server is configured; without one, mail is printed to the log."""
    return not settings.EMAIL_BACKEND.endswith("console.EmailBackend")


def send_soon(message: EmailMessage) -> "Future[bool]":
    """Sends the message in the background, so that the response time does not tell whether one was sent."""
    return _sender.submit(send, message)


def send(message: EmailMessage) -> bool:
    """Sends the message and tells whether the mail server took it; a failure is logged, without addresses or text."""
    try:
        return message.send() > 0
    except (OSError, SMTPException) as error:
        logger.error("Mail %r was not sent: %s", message.subject, type(error).__name__)
        return False
