from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from promote_requests import services
from promote_requests.choices import Status
from promote_requests.models import PromoteRequest
from promote_requests.services import registry_writes, settling
from promote_requests.tests.promotion import story
from promote_requests.tests.promotion.story import approved, current
from registry.exceptions import RegistryUnreachable
from testing.people import by

pytestmark = pytest.mark.django_db
somebody_presses_promote = story.somebody_presses_promote


def a_minute_ago(promote_request):
    PromoteRequest.objects.filter(pk=promote_request.pk).update(promoted_at=timezone.now() - timedelta(minutes=1))


def crash(*_):
    raise SystemError("killed")


def test_a_promoted_version_carries_checkpoints_tags(open_request, fraud, grace, settings):
    settings.CHECKPOINT_PUBLIC_URL = "https://checkpoint.example.com"
    services.promote(actor=by(grace), promote_request=approved(open_request, grace))
    tags = fraud.get_version("Fraud", "2").tags
    assert tags["checkpoint.promote_request"] == f"https://checkpoint.example.com{open_request.get_absolute_url()}"
    assert tags["checkpoint.approved_by"] == "grace"
    assert datetime.fromisoformat(tags["checkpoint.promoted_at"]).utcoffset().total_seconds() == 0


def test_nobody_waits_for_the_tags_of_a_large_models_version(open_request, fraud, grace, monkeypatch):
    """MLflow reads every version of the model to set one."""
    monkeypatch.setattr(registry_writes, "FEW_VERSIONS", 1)
    services.promote(actor=by(grace), promote_request=approved(open_request, grace))
    open_request.refresh_from_db()
    assert (open_request.status, open_request.tags_are_due) == (Status.PROMOTED, True)
    assert registry_writes.APPROVED_BY_TAG not in fraud.get_version("Fraud", "2").tags
    settling.write_due_tags()  # too early: whoever promotes may still be writing them
    assert registry_writes.APPROVED_BY_TAG not in fraud.get_version("Fraud", "2").tags
    a_minute_ago(open_request)
    settling.write_due_tags()
    assert fraud.get_version("Fraud", "2").tags[registry_writes.APPROVED_BY_TAG] == "grace"
    open_request.refresh_from_db()
    assert not open_request.tags_are_due


def test_tags_that_a_crash_kept_from_being_written_are_written_later(open_request, fraud, grace, monkeypatch):
    ready = approved(open_request, grace)
    with monkeypatch.context() as patched:
        patched.setattr(settling, "_tag", crash)
        with pytest.raises(SystemError):
            services.promote(actor=by(grace), promote_request=ready)
    assert [found.pk for found in services.unsettled()] == [open_request.pk]
    a_minute_ago(open_request)
    settling.write_due_tags()
    assert fraud.get_version("Fraud", "2").tags[registry_writes.APPROVED_BY_TAG] == "grace"
    assert not services.unsettled()


def test_a_promotion_stands_when_its_tags_cannot_be_written_and_settling_writes_them(open_request, fraud, ada, grace):
    ready = approved(open_request, grace)
    fraud.fail_next(RegistryUnreachable("gone"), call="set_version_tags")
    promoted = services.promote(actor=by(ada), promote_request=ready)
    assert promoted.status == Status.PROMOTED
    assert "tags could not be written" in promoted.last_failure
    settled = services.settle(current())
    assert (settled.last_failure, current().last_failure) == ("", "")
    assert "checkpoint.approved_by" in fraud.get_version("Fraud", "2").tags
