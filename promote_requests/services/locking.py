"""Locks a request before a service changes it, and changes its status."""

from collections.abc import Iterable
from typing import Any

from django.utils import timezone

from foundation.exceptions import WrongState
from promote_requests.choices import Status
from promote_requests.models import FormerText, PromoteRequest


def lock(promote_request: PromoteRequest) -> PromoteRequest:
    """Returns the request, read again under a row lock; call it first in the transaction.

    SQLite has no row locks and takes its one write lock when the transaction begins, so `move` checks again. The key of
    the row stays free: whoever only adds a row that is about the request, from another one's transaction, waits for
    nobody.
    """
    return (
        PromoteRequest.objects.select_for_update(of=("self",), no_key=True)
        .select_related("author", "closed_by", "inspection")
        .get(pk=promote_request.pk)
    )


def move(promote_request: PromoteRequest, to: Status, **values: Any) -> None:
    """Writes a new status if the status is still the one that was read, and updates `promote_request`.

    Raises:
        WrongState: somebody else changed the request in between.
    """
    written = PromoteRequest.objects.filter(pk=promote_request.pk, status=promote_request.status).update(
        status=to, updated_at=timezone.now(), **values
    )
    if written != 1:
        raise WrongState("Somebody else changed this request at the same moment. Reload it and look again.")
    promote_request.refresh_from_db()


def reword(promote_request: PromoteRequest, kept_as: Iterable[str], **values: Any) -> None:
    """Writes other words of the author's, and keeps the former ones where somebody else may have read them.

    Nobody has those of a draft: what its author took out before it was submitted is shown to nobody afterwards.

    Args:
        promote_request: Locked.
        kept_as: The columns that say in which revision what is changed was changed last: `title_edited_in`,
            `description_edited_in`, or `answers_changed_in` of answers, which are written elsewhere.
        values: What else changes.

    Raises:
        WrongState: somebody else changed the request in between.
    """
    revision = promote_request.text_revision + 1
    if not promote_request.is_private:
        values |= dict.fromkeys(kept_as, revision)
        FormerText.objects.create(
            promote_request=promote_request,
            revision=promote_request.text_revision,
            title=promote_request.title,
            description=promote_request.description,
        )
    move(promote_request, Status(promote_request.status), text_revision=revision, **values)


def touch(promote_request: PromoteRequest) -> None:
    """Writes that something was said or done about a request just now."""
    PromoteRequest.objects.filter(pk=promote_request.pk).update(updated_at=timezone.now())
