"""Notices that MLflow has no such version any more, so that a request can only be closed; and that it has it again."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import ParamSpec, TypeVar

from django.db import transaction
from django.utils import timezone

from audit import trail
from audit.actors import Actor
from audit.choices import AuditAction
from promote_requests import sentences
from promote_requests.models import PromoteRequest
from promote_requests.services.gating import UNFINISHED
from promote_requests.services.locking import lock
from registry import get_registry
from registry.exceptions import RegistryError, RegistryNotFound

P = ParamSpec("P")
R = TypeVar("R")


@contextmanager
def noticed(promote_request: PromoteRequest, *, actor: Actor) -> Iterator[None]:
    """Lets an error of the registry through; where the version is gone, the request says so from then on.

    Around anything that asks MLflow for the version. What came of it before is told by `gone_at`.

    Args:
        promote_request: The request.
        actor: Through whose door it is looked at; Checkpoint notices it.
    """
    try:
        yield
    except RegistryNotFound:
        # Something else may be missing: the champion, or the destination of a copy.
        notice_presence(promote_request, actor=actor)
        raise


def notices(service: Callable[P, R]) -> Callable[P, R]:
    """Decorates a service that asks MLflow for a request's version: see `noticed`.

    A version that was deleted is looked for first, because the service is refused as long as it is gone.
    """

    @wraps(service)
    def noticing(*args: P.args, **kwargs: P.kwargs) -> R:
        promote_request: PromoteRequest = kwargs["promote_request"]  # type: ignore[assignment]
        actor: Actor = kwargs["actor"]  # type: ignore[assignment]
        if promote_request.gone_at is not None:
            notice_presence(promote_request, actor=actor)
        with noticed(promote_request, actor=actor):
            return service(*args, **kwargs)

    return noticing


def notice_presence(promote_request: PromoteRequest, *, actor: Actor) -> None:
    """Asks MLflow whether it has the version, and writes into an unfinished request and the trail what is new, once.

    Where MLflow does not answer, nobody knows, and the request says what it said.
    """
    if promote_request.status not in UNFINISHED:
        return
    try:
        get_registry(promote_request.workspace).get_version(promote_request.model_name, promote_request.version)
    except RegistryNotFound:
        _write(promote_request, is_gone=True, actor=actor)
    except RegistryError:
        return
    else:
        notice_return(promote_request, actor=actor)


def notice_return(promote_request: PromoteRequest, *, actor: Actor) -> None:
    """Takes the note away once MLflow shows the version again, restored or another one of the number.

    Another one has other facts: approvals of the former do not count for it.
    """
    _write(promote_request, is_gone=False, actor=actor)


def _write(promote_request: PromoteRequest, *, is_gone: bool, actor: Actor) -> None:
    if (promote_request.gone_at is not None) == is_gone:
        return
    with transaction.atomic():
        locked = lock(promote_request)
        if locked.status in UNFINISHED and (locked.gone_at is not None) != is_gone:
            now = timezone.now()
            PromoteRequest.objects.filter(pk=locked.pk).update(gone_at=now if is_gone else None, updated_at=now)
            trail.record(
                AuditAction.VERSION_GONE if is_gone else AuditAction.VERSION_BACK,
                about=locked.about,
                reason=sentences.version_gone(locked) if is_gone else sentences.version_back(locked),
                actor=Actor.checkpoint(actor.door, actor.request_id),
            )
    promote_request.refresh_from_db(fields=["gone_at", "status"])
