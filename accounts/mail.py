"""Mail that is sent off the request's path."""

import logging
from concurrent.futures import Future, ThreadPoolExecutor
from smtplib import SMTPException

from django.conf import settings
from django.core.mail import EmailMessage

logger = logging.getLogger("checkpoint.accounts")

_sender = ThreadPoolExecutor(max_workers=1, thread_name_prefix="mail")


def is_configured() -> bool:
    """Tells whether mail leaves this machine; without a mail server it is printed to the log."""
    return not settings.EMAIL_BACKEND.endswith("console.EmailBackend")


def send_soon(message: EmailMessage) -> "Future[bool]":
    """Sends the message in the background, so that the time of an answer does not tell whether there was one."""
    return _sender.submit(send, message)


def send(message: EmailMessage) -> bool:
    """Sends the message and tells whether the mail server took it; a failure is logged, without addresses or text."""
    try:
        return message.send() > 0
    except (OSError, SMTPException) as error:
        logger.error("Mail %r was not sent: %s", message.subject, type(error).__name__)
        return False
