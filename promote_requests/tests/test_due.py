"""What is promoted by itself, and who may press Promote."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Group
from django.core.management import call_command
from django.core.management.base import CommandError
from django.utils import timezone

from audit.models import AuditEvent
from foundation.exceptions import NotAllowed, WrongState
from promote_requests import services
from promote_requests.choices import Action, Status, Verdict
from promote_requests.exceptions import EvidenceChanged
from promote_requests.models import PromoteRequest, Review
from promote_requests.services import promotion
from protection.models import ProtectionRule
from registry.exceptions import RegistryUnreachable
from testing.factories import PromoteRequestFactory, UserFactory
from testing.people import by

pytestmark = pytest.mark.django_db


def rules(**values):
    ProtectionRule.objects.filter(target_pattern="stage:*").update(**values)


def approved(fraud, ada, grace):
    asked = PromoteRequestFactory(actor=ada)
    services.review(actor=by(grace), promote_request=asked, verdict=Verdict.APPROVE)
    asked.refresh_from_db()
    return asked


def refuses(words, error=EvidenceChanged):
    def refuse(*_):
        raise error(words)

    return refuse


def an_hour_later(asked, monkeypatch):
    later = timezone.now() + timedelta(hours=1)
    monkeypatch.setattr("django.utils.timezone.now", lambda: later)


def test_what_is_due_is_promoted_once_its_time_has_passed(fraud, ada, grace, monkeypatch, capsys):
    rules(promote_when="due", conditions={"approvals": 1, "waiting_time": 30})
    asked = approved(fraud, ada, grace)
    assert asked.status == Status.OPEN
    assert [missing.code for missing in services.decision_of(asked).unmet] == ["waiting_time"]
    call_command("promote_due")
    assert (PromoteRequest.objects.get().status, capsys.readouterr().out) == (Status.OPEN, "")
    an_hour_later(asked, monkeypatch)
    call_command("promote_due")
    asked.refresh_from_db()
    assert (asked.status, asked.promoted_by, asked.approved_by) == (Status.PROMOTED, grace, ["grace"])
    assert AuditEvent.objects.filter(actor_name="Checkpoint", action="promotion_started").count() == 1
    assert f"{asked}: promoted" in capsys.readouterr().out
    call_command("promote_due")


def test_whoever_opens_the_page_promotes_what_is_due(fraud, ada, grace, monkeypatch, client):
    rules(promote_when="due", conditions={"approvals": 1, "waiting_time": 30})
    asked = approved(fraud, ada, grace)
    an_hour_later(asked, monkeypatch)
    client.force_login(ada)
    page = client.post(f"{asked.get_absolute_url()}now/").content.decode()
    asked.refresh_from_db()
    assert asked.status == Status.PROMOTED
    assert "Promoted" in page


@pytest.mark.parametrize("when", ["approved", "pressed"])
def test_any_other_rule_waits_for_a_person(fraud, ada, grace, monkeypatch, when):
    rules(promote_when=when, conditions={"approvals": 1, "waiting_time": 30})
    asked = approved(fraud, ada, grace)
    an_hour_later(asked, monkeypatch)
    call_command("promote_due")
    asked.refresh_from_db()
    assert asked.status == Status.OPEN
    services.promote(actor=by(ada), promote_request=asked)


def test_what_failed_once_is_not_tried_again_by_itself(fraud, ada, grace, monkeypatch):
    rules(promote_when="due", conditions={"approvals": 1, "waiting_time": 30})
    asked = approved(fraud, ada, grace)
    an_hour_later(asked, monkeypatch)
    fraud.fail_next(RegistryUnreachable("MLflow is away."), call="transition_stage")
    with pytest.raises(CommandError, match="Not promoted: 1"):
        call_command("promote_due")
    call_command("promote_due")
    asked.refresh_from_db()
    assert (asked.status, bool(asked.last_failure)) == (Status.OPEN, True)


def test_what_is_refused_is_not_tried_for_ever(fraud, ada, grace, monkeypatch):
    """Each try would leave a row of a refusal, every minute, until somebody looked."""
    rules(promote_when="due", conditions={"approvals": 1, "waiting_time": 30})
    asked = approved(fraud, ada, grace)
    an_hour_later(asked, monkeypatch)
    monkeypatch.setattr(promotion, "_refuse_other_files", refuses("A file is not what it was."))
    with pytest.raises(CommandError, match="Not promoted: 1"):
        call_command("promote_due")
    rows = AuditEvent.objects.count()
    for _ in range(3):
        call_command("promote_due")
    asked.refresh_from_db()
    assert (asked.status, asked.last_failure) == (Status.OPEN, "A file is not what it was.")
    assert AuditEvent.objects.count() == rows
    told = AuditEvent.objects.filter(action="promotion_failed").get()
    assert (told.actor_name, told.reason) == ("Checkpoint", "A file is not what it was.")


def test_what_another_promotion_stands_in_the_way_of_is_tried_again(fraud, ada, grace, monkeypatch):
    rules(promote_when="due", conditions={"approvals": 1, "waiting_time": 30})
    asked = approved(fraud, ada, grace)
    an_hour_later(asked, monkeypatch)
    with monkeypatch.context() as patched:
        patched.setattr(promotion, "_refuse_other_files", refuses("Another is under way.", WrongState))
        with pytest.raises(CommandError, match="Not promoted: 1"):
            call_command("promote_due")
    call_command("promote_due")
    asked.refresh_from_db()
    assert asked.status == Status.PROMOTED


def test_only_the_named_groups_press_promote(fraud, ada, grace):
    release = Group.objects.create(name="Release")
    release.user_set.add(linus := UserFactory(username="linus"))
    rules(promote_when="pressed", promoters=[{"id": release.pk, "name": "Release"}])
    asked = approved(fraud, ada, grace)
    for person, may in ((grace, False), (ada, False), (linus, True)):
        assert (Action.PROMOTE in services.actions_for(by(person), asked)) is may
    with pytest.raises(NotAllowed, match="Only people of Release can"):
        services.promote(actor=by(grace), promote_request=asked)
    asked.refresh_from_db()
    assert asked.status == Status.OPEN
    services.promote(actor=by(linus), promote_request=asked)
    asked.refresh_from_db()
    assert asked.status == Status.PROMOTED


def test_what_was_decided_stays_decided_when_people_leave_their_groups(fraud, ada, grace):
    risk = Group.objects.create(name="Risk")
    risk.user_set.add(grace)
    rules(conditions={"approvals": 1, "approvers": {"groups": [{"id": risk.pk, "name": "Risk"}], "users": []}})
    asked = approved(fraud, ada, grace)
    assert asked.status == Status.PROMOTED
    risk.user_set.clear()
    assert services.decision_of(PromoteRequest.objects.get()).is_approved


def test_an_approval_stops_counting_when_its_giver_leaves_the_group(fraud, ada, grace):
    risk = Group.objects.create(name="Risk")
    risk.user_set.add(grace)
    rules(
        promote_when="pressed",
        conditions={"approvals": 1, "approvers": {"groups": [{"id": risk.pk, "name": "Risk"}], "users": []}},
    )
    asked = approved(fraud, ada, grace)
    assert services.decision_of(asked).is_approved
    risk.user_set.clear()
    (missing,) = services.decision_of(PromoteRequest.objects.get()).unmet
    assert missing.code == "approver_missing"
    assert Review.objects.count() == 1
