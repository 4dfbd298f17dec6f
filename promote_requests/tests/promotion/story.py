"""A request that is approved and waits for somebody who presses."""

import pytest

from audit.models import AuditEvent
from promote_requests import services
from promote_requests.choices import Verdict
from promote_requests.models import PromoteRequest
from protection.models import ProtectionRule
from registry.targets import Target
from testing.factories import PromoteRequestFactory, RuleFactory
from testing.people import by


@pytest.fixture(autouse=True)
def somebody_presses_promote(db):
    ProtectionRule.objects.update(promote_when="pressed")
    RuleFactory(target_pattern="model:*", promote_when="pressed")


def approved(promote_request, reviewer):
    return services.review(actor=by(reviewer), promote_request=promote_request, verdict=Verdict.APPROVE).promote_request


def ask(actor, target, **values):
    return PromoteRequestFactory(actor=actor, target=Target.parse(target), **values)


def current():
    return PromoteRequest.objects.get()


def actions():
    return list(AuditEvent.objects.values_list("action", flat=True))
