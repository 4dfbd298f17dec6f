"""What tests put into the database. Requests are made by the service, as every door makes them."""

from contextlib import suppress
from datetime import timedelta
from typing import Any

import factory
from django.utils import timezone

from accounts.tests.factories import UserFactory
from promote_requests import services
from promote_requests.choices import Status, Verdict
from promote_requests.models import PromoteRequest, ProtectionRule
from promote_requests.registry.fake import FakeRegistry
from promote_requests.targets import Target

__all__ = ["PromoteRequestFactory", "RuleFactory", "UserFactory", "cut_off", "promoting"]


class RuleFactory(factory.django.DjangoModelFactory):
    """A rule for one alias of every model, which no shipped rule names."""

    class Meta:
        model = ProtectionRule

    target_pattern = factory.Sequence(lambda number: f"alias:protected-{number}")


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
        services.review(actor=UserFactory(), promote_request=asked, verdict=Verdict.APPROVE)
    PromoteRequest.objects.filter(pk=asked.pk).update(promoting_since=timezone.now() - ago)
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
        return services.create(*args, **kwargs)
