from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from audit.choices import AuditAction
from audit.models import AuditEvent
from promote_requests import services
from promote_requests.choices import Status
from promote_requests.models import PromoteRequest
from registry.exceptions import RegistryRefused, RegistryUnreachable
from testing import factories
from testing.people import by

pytestmark = pytest.mark.django_db


@pytest.fixture
def cut_off(fraud):
    """Gives a request whose promotion was cut off just now, before MLflow was called."""
    return factories.cut_off(fraud, ago=timedelta(0))


def test_a_promotion_that_mlflow_shows_becomes_promoted(cut_off, fraud, capsys):
    fraud.transition_stage("Fraud", "2", "Production", archive_existing_versions=True)
    call_command("settle_promotions", "--older-than", "0")
    cut_off.refresh_from_db()
    assert cut_off.status == Status.PROMOTED
    assert capsys.readouterr().out == f"{cut_off}: promoted\n"


def test_a_promotion_that_did_not_happen_is_settled_as_open_again(cut_off, capsys):
    call_command("settle_promotions", "--older-than", "0", "--give-up")
    cut_off.refresh_from_db()
    assert cut_off.status == Status.OPEN
    assert f"{cut_off}: open, not promoted: MLflow does not show" in capsys.readouterr().out
    assert AuditEvent.objects.last().action == AuditAction.PROMOTION_FAILED


def test_an_upstream_that_is_down_leaves_it_unsettled_and_fails(cut_off, fraud, capsys):
    fraud.fail_next(RegistryUnreachable("MLflow cannot be reached."), call="get_version")
    with pytest.raises(CommandError, match="Not settled: 1"):
        call_command("settle_promotions", "--older-than", "0")
    cut_off.refresh_from_db()
    assert cut_off.status == Status.PROMOTING
    assert f"{cut_off}: not settled: MLflow cannot be reached." in capsys.readouterr().out


def test_a_promotion_that_may_be_under_way_is_left_alone(cut_off, capsys):
    call_command("settle_promotions")
    cut_off.refresh_from_db()
    assert cut_off.status == Status.PROMOTING
    assert capsys.readouterr().out == ""
    PromoteRequest.objects.filter(pk=cut_off.pk).update(promoting_since=timezone.now() - timedelta(seconds=121))
    with pytest.raises(CommandError, match="Not settled: 1"):
        call_command("settle_promotions")
    cut_off.refresh_from_db()
    assert cut_off.status == Status.PROMOTING
    assert "may still make the change" in capsys.readouterr().out
    PromoteRequest.objects.filter(pk=cut_off.pk).update(promoting_since=timezone.now() - timedelta(minutes=16))
    call_command("settle_promotions")
    cut_off.refresh_from_db()
    assert cut_off.status == Status.OPEN


@pytest.fixture
def untagged(open_request, fraud, grace):
    """Gives a promoted request whose tags MLflow did not take."""
    fraud.fail_next(RegistryRefused("No tags today."), call="set_version_tags")
    services.review(actor=by(grace), promote_request=open_request, verdict="approve")
    open_request.refresh_from_db()
    assert (open_request.status, "No tags today." in open_request.last_failure) == (Status.PROMOTED, True)
    return open_request


def test_missing_tags_are_written(untagged, fraud, capsys):
    call_command("settle_promotions", "--older-than", "0")
    untagged.refresh_from_db()
    assert untagged.last_failure == ""
    assert fraud.get_version("Fraud", "2").tags["checkpoint.approved_by"] == "grace"
    assert capsys.readouterr().out == f"{untagged}: promoted\n"


def test_tags_that_mlflow_still_refuses_are_a_failure(untagged, fraud, capsys):
    fraud.fail_next(RegistryRefused("Not tomorrow either."), call="set_version_tags")
    with pytest.raises(CommandError, match="Not settled: 1"):
        call_command("settle_promotions", "--older-than", "0")
    assert "Not tomorrow either." in capsys.readouterr().out


def test_one_that_cannot_be_settled_does_not_stop_the_others(cut_off, fraud, capsys):
    second = PromoteRequest.objects.get(pk=cut_off.pk)
    second.pk, second.version, second.target_kind, second.target_name = None, "1", "alias", "shadow"
    second.save(force_insert=True)
    fraud.fail_next(RegistryUnreachable("MLflow cannot be reached."), call="get_version")
    with pytest.raises(CommandError, match="Not settled: 1"):
        call_command("settle_promotions", "--older-than", "0", "--give-up")
    first_line, second_line = capsys.readouterr().out.splitlines()
    assert "not settled" in first_line
    assert "open, not promoted" in second_line


def test_nothing_to_settle_says_nothing(open_request, capsys):
    call_command("settle_promotions", "--older-than", "0")
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("seconds", ["-1", "soon", "1.5", "9" * 20])
def test_an_age_that_is_no_number_of_seconds_is_refused(db, seconds):
    with pytest.raises(CommandError, match="older-than"):
        call_command("settle_promotions", f"--older-than={seconds}")
