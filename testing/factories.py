"""What tests put into the database. Requests are made by the service, as every door makes them."""

from contextlib import suppress
from dataclasses import fields
from datetime import timedelta
from typing import Any

import factory
from django.db.models import F, QuerySet
from django.utils import timezone

from accounts.models import User
from audit.making import waiting
from audit.making.answers import Thing, Version, parts_of
from audit.making.models import Kind
from audit.making.recording import milliseconds, record_version
from audit.making.waiting import Created
from promote_requests import services
from promote_requests.choices import Status, Verdict
from promote_requests.models import PromoteRequest, Review
from protection.models import ProtectionRule
from registry.fake import FakeRegistry
from registry.proposals import Proposal
from registry.targets import Target
from registry.types import ModelVersion
from testing.people import UserFactory, by

__all__ = ["PromoteRequestFactory", "RuleFactory", "UserFactory", "as_proposal", "cut_off", "promoting", "register"]


class RuleFactory(factory.django.DjangoModelFactory):
    """A rule for one alias of every model, which no shipped rule names."""

    class Meta:
        model = ProtectionRule

    target_pattern = factory.Sequence(lambda number: f"alias:protected-{number}")


def as_proposal(given: dict[str, Any]) -> dict[str, Any]:
    """Returns the arguments of `services.create` with those that make up the proposal put together."""
    if isinstance(actor := given.get("actor"), User):
        given["actor"] = by(actor)
    asked = {name: given.pop(name) for name in [field.name for field in fields(Proposal)] if name in given}
    return {"proposal": Proposal(**asked), **given}


def register(version: ModelVersion, user: User, *, run_by: User | None = None) -> None:
    """Records who registered a version, as the proxy does, and who created the run that it names."""
    parts = parts_of(version.run_id, version.model_id, version.source)
    made = Version(version.name, version.version, milliseconds(version), version.source, parts)
    if run_by is not None:
        thing = Thing(Kind.RUN, version.run_id)
        waiting.note(Created(thing, run_by.pk, run_by.username, timezone.now(), run_by.owner_id))
    record_version(made, workspace="", user_id=user.pk, name=user.username, owner_id=user.owner_id)


def promoting(promote_request: PromoteRequest) -> PromoteRequest:
    """Puts a request between the two steps of its promotion."""
    PromoteRequest.objects.filter(pk=promote_request.pk).update(
        status=Status.PROMOTING, promoting_since=timezone.now(), promoted_by=promote_request.author
    )
    promote_request.refresh_from_db()
    return promote_request


class Crash(BaseException):
    """The process dies."""


def cut_off(registry: FakeRegistry, *, ago: timedelta, made: bool = False, **values: Any) -> PromoteRequest:
    """Leaves what a process leaves that died in the middle of a promotion, before or after MLflow made the change."""
    asked = PromoteRequestFactory(**values)
    registry.fail_next(Crash(), call="transition_stage", after=made)  # type: ignore[arg-type]
    with suppress(Crash):
        services.review(actor=by(UserFactory()), promote_request=asked, verdict=Verdict.APPROVE)
    PromoteRequest.objects.filter(pk=asked.pk).update(promoting_since=timezone.now() - ago)
    QuerySet(Review).filter(promote_request=asked).update(created_at=F("created_at") - ago)
    asked.refresh_from_db()
    assert asked.status == Status.PROMOTING
    return asked


class PromoteRequestFactory(factory.django.DjangoModelFactory):
    """An open request of a new author: version 2 of Fraud to Production. The registry must know the version."""

    class Meta:
        model = PromoteRequest

    actor = factory.SubFactory(UserFactory)
    model_name = "Fraud"
    version = "2"
    target = Target.parse("stage:Production")
    title = factory.Sequence(lambda number: f"Put the retrained model live ({number})")

    @classmethod
    def _create(cls, model_class: type[PromoteRequest], *args: Any, **kwargs: Any) -> PromoteRequest:
        return services.create(**as_proposal(kwargs))
