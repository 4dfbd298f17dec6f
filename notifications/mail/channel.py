"""The channel of mail: makes letters of messages, and sends what is due to one person at one moment together."""

import logging
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from itertools import groupby
from smtplib import SMTPException
from threading import Event as Flag

from django.contrib.auth import get_user_model
from django.core.mail import EmailMultiAlternatives
from django.utils import timezone

from accounts import mail
from foundation.database.connections import release
from notifications.choices import State, Way
from notifications.mail import writing
from notifications.models import Letter, Message
from notifications.outbox import claiming
from notifications.people import visibility
from notifications.people.audience import told

TOGETHER = timedelta(minutes=1)
"""How long a mail waits for what else happens to its request."""
_DIGEST_HOUR = 7  # UTC
_BATCH = 100

logger = logging.getLogger("checkpoint.worker")


class Mail:
    """The channel. A lane is a reader."""

    name = "mail"

    def prepare(self, messages: Sequence[Message]) -> None:
        """Does nothing: mails are written when they are sent."""

    def spread(self, messages: Sequence[Message]) -> None:
        """Writes a letter for everybody whom a message concerns; none where there is no mail server."""
        if not mail.is_configured():
            return
        now = timezone.now()
        wanted = [each for each in told(messages) if each.way in (Way.MAIL, Way.DIGEST)]
        people = get_user_model()._default_manager.filter(pk__in={each.person for each in wanted})
        have_address = set(people.exclude(email="").values_list("pk", flat=True))
        due: dict[tuple[int, int | None], datetime] = {}
        waiting = Letter.objects.filter(state=State.WAITING, claim=None, is_digest=False, due_at__gt=now)
        for reader, number, at in waiting.filter(reader__in=have_address).values_list(
            "reader", "message__request_number", "due_at"
        ):
            due[reader, number] = at
        made = []
        for each in wanted:
            if each.person not in have_address:
                continue
            is_digest = each.way is Way.DIGEST
            # What happens while a mail of the same request waits goes with it.
            request = each.person, each.message.request_number
            at = next_digest(now) if is_digest else due.setdefault(request, now + TOGETHER)
            made.append(Letter(reader_id=each.person, message=each.message, is_digest=is_digest, due_at=at))
        Letter.objects.bulk_create(made, ignore_conflicts=True)

    def lanes(self) -> Iterable[int]:
        """Returns the readers to whom something is due."""
        if not mail.is_configured():
            return []
        return list(claiming.due(Letter.objects.all()).order_by().values_list("reader", flat=True).distinct())

    def run(self, lane: int, stop: Flag) -> None:
        """Sends a reader what is due, a mail for each request, until nothing is, or a mail is not taken."""
        while not stop.is_set():
            batch = claiming.claim(Letter.objects.select_related("reader", "message").filter(reader=lane), _BATCH)
            if not batch or not _send(_still_theirs(batch), stop):
                return


def next_digest(now: datetime) -> datetime:
    """Returns when the next mail of a day is due."""
    today = now.replace(hour=_DIGEST_HOUR, minute=0, second=0, microsecond=0)
    return today if now < today else today + timedelta(days=1)


def _still_theirs(batch: Sequence[Letter]) -> list[Letter]:
    """Returns the letters to one reader that they may read still, and takes the others away.

    A letter waits a minute, or until the morning, and longer where the mail server does: meanwhile its reader's account
    may have been closed.
    """
    may_read = visibility.reads(batch[0].reader_id)
    kept_to = visibility.readers_of({letter.message.request_number or 0 for letter in batch})
    theirs = [
        letter
        for letter in batch
        if may_read and letter.reader_id in kept_to.get(letter.message.request_number or 0, {letter.reader_id})
    ]
    Letter.objects.filter(pk__in={letter.pk for letter in batch} - {letter.pk for letter in theirs}).delete()
    return theirs


def _send(batch: Sequence[Letter], stop: Flag) -> bool:
    """Sends a batch, and returns whether every mail was taken; gives back what it did not begin."""
    mails = _together(batch)
    for position, (mailed, letters) in enumerate(mails):
        if stop.is_set():
            claiming.give_back([letter for _, rest in mails[position:] for letter in rest])
            return False
        release()  # no connection to the database is held while the mail server thinks
        error = _attempt(mailed)
        if not error:
            claiming.finish(letters)
        else:
            for letter in letters:
                claiming.fail(letter, error)
            claiming.give_back([letter for _, rest in mails[position + 1 :] for letter in rest])
            return False
    return True


def _together(batch: Sequence[Letter]) -> list[tuple[EmailMultiAlternatives, list[Letter]]]:
    """Returns the mails to one reader that are made of these letters, each with its letters."""
    if not batch:
        return []
    reader = batch[0].reader
    ordered = sorted(
        batch, key=lambda letter: (letter.is_digest, letter.message.request_number or 0, letter.message_id)
    )
    mails = []
    for number, found in groupby(ordered, lambda letter: None if letter.is_digest else letter.message.request_number):
        letters = list(found)
        mailed = writing.digest(reader, letters) if number is None else writing.about_request(reader, letters)
        mails.append((mailed, letters))
    return mails


def _attempt(mailed: EmailMultiAlternatives) -> str:
    """Sends a mail, and returns why it was not taken; "" if it was."""
    try:
        mailed.send()
    except (OSError, SMTPException, ValueError) as error:
        logger.warning("A mail was not taken: %s", type(error).__name__)
        return f"The mail server did not take it: {type(error).__name__}."
    return ""
