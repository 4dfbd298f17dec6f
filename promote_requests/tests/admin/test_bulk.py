import pytest

from audit.choices import AuditAction
from audit.models import AuditEvent
from promote_requests import services
from promote_requests.choices import Status
from promote_requests.models import Review
from promote_requests.tests.admin import people
from promote_requests.tests.admin.people import bulk, signed_in, told
from protection.models import ProtectionRule
from registry.exceptions import RegistryRefused
from registry.targets import Target
from testing.factories import PromoteRequestFactory
from testing.people import AdministratorFactory, by

pytestmark = pytest.mark.django_db
approver = people.approver


def test_approving_asks_first_and_shows_what_replaces_what(fraud, approver, open_request):
    page = bulk(signed_in(approver), "approve_selected", [open_request.pk])
    html = page.content.decode()
    assert "Approve 1 request" in html
    assert "Fraud version 2" in html
    assert "version 1" in html
    assert open_request.evidence_fingerprint in html
    assert not Review.objects.exists()


def test_approving_in_bulk_promotes_by_the_same_service(fraud, approver, open_request):
    answer = bulk(signed_in(approver), "approve_selected", [open_request.pk], confirmed="yes", body="Agreed.")
    assert told(answer) == ["1 of 1 requests approved."]
    open_request.refresh_from_db()
    assert open_request.status == Status.PROMOTED
    assert fraud.get_version("Fraud", "2").stage == "Production"
    review = Review.objects.get()
    assert (review.reviewer, review.body) == (approver, "Agreed.")
    assert len(AuditEvent.objects.get(action=AuditAction.REVIEWED).request_id) == 32


def test_each_refusal_is_told_and_does_not_stop_the_others(fraud, approver, ada):
    fraud.add_version("Fraud")
    own = PromoteRequestFactory(actor=approver, version="3", target=Target.parse("alias:shadow"))
    other = PromoteRequestFactory(actor=ada)
    closed = PromoteRequestFactory(actor=ada, version="3")
    services.withdraw(actor=by(ada), promote_request=closed)
    numbers = [own.pk, other.pk, closed.pk]
    messages = told(bulk(signed_in(approver), "approve_selected", numbers, confirmed="yes"))
    assert messages[-1] == "1 of 3 requests approved."
    assert any(str(own) in words and "somebody else has to review" in words for words in messages)
    assert any(str(closed) in words and "closed" in words for words in messages)
    assert [review.promote_request for review in Review.objects.all()] == [other]


def test_an_approval_of_facts_that_changed_since_the_page_asked_is_refused(fraud, approver, open_request):
    seen = {f"seen_{open_request.pk}": open_request.evidence_fingerprint}
    fraud.change_facts("Fraud", "2", metrics={"auc": 0.1})
    messages = told(bulk(signed_in(approver), "approve_selected", [open_request.pk], confirmed="yes", **seen))
    assert "fresh look" in messages[0]
    assert messages[-1] == "0 of 1 requests approved."
    assert fraud.get_version("Fraud", "2").stage == "None"


def test_a_promotion_that_failed_is_told_beside_the_approval(fraud, approver, open_request):
    fraud.fail_next(RegistryRefused("No permission upstream."), call="transition_stage")
    messages = told(bulk(signed_in(approver), "approve_selected", [open_request.pk], confirmed="yes"))
    assert messages == [
        f"{open_request}: approved, but not promoted: No permission upstream.",
        "1 of 1 requests approved.",
    ]


def test_closing_asks_for_a_reason(approver, open_request):
    client = signed_in(approver)
    page = bulk(client, "close_selected", [open_request.pk]).content.decode()
    assert 'value="rejected"' in page
    assert 'value="withdrawn"' not in page
    unanswered = bulk(client, "close_selected", [open_request.pk], confirmed="yes", reason="withdrawn")
    assert "Select a valid choice" in unanswered.content.decode()
    open_request.refresh_from_db()
    assert open_request.status == Status.OPEN


def test_closing_in_bulk_closes_by_the_same_service(approver, open_request):
    answer = bulk(
        signed_in(approver),
        "close_selected",
        [open_request.pk],
        confirmed="yes",
        reason="superseded",
        message="Version 3 is better.",
    )
    assert told(answer) == ["1 of 1 requests closed."]
    open_request.refresh_from_db()
    assert (open_request.status, open_request.close_reason, open_request.closed_by) == (
        Status.CLOSED,
        "superseded",
        approver,
    )
    assert AuditEvent.objects.get(action=AuditAction.CLOSED).reason == "Superseded: Version 3 is better."


def test_nobody_closes_their_own_request_in_bulk(fraud, approver):
    own = PromoteRequestFactory(actor=approver)
    messages = told(bulk(signed_in(approver), "close_selected", [own.pk], confirmed="yes", reason="rejected"))
    assert messages == [
        f"{own}: not closed: You made this request: withdraw it instead.",
        "0 of 1 requests closed.",
    ]
    assert AuditEvent.objects.filter(action=AuditAction.REFUSED, promote_request=own).exists()


def test_a_superuser_is_refused_like_everybody_else(fraud):
    administrator = AdministratorFactory()
    own = PromoteRequestFactory(actor=administrator)
    messages = told(bulk(signed_in(administrator), "approve_selected", [own.pk], confirmed="yes"))
    assert "somebody else has to review" in messages[0]
    assert fraud.get_version("Fraud", "2").stage == "None"


def test_a_chosen_request_that_left_the_filtered_list_is_named(approver, open_request, ada):
    services.withdraw(actor=by(ada), promote_request=open_request)
    answer = bulk(signed_in(approver), "approve_selected", [open_request.pk], "?status__exact=open", confirmed="yes")
    assert f"#{open_request.pk} is no longer in this list: somebody else was faster." in told(answer)


def test_too_many_at_once_are_refused(monkeypatch, approver, open_request, fraud):
    monkeypatch.setattr("promote_requests.admin.bulk.LIMIT", 1)
    second = PromoteRequestFactory(target=Target.parse("alias:shadow"))
    answer = bulk(signed_in(approver), "approve_selected", [open_request.pk, second.pk])
    assert told(answer) == ["Approve at most 1 requests at a time."]


def test_two_approvals_in_bulk_count_as_two(fraud, approver, open_request):
    ProtectionRule.objects.filter(target_pattern="stage:*").update(conditions={"approvals": 2})
    bulk(signed_in(approver), "approve_selected", [open_request.pk], confirmed="yes")
    open_request.refresh_from_db()
    assert open_request.status == Status.OPEN
    bulk(signed_in(AdministratorFactory()), "approve_selected", [open_request.pk], confirmed="yes")
    open_request.refresh_from_db()
    assert open_request.status == Status.PROMOTED


def test_bulk_approval_asks_with_the_sentence_of_each(fraud, approver, open_request):
    html = bulk(signed_in(approver), "approve_selected", [open_request.pk]).content.decode()
    assert "ada wants Fraud version 2 to become Production, replacing version 1." in html
