from datetime import timedelta

import pytest

from audit.choices import AuditAction
from promote_requests import services
from promote_requests.choices import Status
from promote_requests.models import PromoteRequest
from promote_requests.services import registry_writes
from promote_requests.tests.promotion import story
from promote_requests.tests.promotion.story import actions, approved, ask, current
from registry.exceptions import RegistryError
from testing.people import by

pytestmark = pytest.mark.django_db
somebody_presses_promote = story.somebody_presses_promote


def crashed(promote_request, monkeypatch, *, done):
    """Leaves what a process leaves that dies between the two transactions, before or after its call to MLflow."""

    class Killed(BaseException):
        pass

    def die(*arguments):
        if done:
            original(*arguments)
        raise Killed

    original = registry_writes.apply
    monkeypatch.setattr(registry_writes, "apply", die)
    with pytest.raises(Killed):
        services.promote(actor=by(promote_request.author), promote_request=promote_request)
    monkeypatch.setattr(registry_writes, "apply", original)
    return current()


def test_settling_after_a_crash_finds_the_promotion_done(open_request, fraud, grace, monkeypatch):
    found = crashed(approved(open_request, grace), monkeypatch, done=True)
    assert found.status == Status.PROMOTING
    settled = services.settle(found)
    assert settled.status == Status.PROMOTED
    assert services.evidence_of(settled).champion.version.version == "1"
    assert fraud.get_version("Fraud", "2").tags["checkpoint.approved_by"] == "grace"


def test_settling_after_a_crash_finds_the_promotion_not_made(open_request, fraud, ada, grace, monkeypatch):
    found = crashed(approved(open_request, grace), monkeypatch, done=False)
    with pytest.raises(RegistryError, match="may still make the change"):
        services.settle(found)
    assert current().status == Status.PROMOTING
    PromoteRequest.objects.update(promoting_since=found.promoting_since - timedelta(minutes=15))
    with pytest.raises(RegistryError, match="it was not made"):
        services.settle(current())
    assert current().status == Status.OPEN
    assert services.promote(actor=by(ada), promote_request=current()).status == Status.PROMOTED


def test_a_crashed_copy_is_not_made_twice(fraud, ada, grace, monkeypatch):
    asked = ask(ada, "model:prod.fraud")
    found = crashed(approved(asked, grace), monkeypatch, done=True)
    registry_writes.apply(fraud, found)
    assert services.settle(found).promoted_version == "1"
    assert len(fraud.list_versions("prod.fraud")) == 1


def test_settling_twice_changes_nothing_more(open_request, grace, monkeypatch):
    found = crashed(approved(open_request, grace), monkeypatch, done=True)
    services.settle(found)
    services.settle(found)
    assert actions().count(AuditAction.PROMOTED) == 1


def test_a_promotion_settled_too_early_as_failed_still_ends_as_promoted(open_request, fraud, ada, grace, monkeypatch):
    ready = approved(open_request, grace)

    def settle_before_the_call():
        if current().status == Status.PROMOTING:
            with pytest.raises(RegistryError):
                services.settle(current())

    fraud.before("transition_stage", settle_before_the_call)
    assert services.promote(actor=by(ada), promote_request=ready).status == Status.PROMOTED
    assert current().promoted_by == ada


def test_an_open_request_is_left_alone_by_settling(open_request):
    assert services.settle(open_request).status == Status.OPEN
