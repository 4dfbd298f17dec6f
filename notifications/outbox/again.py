"""Telling once more what was given up."""

from audit import trail
from audit.actors import Actor
from foundation.exceptions import WrongState
from notifications.choices import State
from notifications.models import Letter, Message
from notifications.outbox import claiming
from notifications.permissions import require_manager


@trail.records_refusals
def send_again(*, actor: Actor, row: Message | Letter) -> None:
    """Makes a message or a letter due that was given up; of a message channels write nothing twice.

    Raises:
        WrongState: it was not given up.
        NotAllowed: the actor may not manage what waits to be sent.
    """
    require_manager(actor)
    if not claiming.send_again(type(row)._default_manager.filter(pk=row.pk, state=State.DEAD)):
        raise WrongState("This was not given up, or somebody else has it told already.")
