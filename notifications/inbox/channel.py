"""The channel of the inbox: writes a notice for everybody whom a message concerns. Nothing has to be sent."""

from collections.abc import Iterable, Sequence
from threading import Event as Flag

from notifications.models import Message, Notice
from notifications.people.audience import told


class Inbox:
    """The channel. It has no lanes: what is written is there."""

    name = "inbox"

    def prepare(self, messages: Sequence[Message]) -> None:
        """Does nothing: what is written is in the message."""

    def spread(self, messages: Sequence[Message]) -> None:
        """Writes a notice for everybody who is told of a message; of one that is told once more none is written."""
        Notice.objects.bulk_create(
            (
                Notice(
                    reader_id=each.person,
                    message=each.message,
                    kind=each.kind,
                    event=each.message.event,
                    request_number=each.message.request_number,
                    sentence=each.message.payload["sentence"],
                    at=each.message.at,
                )
                for each in told(messages)
                if each.message.request_number is not None
            ),
            ignore_conflicts=True,
            batch_size=500,
        )

    def lanes(self) -> Iterable[int]:
        """Returns nobody: nothing is sent."""
        return ()

    def run(self, lane: int, stop: Flag) -> None:
        """Does nothing, since there are no lanes."""
