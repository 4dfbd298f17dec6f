"""Notices that MLflow has no such version any more: then a request can only be closed."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import ParamSpec, TypeVar

from django.db import transaction
from django.utils import timezone

from audit import trail
from audit.actors import Actor, Door
from audit.choices import AuditAction
from promote_requests import sentences
from promote_requests.choices import Status
from promote_requests.models import PromoteRequest
from promote_requests.services.locking import lock
from registry import get_registry
from registry.exceptions import RegistryError, RegistryNotFound

P = ParamSpec("P")
R = TypeVar("R")
_UNFINISHED = (Status.DRAFT, Status.OPEN)


@contextmanager
def noticed(promote_request: PromoteRequest) -> Iterator[None]:
    """Lets an error of the registry through; where the version is gone, the request says so from then on.

    Around anything that asks MLflow for the version. What came of it before is told by `gone_at`.
    """
    try:
        yield
    except RegistryNotFound:
        notice_if_gone(promote_request)
        raise


def notices(service: Callable[P, R]) -> Callable[P, R]:
    """Decorates a service that asks MLflow for a request's version: see `noticed`."""

    @wraps(service)
    def noticing(*args: P.args, **kwargs: P.kwargs) -> R:
        with noticed(kwargs["promote_request"]):  # type: ignore[arg-type]
            return service(*args, **kwargs)

    return noticing


def notice_if_gone(promote_request: PromoteRequest) -> None:
    """Asks MLflow whether the version is gone, and writes that into an unfinished request and the trail, once.

    Something else may have been missing: the champion, or the destination of a copy.
    """
    if promote_request.status not in _UNFINISHED or promote_request.gone_at is not None:
        return
    try:
        get_registry(promote_request.workspace).get_version(promote_request.model_name, promote_request.version)
    except RegistryNotFound:
        _write(promote_request)
    except RegistryError:
        return  # nobody knows


def notice_return(promote_request: PromoteRequest) -> None:
    """Takes the note away once MLflow shows the version again, restored or another one of the number.

    Another one has other facts: approvals of the former do not count for it.
    """
    if promote_request.gone_at is not None:
        PromoteRequest.objects.filter(pk=promote_request.pk, status__in=_UNFINISHED).update(
            gone_at=None, updated_at=timezone.now()
        )
        promote_request.refresh_from_db(fields=["gone_at"])


def _write(promote_request: PromoteRequest) -> None:
    with transaction.atomic():
        locked = lock(promote_request)
        if locked.status in _UNFINISHED and locked.gone_at is None:
            now = timezone.now()
            PromoteRequest.objects.filter(pk=locked.pk).update(gone_at=now, updated_at=now)
            trail.record(
                AuditAction.VERSION_GONE,
                about=locked.about,
                reason=sentences.version_gone(locked),
                actor=Actor.checkpoint(Door.PAGE),
            )
    promote_request.refresh_from_db(fields=["gone_at", "status"])
