import re
from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import Group, Permission
from django.db.models import Count, Max, Min
from django.test import Client
from django.utils import timezone

from audit.choices import AuditAction
from audit.models import AuditEvent
from evidence.freeze import fingerprint
from promote_requests import services
from promote_requests.admin.dates import DatedQuerySet
from promote_requests.choices import Status
from promote_requests.models import Comment, PromoteRequest, Review
from protection.models import ProtectionRule
from registry.exceptions import RegistryRefused
from registry.targets import Target
from testing.factories import PromoteRequestFactory, UserFactory
from testing.people import AdministratorFactory, by

pytestmark = pytest.mark.django_db

LIST = "/checkpoint/admin/promote_requests/promoterequest/"
TRAIL = "/checkpoint/admin/audit/auditevent/"


def signed_in(user):
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def approver(db):
    """Gives a member of the shipped group."""
    user = UserFactory(username="lin", is_staff=True)
    user.groups.add(Group.objects.get(name="Record readers"))
    return user


def bulk(client, action, numbers, query="", **values):
    """Chooses requests and takes the action; `confirmed` makes it the answer of the page that asks."""
    choice = {"action": action, "_selected_action": numbers} | values
    if "confirmed" not in values:
        choice |= {"index": 0, "select_across": 0}
    return client.post(f"{LIST}{query}", choice, follow=True)


def told(response):
    return [str(message) for message in response.context["messages"]]


def test_the_shipped_group_may_read_and_nothing_else(approver):
    codenames = set(Permission.objects.filter(group__name="Record readers").values_list("codename", flat=True))
    assert codenames == {
        "view_auditevent",
        "view_comment",
        "view_label",
        "view_promoterequest",
        "view_protectionrule",
        "view_freezewindow",
        "view_ownership",
        "view_review",
    }
    assert Permission.objects.filter(codename="view_promoterequest").count() == 1


def test_an_approver_lists_and_reads_requests(approver, open_request, grace):
    services.review(actor=by(grace), promote_request=open_request, verdict="request_changes", body="Show the recall.")
    services.comment(actor=by(grace), promote_request=open_request, body="A remark.")
    client = signed_in(approver)
    listed = client.get(LIST).content.decode()
    assert open_request.title in listed
    assert "stage:<wbr>Production" in listed
    assert "Changes requested" in listed
    assert "grace asked for changes and has to approve first." in listed
    assert "version 1" in listed
    shown = client.get(f"{LIST}{open_request.number}/change/").content.decode()
    assert f'href="{open_request.get_absolute_url()}">Open it in the portal</a>' in shown
    assert "Show the recall." in shown
    assert "A remark." in shown
    assert "opened the request" in shown
    assert f"{open_request.created_at:%Y-%m-%d %H:%M:%S}" in shown


def test_the_list_says_of_open_requests_alone_who_holds_the_target(approver, open_request, grace):
    client = signed_in(approver)
    assert '<td class="field-champion">version 1</td>' in client.get(LIST).content.decode()
    services.close(actor=by(grace), promote_request=open_request)
    assert '<td class="field-champion">-</td>' in client.get(LIST).content.decode()


@pytest.mark.parametrize(
    "query",
    [
        "?status__exact=open",
        "?q=Fraud",
        "?q=ada",
        "?q=nothing",
        "?target_kind__exact=stage",
        "?change__exact=set",
        "?created_at__year=2020",
        "?o=1.2.5",
        "?all=",
    ],
)
def test_filters_search_and_order_answer(approver, open_request, query):
    assert signed_in(approver).get(f"{LIST}{query}").status_code == 200


@pytest.mark.parametrize("address", [LIST, TRAIL, "/checkpoint/admin/protection/protectionrule/"])
def test_staff_without_permission_are_refused(address):
    assert signed_in(UserFactory(is_staff=True)).get(address).status_code == 403


def test_staff_without_permission_cannot_act(open_request):
    client = signed_in(UserFactory(is_staff=True))
    assert bulk(client, "approve_selected", [open_request.pk], confirmed="yes").status_code == 403
    assert not Review.objects.exists()


@pytest.mark.parametrize("address", [LIST, TRAIL])
def test_who_is_not_staff_is_sent_to_sign_in(ada, address):
    assert signed_in(ada).get(address).status_code == 302


@pytest.mark.parametrize("who", ["approver", "superuser"])
def test_nobody_adds_changes_or_deletes_a_request(open_request, approver, who):
    client = signed_in(approver if who == "approver" else AdministratorFactory())
    assert client.get(f"{LIST}add/").status_code == 403
    address = f"{LIST}{open_request.number}/"
    assert client.post(f"{address}change/", {"title": "Mine", "status": "promoted"}).status_code == 403
    assert client.post(f"{address}delete/", {"post": "yes"}).status_code == 403
    bulk(client, "delete_selected", [open_request.pk], post="yes")
    open_request.refresh_from_db()
    assert (open_request.title != "Mine", open_request.status) == (True, Status.OPEN)
    assert b'name="title"' not in client.get(f"{address}change/").content


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


def many_requests(fraud, count):
    """Makes requests about which somebody said something, and returns their numbers."""
    numbers = []
    for version in range(3, 3 + count):
        fraud.add_version("Fraud")
        made = PromoteRequestFactory(version=str(version))
        services.review(actor=by(UserFactory()), promote_request=made, verdict="comment", body="Hm.")
        services.comment(actor=by(UserFactory()), promote_request=made, body="Remark")
        numbers.append(made.pk)
    return numbers


def test_the_list_takes_the_same_number_of_queries_however_long(fraud, approver, django_assert_max_num_queries):
    many_requests(fraud, 10)
    client = signed_in(approver)
    # Session, user, rights (2), authors, counts (2), first and last date, days (2), rows, reviews, reviewers, rules
    # and what goes with them (3), labels, those to filter by, and threads that block.
    with django_assert_max_num_queries(21):
        assert client.get(LIST).status_code == 200
    assert PromoteRequest.objects.count() == 10


def made_at(number, moment):
    PromoteRequest.objects.filter(pk=number).update(created_at=moment)


def test_the_list_leads_to_the_years_months_and_days_in_which_requests_were_made(fraud, approver):
    first, second, third, fourth = many_requests(fraud, 4)
    made_at(first, datetime(2024, 2, 29, 23, 59, 59, 999_999, UTC))
    made_at(second, datetime(2024, 12, 31, 12, tzinfo=UTC))
    made_at(third, datetime(2026, 1, 1, tzinfo=UTC))
    made_at(fourth, datetime(2026, 1, 31, 1, tzinfo=UTC))
    client = signed_in(approver)

    def shown(query):
        html = client.get(f"{LIST}{query}").content.decode()
        (dates,) = re.findall(r'<nav class="toplinks".*?</nav>', html, re.DOTALL)
        return [said.strip() for said in re.findall(r">(?:&lsaquo;)?([^<>]*)</a>", dates)]

    assert shown("") == ["2024", "2026"]
    assert shown("?created_at__year=2024") == ["All dates", "February 2024", "December 2024"]
    assert shown("?created_at__year=2026&created_at__month=1") == ["2026", "1 January", "31 January"]
    listed = client.get(f"{LIST}?created_at__year=2024&created_at__month=2").context["cl"].result_list
    assert [row.pk for row in listed] == [first]


def test_the_dates_of_the_list_are_those_that_django_would_show(fraud, approver):
    """Django's own way reads every row, which the list does not."""
    for at, number in enumerate(many_requests(fraud, 12)):
        made_at(number, datetime(2025, 1, 1, tzinfo=UTC) + timedelta(hours=at * at * 97))
    asked = DatedQuerySet(PromoteRequest)
    for kind in ("year", "month", "day"):
        assert asked.datetimes("created_at", kind) == list(PromoteRequest.objects.datetimes("created_at", kind))
    ends = {"first": Min("created_at"), "last": Max("created_at")}
    assert asked.aggregate(**ends) == PromoteRequest.objects.aggregate(**ends)
    assert asked.aggregate(count=Count("pk")) == {"count": 12}
    assert DatedQuerySet(PromoteRequest).none().datetimes("created_at", "day") == []


def test_the_authors_to_choose_from_are_those_whose_requests_somebody_may_see(fraud, approver, ada, grace):
    riley = UserFactory(username="riley")
    for version, author in (("1", ada), ("2", riley)):
        PromoteRequestFactory(actor=author, version=version, target=Target.parse("alias:shadow"))
    PromoteRequestFactory(actor=grace, version="1", target=Target.parse("alias:other"), draft=True)
    (shown,) = [spec for spec in signed_in(approver).get(LIST).context["cl"].filter_specs if spec.title == "author"]
    assert [name for _, name in shown.lookup_choices] == ["ada", "riley"]


def test_a_page_takes_the_same_number_of_queries_however_much_was_said(
    fraud, approver, open_request, django_assert_max_num_queries
):
    for _ in range(8):
        person = UserFactory()
        services.review(actor=by(person), promote_request=open_request, verdict="comment", body="Hm.")
        services.comment(actor=by(person), promote_request=open_request, body="Hm.")
    client = signed_in(approver)
    # As above, and what the desk shows: rules, reviews and their people, the trail, comments, other requests (4),
    # and whether the permission was given to break the glass.
    with django_assert_max_num_queries(54):
        assert client.get(f"{LIST}{open_request.number}/change/").status_code == 200


def test_two_approvals_in_bulk_count_as_two(fraud, approver, open_request):
    ProtectionRule.objects.filter(target_pattern="stage:*").update(conditions={"approvals": 2})
    bulk(signed_in(approver), "approve_selected", [open_request.pk], confirmed="yes")
    open_request.refresh_from_db()
    assert open_request.status == Status.OPEN
    bulk(signed_in(AdministratorFactory()), "approve_selected", [open_request.pk], confirmed="yes")
    open_request.refresh_from_db()
    assert open_request.status == Status.PROMOTED


def desk(client, promote_request):
    return client.get(f"{LIST}{promote_request.number}/change/").content.decode()


def present_desk(client, promote_request):
    """Returns the desk as MLflow has everything now, which the desk asks for by itself."""
    return client.post(f"{LIST}{promote_request.number}/now/").content.decode()


def judge(client, promote_request, verdict, body="", **values):
    """Sends the desk's review form as the page of this moment has it."""
    seen = fingerprint(services.evidence_of(promote_request))
    values = {"verdict": verdict, "body": body, "seen_fingerprint": seen} | values
    return client.post(f"{LIST}{promote_request.number}/review/", values)


def test_the_desk_shows_what_the_portals_page_shows(fraud, approver, open_request):
    html = desk(signed_in(approver), open_request)
    for said in (
        "wants",
        "1 metric better",
        "1 more approval is needed, by somebody other than ada.",
        "When promoted: MLflow moves",
        "Comparison with the champion",
        "opened the request",
        "Approve and move version 2 to Production",
    ):
        assert said in html
    # What is stored stands below all of that, folded.
    assert (
        html.index("Approve and move")
        < html.index('<details class="desk-records">')
        < html.index("Evidence fingerprint")
    )


def test_the_desk_comes_without_a_call_to_mlflow_and_then_asks_it(fraud, approver, open_request):
    fraud.change_facts("Fraud", "2", metrics={"auc": 0.5})
    fraud.calls.clear()
    client = signed_in(approver)
    first = desk(client, open_request)
    assert fraud.calls == []
    assert "As observed" in first
    assert "0.94" in first
    address = f"{LIST}{open_request.number}/now/"
    assert f'hx-post="{address}"' in first
    present = present_desk(client, open_request)
    assert "As observed" not in present
    assert "0.5" in present
    assert "0.94" not in present
    for part in ("live", "live-head", "status", "seen-fingerprint"):
        assert f'id="{part}"' in first
        assert f'id="{part}"' in present
    assert client.get(address).status_code == 405
    assert signed_in(UserFactory(is_staff=True)).post(address).status_code == 403


def test_a_look_at_the_present_asks_for_no_password_and_a_review_does(fraud, approver, open_request, settings):
    settings.CHECKPOINT_CONFIRM_MINUTES = 5
    client = signed_in(approver)
    assert client.post(f"{LIST}{open_request.number}/now/").status_code == 200
    assert "reauthenticate" in judge(client, open_request, "approve").headers["Location"]
    assert not Review.objects.exists()


def test_a_decided_request_on_the_desk_leads_to_what_changed_since(fraud, approver, open_request):
    client = signed_in(approver)
    judge(client, open_request, "approve", "Good.")
    fraud.calls.clear()
    html = desk(client, open_request)
    assert fraud.calls == []
    assert "Below is what was true when it was promoted" in html
    assert "What changed since" in html
    assert "Compare both versions as they are now" in html


def test_an_approver_judges_on_the_desk_by_the_same_service(fraud, approver, open_request):
    client = signed_in(approver)
    assert judge(client, open_request, "comment", "Which holdout?").status_code == 302
    assert judge(client, open_request, "request_changes", "Show the recall.").status_code == 302
    assert "You asked for changes. When they are made, approve below." in desk(client, open_request)
    assert judge(client, open_request, "approve", "Good.").status_code == 302
    open_request.refresh_from_db()
    assert open_request.status == Status.PROMOTED
    assert [review.body for review in open_request.reviews.order_by("pk")] == ["Show the recall.", "Good."]
    assert Comment.objects.get().body == "Which holdout?"
    assert {event.door for event in AuditEvent.objects.filter(action=AuditAction.REVIEWED)} == {"admin"}


@pytest.mark.parametrize(
    ("verdict", "body", "values", "status", "said"),
    [
        ("request_changes", "", {}, 400, "Write a few words."),
        ("approve", "Fine by me.", {"seen_fingerprint": "1:old"}, 409, "was not done"),
        ("maybe", "Fine by me.", {}, 400, "Choose whether you approve"),
        ("comment", "", {}, 400, "Write"),
    ],
)
def test_a_refusal_is_shown_on_the_desk_with_what_was_typed(
    fraud, approver, open_request, verdict, body, values, status, said
):
    answer = judge(signed_in(approver), open_request, verdict, body, **values)
    assert answer.status_code == status
    html = answer.content.decode()
    assert said.lower() in html.lower()
    assert f">{body}</textarea>" in html
    assert not Review.objects.exists()


def test_nobody_judges_on_the_desk_what_they_may_not_see_or_made_themselves(fraud, approver, open_request):
    assert judge(signed_in(UserFactory(is_staff=True)), open_request, "approve").status_code == 403
    refused = AuditEvent.objects.get(action=AuditAction.REFUSED)
    assert (refused.promote_request, refused.door) == (open_request, "admin")
    assert refused.reason.startswith("review promote request")
    assert signed_in(approver).get(f"{LIST}{open_request.number}/review/").status_code == 405
    own = PromoteRequestFactory(actor=approver, version="2", target=Target.parse("alias:shadow"))
    client = signed_in(approver)
    assert "somebody else has to review it" in desk(client, own)
    assert judge(client, own, "approve").status_code == 403
    assert not Review.objects.exists()


def test_the_desk_of_an_mlflow_that_is_away_keeps_the_conversation(fraud, approver, open_request):
    fraud.fail_next(RegistryRefused("MLflow refuses."), call="get_facts")
    html = present_desk(signed_in(approver), open_request)
    assert "MLflow cannot be asked now." in html
    assert "0.94" in html
    assert "Request changes" in html
    assert 'value="approve"' not in html


def test_the_filters_find_what_waits_for_me_and_what_is_stale(fraud, approver, open_request):
    own = PromoteRequestFactory(actor=approver, version="2", target=Target.parse("alias:shadow"))
    PromoteRequest.objects.filter(pk=own.pk).update(created_at=timezone.now() - timedelta(days=15))
    client = signed_in(approver)

    def found(query):
        return [row.pk for row in client.get(f"{LIST}?todo={query}").context["cl"].result_list]

    assert found("mine") == [open_request.pk]
    assert found("stale") == [own.pk]
    judge(client, open_request, "request_changes", "Show the recall.")
    assert found("mine") == []


def test_bulk_approval_asks_with_the_sentence_of_each(fraud, approver, open_request):
    html = bulk(signed_in(approver), "approve_selected", [open_request.pk]).content.decode()
    assert "ada wants Fraud version 2 to become Production, replacing version 1." in html


def test_a_draft_of_somebody_else_is_not_in_the_admin(fraud, approver):
    draft = PromoteRequestFactory(title="SECRETDRAFT", description="secret words", draft=True)
    for client in (signed_in(approver), signed_in(AdministratorFactory())):
        assert "SECRETDRAFT" not in client.get(LIST).content.decode()
        shown = client.get(f"{LIST}{draft.pk}/change/", follow=True).content.decode()
        assert "SECRETDRAFT" not in shown
        assert "secret words" not in shown
    own = PromoteRequestFactory(actor=approver, title="My draft", draft=True, target=Target.parse("alias:shadow"))
    assert own.title in signed_in(approver).get(LIST).content.decode()


def test_a_lookup_into_json_is_refused_and_no_error(approver, open_request):
    client = signed_in(approver)
    client.raise_request_exception = False
    assert client.get(f"{LIST}?gate_results__contains=x").status_code == 400
