"""Who may manage what is sent, and to whom."""

from audit.actors import Actor
from foundation.exceptions import NotAllowed

MANAGE = "notifications.manage_notifications"


def require_manager(actor: Actor) -> None:
    """Raises NotAllowed unless this person may manage webhooks.

    Whoever manages one makes the worker call any address, and reads what it answers.
    """
    if not actor.has_perm(MANAGE):
        raise NotAllowed(
            "Webhooks are managed by administrators, and by people with the permission to manage webhooks and what "
            "waits to be sent."
        )
