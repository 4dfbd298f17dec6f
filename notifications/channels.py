"""The channels by which things are told. docs/how-to-add-a-notification-channel.md says how to add one."""

from collections.abc import Iterable, Sequence
from threading import Event as Flag
from typing import Protocol

from notifications.inbox.channel import Inbox
from notifications.mail.channel import Mail
from notifications.models import Message
from notifications.webhooks.channel import Webhooks


class Channel(Protocol):
    """One way of telling: it makes of messages what it has to send, and sends it.

    Attributes:
        name: For the log.
    """

    name: str

    def prepare(self, messages: Sequence[Message]) -> None:
        """Does before the transaction of `spread` what takes its time; most have nothing to do."""

    def spread(self, messages: Sequence[Message]) -> None:
        """Writes rows of its own for those to whom the messages are to be told.

        Runs in the transaction that marks the messages done: nothing is sent here.
        """

    def lanes(self) -> Iterable[int]:
        """Returns the keys of those who have something due. A lane's work is done by one thread at a time."""

    def run(self, lane: int, stop: Flag) -> None:
        """Sends what is due in a lane until nothing is, something fails, or `stop` is set."""


CHANNELS: tuple[Channel, ...] = (Inbox(), Webhooks(), Mail())
"""All of them."""
