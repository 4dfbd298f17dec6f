"""Which labels there are, for menus and for the form on a request's page."""

from typing import Any

from audit.actors import Door, actor_of
from promote_requests import permissions
from promote_requests.models import Label, PromoteRequest
from promote_requests.pages.http import PageRequest


def label_options(most: int) -> list[tuple[str, str]]:
    """Returns the labels as entries of a menu: (what is shown, what is searched for)."""
    names = Label.objects.values_list("name", flat=True)[:most]
    return [(name, name) for name in names]


def labelling(request: PageRequest, promote_request: PromoteRequest) -> dict[str, Any]:
    """Returns what the form needs that labels a request; nothing for who may not."""
    if permissions.labelling_refusal(actor_of(request, Door.PAGE), promote_request):
        return {"may_label": False}
    return {
        "may_label": True,
        "all_labels": list(Label.objects.all()),
        "given": {label.pk for label in promote_request.labels.all()},
    }
