"""Gives messages from the outbox to the channels, each of which writes down what it will send of them."""

import logging
from collections.abc import Sequence

from django.db import transaction

from notifications.channels import Channel
from notifications.models import Message
from notifications.outbox import claiming

BATCH = 200

logger = logging.getLogger("checkpoint.worker")


def spread(channels: Sequence[Channel]) -> int:
    """Spreads the messages that are due, at most `BATCH`, and returns how many there were.

    What a channel writes of a message and that the message is done are written together: a crash leaves either both or
    neither.
    """
    messages = claiming.claim(Message.objects.all(), BATCH)
    try:
        for channel in channels:
            channel.prepare(messages)
        _spread(messages, channels)
    except Exception:
        # One at a time, so that one that a channel cannot deal with holds up none of the others.
        logger.exception("Messages could not be spread together.")
        for message in messages:
            _spread_alone(message, channels)
    return len(messages)


def _spread(messages: Sequence[Message], channels: Sequence[Channel]) -> None:
    with transaction.atomic():
        if claiming.finish(messages) < len(messages):
            raise _LeaseLost
        for channel in channels:
            channel.spread(messages)


def _spread_alone(message: Message, channels: Sequence[Channel]) -> None:
    try:
        _spread([message], channels)
    except _LeaseLost:
        logger.info("Message %s took so long that somebody else has it now.", message.uid)
    except Exception as error:
        logger.exception("Message %s could not be spread.", message.uid)
        claiming.fail(message, f"{type(error).__name__}: {error}")


class _LeaseLost(Exception):
    """Another worker has some of the messages."""
