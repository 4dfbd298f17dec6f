"""Gives labels to requests and takes them away."""

from collections.abc import Collection

from django.db import transaction
from django.utils import timezone

from audit import trail
from audit.actors import Actor
from audit.choices import AuditAction
from foundation.exceptions import InvalidInput, NotAllowed
from promote_requests import permissions
from promote_requests.models import Label, PromoteRequest
from promote_requests.sentences.labels import labelled
from promote_requests.services.locking import lock
from registry.names import plain

MOST_OF_ONE = 20
"""Labels of one request."""


@trail.records_refusals
def set_labels(
    *, actor: Actor, promote_request: PromoteRequest, labels: Collection[str], seen: Collection[str] | None = None
) -> PromoteRequest:
    """Gives a request, whatever its state, these labels and no others.

    Args:
        actor: Its author, or somebody who may review it.
        promote_request: The request.
        labels: Names, in any case.
        seen: The names that a form showed as given: what others gave or took since then stays as it is.

    Raises:
        InvalidInput: there is no label of such a name, or they are too many.
        NotAllowed: the actor may not label it.
    """
    _require(actor, promote_request)
    with transaction.atomic():
        locked = lock(promote_request)
        _require(actor, locked)
        before = {label.key: label for label in locked.labels.all()}
        wanted = {plain(" ".join(name.split())): name for name in labels}
        keys = set(wanted)
        if seen is not None:
            shown = {plain(name) for name in seen}
            keys = (before.keys() - (shown - keys)) | (keys - shown)
        # Locked, so that none is deleted before this has committed.
        after = {label.key: label for label in Label.objects.select_for_update().filter(key__in=keys).order_by("pk")}
        if unknown := [wanted.get(key, key) for key in keys - after.keys()]:
            raise InvalidInput(f"There is no label called {min(unknown)[:50]}.", field="labels")
        if len(after) > MOST_OF_ONE:
            raise InvalidInput(f"A request has at most {MOST_OF_ONE} labels.", field="labels")
        added = [label for key, label in after.items() if key not in before]
        removed = [label for key, label in before.items() if key not in after]
        if added or removed:
            _write(actor, locked, added, removed)
    return locked


def _write(actor: Actor, locked: PromoteRequest, added: list[Label], removed: list[Label]) -> None:
    locked.labels.add(*added)
    locked.labels.remove(*removed)
    PromoteRequest.objects.filter(pk=locked.pk).update(updated_at=timezone.now())
    reason = labelled(sorted(map(str, added)), sorted(map(str, removed)))
    trail.record(AuditAction.LABELLED, about=locked.about, reason=reason, actor=actor)


def _require(actor: Actor, promote_request: PromoteRequest) -> None:
    if reason := permissions.labelling_refusal(actor, promote_request):
        raise NotAllowed(reason)
