import pytest
from django.test import Client
from django.utils import timezone

from audit.models import AuditEvent
from foundation.exceptions import WrongState
from notifications.choices import Event
from notifications.models import Message
from promote_requests import services
from promote_requests.choices import Status, Verdict
from promote_requests.exceptions import DuplicateRequest, EvidenceChanged
from promote_requests.models import PromoteRequest
from protection.models import ProtectionRule
from registry.proposals import Change
from registry.targets import Target
from testing.api_client import Api
from testing.factories import PromoteRequestFactory, RuleFactory, UserFactory
from testing.people import by

pytestmark = pytest.mark.django_db


def rule(**values):
    ProtectionRule.objects.filter(target_pattern="stage:*").update(**values)


def promoted(actor, *reviewers, **values):
    asked = PromoteRequestFactory(actor=actor, **values)
    for reviewer in reviewers:
        outcome = services.review(actor=by(reviewer), promote_request=asked, verdict=Verdict.APPROVE)
        assert outcome.failure is None
    asked.refresh_from_db()
    assert asked.status == Status.PROMOTED
    return asked


def back(actor, promote_request, **values):
    return services.roll_back(actor=by(actor), promote_request=promote_request, **values)


def test_the_way_back_puts_back_what_was_replaced_and_not_what_was_archived_last(fraud, ada, grace):
    fraud.add_version("Fraud", stage="Archived")
    first = promoted(ada, grace)
    fraud.add_version("Fraud", stage="Archived")
    opened = back(grace, first, message="It refuses good customers.")
    assert (opened.version, str(opened.target), opened.author, opened.undoes) == ("1", "stage:Production", grace, first)
    assert opened.description.startswith("It refuses good customers.\n\nThis takes back #")
    assert not opened.is_fast_track  # version 1 was there before Checkpoint
    assert AuditEvent.objects.latest("pk").reason == f"It takes #{first.number} back."


def test_promoting_the_way_back_is_told_as_a_roll_back(fraud, ada, grace):
    opened = back(grace, promoted(ada, grace))
    services.review(actor=by(ada), promote_request=opened, verdict=Verdict.APPROVE)
    assert fraud.get_version("Fraud", "1").stage == "Production"
    assert Message.objects.filter(event=Event.ROLLED_BACK, request_number=opened.number).count() == 1


def test_a_version_that_met_the_rules_before_has_the_fast_track(fraud, ada, grace):
    linus = UserFactory(username="linus")
    rule(conditions={"approvals": 2}, moves={"rollback": {"approvals": 1}})
    promoted(ada, grace, linus)
    third = fraud.add_version("Fraud").version
    last = promoted(ada, grace, linus, version=third)
    rule(conditions={"approvals": 2, "waiting_time": 5})
    opened = back(ada, last)
    assert (opened.version, opened.is_fast_track) == ("2", True)
    requirement = services.requirement_of(opened)
    assert requirement.required_approvals == 1
    assert "waiting_time" not in {condition.key for condition in requirement.conditions}
    services.review(actor=by(grace), promote_request=opened, verdict=Verdict.APPROVE)
    opened.refresh_from_db()
    assert opened.status == Status.PROMOTED
    assert services.requirement_of(opened).required_approvals == 1


def test_an_ordinary_request_for_the_same_has_no_fast_track(fraud, ada, grace):
    promoted(ada, grace)
    promoted(ada, grace, version=fraud.add_version("Fraud").version)
    rule(conditions={"approvals": 2}, moves={"rollback": {"approvals": 1}})
    asked = PromoteRequestFactory(actor=ada, version="2")
    assert services.requirement_of(asked).required_approvals == 2


def test_of_two_rules_only_the_one_with_a_fast_track_asks_for_less(fraud, ada, grace):
    promoted(ada, grace)
    last = promoted(ada, grace, version=fraud.add_version("Fraud").version)
    rule(conditions={"approvals": 3}, moves={"rollback": {"approvals": 1}})
    RuleFactory(target_pattern="stage:Production", conditions={"approvals": 2})
    opened = back(ada, last)
    assert opened.is_fast_track
    assert services.requirement_of(opened).required_approvals == 2


def test_a_fast_track_never_asks_for_more_than_the_rule(fraud, ada, grace):
    promoted(ada, grace)
    last = promoted(ada, grace, version=fraud.add_version("Fraud").version)
    rule(conditions={"approvals": 1}, moves={"rollback": {"approvals": 3}})
    assert services.requirement_of(back(ada, last)).required_approvals == 1


def test_another_version_of_the_same_number_does_not_inherit_the_fast_track(fraud, ada, grace):
    promoted(ada, grace)
    last = promoted(ada, grace, version=fraud.add_version("Fraud").version)
    rule(moves={"rollback": {"approvals": 0}})
    fraud._update("Fraud", "2", created_at=timezone.now())
    assert not back(ada, last).is_fast_track


def test_a_version_replaced_while_the_way_back_is_open_loses_the_fast_track(fraud, ada, grace):
    rule(conditions={"approvals": 2}, moves={"rollback": {"approvals": 1}})
    promoted(ada, grace, UserFactory())
    opened = back(ada, promoted(ada, grace, UserFactory(), version=fraud.add_version("Fraud").version))
    assert opened.is_fast_track
    fraud._update("Fraud", "2", created_at=timezone.now(), source="models:/m-other")
    fraud.change_facts("Fraud", "2", metrics={"auc": 0.1})
    with pytest.raises(EvidenceChanged):
        services.review(actor=by(grace), promote_request=opened, verdict=Verdict.APPROVE)
    opened.refresh_from_db()
    assert not opened.is_fast_track
    assert services.requirement_of(opened).required_approvals == 2


def test_what_was_promoted_past_the_rules_proves_nothing(fraud, ada, grace):
    first = promoted(ada, grace)
    last = promoted(ada, grace, version=fraud.add_version("Fraud").version)
    PromoteRequest.objects.filter(pk=first.pk).update(is_bypassed=True)
    assert not back(ada, last).is_fast_track


def test_asked_for_again_it_leads_to_the_open_one(fraud, ada, grace):
    first = promoted(ada, grace)
    opened = back(grace, first)
    with pytest.raises(DuplicateRequest) as there:
        back(ada, first)
    assert there.value.number == opened.number
    client = Client()
    client.force_login(ada)
    response = client.post(f"/checkpoint/promote-requests/{first.number}/roll-back/")
    assert (response.status_code, response["Location"]) == (302, opened.get_absolute_url())
    answer = Api(ada).post(f"promote-requests/{first.number}/roll-back/", {})
    assert (answer.status_code, answer.json()["number"]) == (409, opened.number)


def test_a_former_champion_that_is_deleted_is_said_to_be(fraud, ada, grace):
    first = promoted(ada, grace)
    fraud.delete_version("Fraud", "1")
    with pytest.raises(WrongState, match=r"Version 1 of Fraud, which #.* replaced, is deleted in MLflow"):
        back(grace, first)


def test_only_the_last_change_of_a_target_is_taken_back(fraud, ada, grace):
    first = promoted(ada, grace)
    last = promoted(ada, grace, version=fraud.add_version("Fraud").version)
    with pytest.raises(WrongState, match=f"#{last.number} has changed Production since"):
        back(grace, first)


def test_the_next_step_back_does_not_put_back_what_was_rolled_back(fraud, ada, grace):
    promoted(ada, grace)
    third = promoted(ada, grace, version=fraud.add_version("Fraud").version)
    returned = back(ada, third)
    services.review(actor=by(grace), promote_request=returned, verdict=Verdict.APPROVE)
    returned.refresh_from_db()
    assert (returned.status, returned.version) == (Status.PROMOTED, "2")
    assert back(ada, returned).version == "1"


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"target": "alias:champion"}, ("1", "alias:champion", Change.SET)),
        ({"target": "alias:champion", "version": "1", "change": Change.REMOVE}, ("1", "alias:champion", Change.SET)),
        ({"target": "alias:prod"}, ("2", "alias:prod", Change.REMOVE)),
        ({"target": "stage:Archived", "version": "1"}, ("1", "stage:Production", Change.SET)),
        ({"target": "stage:Staging"}, ("2", "stage:None", Change.SET)),
        ({"archive_existing_versions": False}, ("2", "stage:None", Change.SET)),
    ],
)
def test_each_kind_of_change_has_its_way_back(asked, expected, fraud, ada, grace):
    values = {**asked, "target": Target.parse(asked["target"])} if "target" in asked else asked
    opened = back(grace, promoted(ada, grace, **values))
    assert (opened.version, str(opened.target), opened.change) == expected


def test_a_copy_is_not_taken_back(fraud, ada, grace):
    copied = promoted(ada, grace, target=Target.parse("model:prod.fraud"))
    with pytest.raises(WrongState, match=r"A copy is not taken back: prod\.fraud keeps every version"):
        back(grace, copied)


def test_a_version_replaced_while_the_way_back_was_closed_loses_the_fast_track(fraud, ada, grace):
    rule(conditions={"approvals": 2}, moves={"rollback": {"approvals": 1}})
    promoted(ada, grace, UserFactory())
    opened = back(ada, promoted(ada, grace, UserFactory(), version=fraud.add_version("Fraud").version))
    closed = services.withdraw(actor=by(ada), promote_request=opened)
    assert services.reopen(actor=by(ada), promote_request=closed).is_fast_track
    closed = services.withdraw(actor=by(ada), promote_request=PromoteRequest.objects.get(pk=opened.pk))
    fraud._update("Fraud", "2", created_at=timezone.now())
    assert not services.reopen(actor=by(ada), promote_request=closed).is_fast_track


def test_the_history_of_any_request_offers_the_way_back_of_the_holder(fraud, ada, grace):
    first = promoted(ada, grace)
    asked = PromoteRequestFactory(actor=ada, version=fraud.add_version("Fraud").version)
    client = Client()
    client.force_login(grace)
    page = client.get(asked.get_absolute_url()).content.decode()
    assert f'Roll back<span class="visually-hidden"> #{first.number}</span></button>' in page


def test_whoever_opens_the_way_back_does_not_approve_it(fraud, ada, grace):
    opened = back(grace, promoted(ada, grace))
    client = Client()
    client.force_login(grace)
    assert client.post(f"{opened.get_absolute_url()}review/", {"verdict": "approve"}).status_code == 403


def test_both_requests_name_each_other(fraud, ada, grace):
    first = promoted(ada, grace)
    opened = back(grace, first)
    api, client = Api(ada), Client()
    client.force_login(ada)
    assert api.get(f"promote-requests/{first.number}/").json()["undone_by"] == [opened.number]
    assert api.get(f"promote-requests/{opened.number}/").json()["undoes"] == first.number
    assert (
        f'Is to be taken back by <a href="{opened.get_absolute_url()}'
        in client.get(first.get_absolute_url()).content.decode()
    )
    assert (
        f'This takes back <a href="{first.get_absolute_url()}">'
        in client.get(opened.get_absolute_url()).content.decode()
    )


def test_a_models_page_offers_the_way_back_of_what_is_in_use(fraud, ada, grace):
    first = promoted(ada, grace)
    client = Client()
    client.force_login(grace)
    page = client.get("/checkpoint/models/Fraud/").content.decode()
    assert f'action="/checkpoint/promote-requests/{first.number}/roll-back/"' in page
    response = client.post(f"/checkpoint/promote-requests/{first.number}/roll-back/", follow=True)
    assert "The way back is open as #" in response.content.decode()
