"""The pages on which freeze windows and owners are edited."""

from typing import Any

from django.http import HttpResponse
from django.views.decorators.http import require_http_methods

from accounts.identity import confirmation
from promote_requests.pages.http import PageRequest
from promote_requests.pages.rules.editing import FREEZES, OWNERS, delete, edit

_THAWED = "What it alone holds back may then be promoted. Rules keep the windows that they have themselves."
_DISOWNED = "Rules that ask for this section may then be met by nobody, and say so on every request."


@require_http_methods(["GET", "HEAD", "POST"])
@confirmation.confirmed
def freeze_edit(request: PageRequest, pk: int | None = None) -> HttpResponse:
    """Shows the form of a freeze window, and saves it."""
    return edit(request, FREEZES, pk, _fields)


@require_http_methods(["GET", "HEAD", "POST"])
@confirmation.confirmed
def freeze_delete(request: PageRequest, pk: int) -> HttpResponse:
    """Asks, then deletes a freeze window."""
    return delete(request, FREEZES, pk, consequence=_THAWED)


@require_http_methods(["GET", "HEAD", "POST"])
@confirmation.confirmed
def owners_edit(request: PageRequest, pk: int | None = None) -> HttpResponse:
    """Shows the form of a row of the ownership list, and saves it."""
    return edit(request, OWNERS, pk, _fields)


@require_http_methods(["GET", "HEAD", "POST"])
@confirmation.confirmed
def owners_delete(request: PageRequest, pk: int) -> HttpResponse:
    """Asks, then deletes a row of the ownership list."""
    return delete(request, OWNERS, pk, consequence=_DISOWNED)


def _fields(form: Any) -> dict[str, Any]:
    return {"fields": form.visible_fields()}
