import re
from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import Permission
from django.db.models import Count, Max, Min
from django.utils import timezone

from promote_requests import services
from promote_requests.admin.dates import DatedQuerySet
from promote_requests.choices import Status
from promote_requests.models import PromoteRequest, Review
from promote_requests.tests.admin import people
from promote_requests.tests.admin.people import LIST, TRAIL, bulk, judge, signed_in
from registry.targets import Target
from testing.factories import PromoteRequestFactory, UserFactory
from testing.people import AdministratorFactory, by

pytestmark = pytest.mark.django_db
approver = people.approver


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


def test_since_when_a_request_is_open_counts_from_when_it_was_submitted(fraud, approver, ada):
    asked = PromoteRequestFactory(actor=ada, draft=True)
    long_ago = timezone.now() - timedelta(days=40)
    PromoteRequest.objects.filter(pk=asked.pk).update(created_at=long_ago, opened_at=long_ago)
    mine = signed_in(AdministratorFactory(username="root"))
    services.submit(actor=by(ada), promote_request=PromoteRequest.objects.get())
    own = PromoteRequestFactory(actor=ada, version=fraud.add_version("Fraud").version)
    PromoteRequest.objects.filter(pk=own.pk).update(opened_at=timezone.now() - timedelta(days=3))
    listed = mine.get(f"{LIST}?o=-10")
    assert [row.pk for row in listed.context["cl"].result_list] == [asked.pk, own.pk]
    assert re.findall(r'class="field-age[^"]*"><time[^>]*>(.*?)</time>', listed.content.decode()) == [
        "just now",
        "3\xa0days ago",
    ]
    assert list(mine.get(f"{LIST}?todo=stale").context["cl"].result_list) == []


def test_a_draft_of_ones_own_is_not_called_open(fraud, approver):
    PromoteRequestFactory(actor=approver, draft=True)
    assert '<td class="field-age">-</td>' in signed_in(approver).get(LIST).content.decode()


def test_the_filters_find_what_waits_for_me_and_what_is_stale(fraud, approver, open_request):
    own = PromoteRequestFactory(actor=approver, version="2", target=Target.parse("alias:shadow"))
    PromoteRequest.objects.filter(pk=own.pk).update(opened_at=timezone.now() - timedelta(days=15))
    client = signed_in(approver)

    def found(query):
        return [row.pk for row in client.get(f"{LIST}?todo={query}").context["cl"].result_list]

    assert found("mine") == [open_request.pk]
    assert found("stale") == [own.pk]
    judge(client, open_request, "request_changes", "Show the recall.")
    assert found("mine") == []


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
