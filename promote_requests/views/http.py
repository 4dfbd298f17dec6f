"""What a view may rely on."""

from typing import TYPE_CHECKING

from django.http import Http404, HttpRequest

from promote_requests.exceptions import InvalidInput
from promote_requests.registry import RegistryClient, get_registry

if TYPE_CHECKING:
    from accounts.models import User


class PageRequest(HttpRequest):
    """A request as pages get it: of somebody who is signed in (`LoginRequiredMiddleware`), with an id.

    Attributes:
        id: From `EntryMiddleware`; the audit trail and the log name it.
    """

    user: "User"
    id: str


def registry_of(workspace: str) -> RegistryClient:
    """Returns the registry of a workspace that an address names; Http404 where no workspace can be called so."""
    try:
        return get_registry(workspace)
    except InvalidInput as error:
        raise Http404(error.message) from None
