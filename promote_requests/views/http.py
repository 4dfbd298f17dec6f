"""What a view may rely on."""

from typing import TYPE_CHECKING

from django.http import HttpRequest

if TYPE_CHECKING:
    from accounts.models import User


class PageRequest(HttpRequest):
    """A request as pages get it: of somebody who is signed in (`LoginRequiredMiddleware`), with an id.

    Attributes:
        id: From `EntryMiddleware`; the audit trail and the log name it.
    """

    user: "User"
    id: str
