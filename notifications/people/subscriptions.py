"""The services by which people say what they want to hear of; each for themselves alone."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Q

from audit.actors import Actor
from foundation.exceptions import InvalidInput, NotAllowed
from foundation.texts import checked
from notifications.choices import Hearing, Kind, Way
from notifications.models import Preference, Subscription
from notifications.people.audience import Ways
from registry.workspaces import canonical_workspace, require_workspace


@dataclass(frozen=True, slots=True)
class Standing:
    """What somebody said of a request, and of its model.

    Attributes:
        request: None where they said nothing and take no part.
        model: None where they said nothing.
    """

    request: Hearing | None
    model: Hearing | None


def standing_of(user_id: int, *, number: int | None, workspace: str, model_name: str) -> Standing:
    """Returns what somebody said of a request and a model, in one query; without a number of the model alone."""
    of_model = Q(request_number=None, workspace=workspace, model_key=Subscription.key_of(model_name))
    of_request = Q(request_number=number) if number is not None else Q(pk=None)
    found: dict[bool, Hearing] = {
        each.request_number is None: Hearing.MUTED if each.is_muted else Hearing.FOLLOWED
        for each in Subscription.objects.filter(of_model | of_request, user=user_id)
    }
    return Standing(found.get(False), found.get(True))


def follow_request(*, actor: Actor, number: int, is_muted: bool) -> None:
    """Has somebody told of a request, or no longer.

    Raises:
        NotAllowed: the actor may not sign in.
    """
    _require_active(actor)
    set_muted(user_id=actor.account.pk, number=number, is_muted=is_muted)


def set_muted(*, user_id: int, number: int, is_muted: bool) -> None:
    """Writes whether a request is muted; for the link in a mail too, which is signed for its reader."""
    Subscription.objects.update_or_create(user_id=user_id, request_number=number, defaults={"is_muted": is_muted})


def leave_request(*, actor: Actor, number: int) -> None:
    """Takes back what somebody said of a request: it is neither followed nor muted.

    Raises:
        NotAllowed: the actor may not sign in.
    """
    _require_active(actor)
    Subscription.objects.filter(user_id=actor.account.pk, request_number=number).delete()


def watch_model(*, actor: Actor, workspace: str, model_name: str, is_muted: bool = False) -> None:
    """Has somebody told of everything about a model, or of nothing.

    Raises:
        InvalidInput: no name is given, or it is too long.
        NotAllowed: the actor may not sign in.
    """
    _require_active(actor)
    workspace, model_name = _checked_model(workspace, model_name)
    Subscription.objects.update_or_create(
        user_id=actor.account.pk,
        request_number=None,
        workspace=workspace,
        model_key=Subscription.key_of(model_name),
        defaults={"is_muted": is_muted, "model_name": model_name},
    )


def leave_model(*, actor: Actor, workspace: str, model_name: str) -> None:
    """Takes back what somebody said of a model.

    Raises:
        InvalidInput: no name is given, or it is too long.
        NotAllowed: the actor may not sign in.
    """
    _require_active(actor)
    workspace, model_name = _checked_model(workspace, model_name)
    Subscription.objects.filter(
        user_id=actor.account.pk,
        request_number=None,
        workspace=workspace,
        model_key=Subscription.key_of(model_name),
    ).delete()


def forget(*, actor: Actor, subscription: int) -> None:
    """Takes away one of somebody's own subscriptions to a model; another one's is left as it is."""
    Subscription.objects.filter(pk=subscription, user_id=actor.user_id or 0, request_number=None).delete()


def prefer(*, actor: Actor, ways: Mapping[str, str]) -> None:
    """Writes how somebody wants to be told, for each kind that is given.

    Raises:
        InvalidInput: there is no such kind or way.
        NotAllowed: the actor may not sign in.
    """
    _require_active(actor)
    _write(actor.account.pk, ways)


def end_digest(*, user_id: int) -> None:
    """Keeps in the inbox alone what came in the mail of a day; for the link there, which is signed for its reader."""
    _write(user_id, {kind: Way.INBOX for kind, way in ways_of(user_id).items() if way == Way.DIGEST})


def set_defaults(*, actor: Actor, ways: Mapping[str, str]) -> None:
    """Writes how those are told who did not say; for administrators.

    Raises:
        InvalidInput: there is no such kind or way.
        NotAllowed: the actor is no administrator.
    """
    if not (actor.may_act and actor.account.is_superuser):
        raise NotAllowed("Only administrators say how people are told who did not say it themselves.")
    _write(None, ways)


def ways_of(user_id: int) -> dict[str, str]:
    """Returns how somebody is told of each kind."""
    ways = Ways.load()
    return {str(kind): ways.of(user_id, kind, watches=False) for kind in Kind}


def _checked_model(workspace: str, model_name: str) -> tuple[str, str]:
    model_name = checked(model_name, field="model_name", longest=256, called="The name")
    if not model_name:
        raise InvalidInput("Give the model's name.", field="model_name")
    workspace = canonical_workspace(workspace)
    require_workspace(workspace)
    return workspace, model_name


def _write(user_id: int | None, ways: Mapping[str, str]) -> None:
    for kind, way in ways.items():
        if kind not in Kind.values:
            raise InvalidInput(f"{kind!r} is no kind of event: use {', '.join(Kind.values)}.", field="kind")
        if way not in Way.values:
            raise InvalidInput(f"{way!r} is no way: use {', '.join(Way.values)}.", field=kind)
    rows = Preference.objects.filter(user=None) if user_id is None else Preference.objects.filter(user=user_id)
    with transaction.atomic():
        # Written anew as a whole: whoever presses twice writes the same twice.
        rows.filter(kind__in=ways).delete()
        Preference.objects.bulk_create(
            (Preference(user_id=user_id, kind=kind, way=way) for kind, way in ways.items()), ignore_conflicts=True
        )


def _require_active(actor: Actor) -> None:
    if not actor.may_act:
        raise NotAllowed("Sign in first.")
