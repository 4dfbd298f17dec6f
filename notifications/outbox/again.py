"""Telling once more what was given up."""

from audit import trail
from audit.actors import Actor
from foundation.exceptions import WrongState
from notifications.choices import State
from notifications.models import Message
from notifications.outbox import claiming
from notifications.permissions import require_manager


@trail.records_refusals
def send_again(*, actor: Actor, message: Message) -> None:
    """Makes a message due that was given up; channels that have written what they send of it write nothing twice.

    Raises:
        WrongState: it was not given up.
        NotAllowed: the actor may not manage what waits to be sent.
    """
    require_manager(actor)
    if not claiming.send_again(Message.objects.filter(pk=message.pk, state=State.DEAD)):
        raise WrongState("This message was not given up, or somebody else has it told already.")
