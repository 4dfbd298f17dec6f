"""What the admins of this room share."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest

from accounts.exceptions import AccountError
from accounts.models import User
from audit.actors import Actor, Door, actor_of


def for_each(
    modeladmin: admin.ModelAdmin,
    request: HttpRequest,
    rows: QuerySet[Any],
    act: Callable[[Any], Any],
    done: Callable[[int], str],
) -> None:
    """Runs a service on every chosen row; each refusal is shown, and one does not stop the others.

    Args:
        modeladmin: The admin of the list.
        request: The request of the person who chose the rows.
        rows: The chosen rows.
        act: The service.
        done: Says what was done, from the number of rows.
    """
    count = 0
    for row in rows:
        try:
            act(row)
            count += 1
        except AccountError as error:
            modeladmin.message_user(request, f"{row}: {error.message}", messages.ERROR)
    if count:
        modeladmin.message_user(request, done(count), messages.SUCCESS)


def actor(request: HttpRequest) -> Actor:
    """Returns the person who uses the admin, as services know them."""
    return actor_of(request, Door.ADMIN)


def person(request: HttpRequest) -> User:
    """Returns the account of the person who uses the admin."""
    # The admin site lets nobody else in.
    assert isinstance(request.user, User)  # noqa: S101
    return request.user
