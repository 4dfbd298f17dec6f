"""What the page of a request, the portal's and the admin's, shows of who is asked and who could still approve."""

from typing import Any

from django.contrib.auth.models import Group

from foundation.exceptions import CheckpointError
from promote_requests.choices import Action
from promote_requests.models import PromoteRequest
from promote_requests.pages.http import PageRequest
from promote_requests.services.asking.standing import asked_of, could, open_to, own_places

MOST_GROUPS = 200
"""Groups that the form offers."""
FIELDS = ("users", "groups", "to", "reason")
_FORMS = ("ask", "decline", "hand_over")
"""The names of the addresses that the forms are sent to: others have a reason in them too."""


def context_of(request: PageRequest, promote_request: PromoteRequest, shown: dict[str, Any]) -> dict[str, Any]:
    """Returns what the template `_asked.html` needs.

    Args:
        request: Of whoever looks.
        promote_request: The request.
        shown: What the page shows of its judgement: `decision`, `requirement` and what this person may do.
    """
    asked = asked_of(promote_request, shown["decision"])
    may_ask, may_review = (str(action) in shown["available"] for action in (Action.ASK, Action.REVIEW))
    own_groups = set(request.user.groups.values_list("pk", flat=True)) if may_review and asked else set()
    groups = Group.objects.filter(user__is_active=True, user__owner=None).distinct().order_by("name")
    return {
        "reviewers": asked,
        "could": could(promote_request, shown["requirement"], shown["decision"]),
        "own_places": own_places(asked, request.user.pk) if may_review else [],
        "open_places": open_to(asked, own_groups),
        "may_ask": may_ask,
        "groups_to_ask": list(groups.values_list("name", flat=True)[:MOST_GROUPS]) if may_ask else [],
    }


def typed(request: PageRequest, failure: CheckpointError | None) -> dict[str, Any]:
    """Returns what stands in the fields after a refusal, and the mistake at its field; nothing otherwise."""
    match = request.resolver_match
    if failure is None or failure.field not in FIELDS or match is None or match.url_name not in _FORMS:
        return {}
    return {"field": failure.field, **{name: request.POST.get(name, "") for name in FIELDS}}
