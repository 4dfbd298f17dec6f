"""The service that asks people and groups for their review."""

from collections.abc import Sequence
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.db import transaction

from audit import trail
from audit.actors import Actor
from foundation.exceptions import InvalidInput
from promote_requests import permissions, transitions
from promote_requests.choices import Action
from promote_requests.models import PromoteRequest
from promote_requests.services.asking.placing import place, record_asked, refusal_of
from promote_requests.services.locking import lock

MOST_AT_ONCE = 20


@trail.records_refusals
def ask(
    *, actor: Actor, promote_request: PromoteRequest, users: Sequence[str] = (), groups: Sequence[str] = ()
) -> PromoteRequest:
    """Asks people and groups to review, which they are told. Who declined or handed over may be asked again.

    Args:
        actor: The author, or somebody who may review.
        promote_request: The request.
        users: Names of people.
        groups: Names of groups.

    Raises:
        InvalidInput: nobody is called so, or they may not review, or all of them are asked already.
        WrongState: the request is not open.
        NotAllowed: the actor may not ask.
    """
    transitions.require(Action.ASK, promote_request.status)
    permissions.require(actor, Action.ASK, promote_request)
    if not users and not groups:
        raise InvalidInput("Name at least one person or group.", field="users")
    if len(users) + len(groups) > MOST_AT_ONCE:
        raise InvalidInput(f"Ask at most {MOST_AT_ONCE} people and groups at once.", field="users")
    with transaction.atomic():
        locked = lock(promote_request)
        transitions.require(Action.ASK, locked.status)
        permissions.require(actor, Action.ASK, locked)
        people = [reviewer_called(name, locked, field="users") for name in dict.fromkeys(users)]
        meant = [_group_called(name, locked) for name in dict.fromkeys(groups)]
        by = actor.user_id
        given = [
            *(place(locked, reviewer=person, by=by) for person in people),
            *(place(locked, group=group, by=by) for group in meant),
        ]
        new = [one for one in given if one is not None]
        if not new:
            raise InvalidInput("All of them are asked already.", field="users" if users else "groups")
        record_asked(locked, new, actor=actor)
    return locked


def reviewer_called(name: str, locked: PromoteRequest, *, field: str) -> Any:
    """Returns the account of somebody who can be asked.

    Raises:
        InvalidInput: there is no such person, or they may not review this request.
    """
    user = get_user_model()._default_manager.filter(username=name).first() if "\x00" not in name else None
    if user is None:
        raise InvalidInput(f"There is no user called {name!r}.", field=field)
    if reason := refusal_of(user, locked):
        raise InvalidInput(reason, field=field)
    return user


def _group_called(name: str, locked: PromoteRequest) -> Group:
    group = Group.objects.filter(name=name).first() if "\x00" not in name else None
    if group is None:
        raise InvalidInput(f"There is no group called {name!r}.", field="groups")
    members = get_user_model()._default_manager.filter(groups=group, is_active=True, owner=None)
    if not members.exclude(pk__in=locked.authors).exists():
        raise InvalidInput(f"Nobody of the group {name} could review this.", field="groups")
    return group
