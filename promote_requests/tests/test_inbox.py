"""The inbox as a page and in the API, and what one follows and mutes there."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from notifications.inbox.channel import Inbox
from notifications.models import Notice, Subscription
from notifications.people import subscriptions
from notifications.worker.spreading import spread
from promote_requests import inbox, services
from promote_requests.choices import CloseReason, Verdict
from promote_requests.models import PromoteRequest
from testing.factories import PromoteRequestFactory, UserFactory, by
from testing.people import bearer, issue_token

pytestmark = pytest.mark.django_db
INBOX = "/checkpoint/inbox/"
API = "/checkpoint/api/"
FORM = {"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
HTMX = {"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "cors", "Sec-Fetch-Dest": "empty", "HX-Request": "true"}


@pytest.fixture
def asked(fraud, ada):
    return PromoteRequestFactory(actor=ada, title="Deeper trees")


def as_(person):
    client = Client(HTTP_ACCEPT="text/html")
    client.force_login(person)
    return client


def page(person):
    spread([Inbox()])
    return as_(person).get(INBOX).content.decode()


def section(html, key):
    """Returns the part of the page between a heading and the next."""
    return html.partition(f'id="{key}"')[2].partition("</section>")[0]


def api(person):
    _, plaintext = issue_token(person)
    return Client(**bearer(plaintext))


def test_what_waits_is_marked_as_new_until_it_was_opened(asked, grace):
    html = page(grace)
    assert "ada asks for review of #" in section(html, "waiting")
    assert "Mark as read" in section(html, "waiting")
    as_(grace).get(asked.get_absolute_url())
    html = page(grace)
    assert "Deeper trees" in section(html, "waiting")
    assert "Mark as read" not in html
    assert Notice.objects.get(reader=grace).read_at


def test_a_comment_on_a_request_that_one_judged_is_also_new(asked, ada, grace):
    services.review(actor=by(grace), promote_request=asked, verdict=Verdict.REQUEST_CHANGES, body="Why?")
    services.comment(actor=by(ada), promote_request=asked, body="Because.")
    html = page(grace)
    assert "ada commented on #" in section(html, "news")
    assert "And 1 more." in section(html, "news")
    as_(grace).post(f"{INBOX}read/", {"number": asked.number})
    assert 'id="news"' not in page(grace)


def test_what_one_takes_part_in_is_listed_for_a_while_after_it_was_decided(asked, ada, grace):
    stranger = UserFactory()
    services.close(actor=by(grace), promote_request=asked, reason=CloseReason.REJECTED)
    for person in (ada, grace):
        assert "Deeper trees" in section(page(person), "decided")
    assert "Deeper trees" not in section(page(stranger), "decided")
    PromoteRequest.objects.update(closed_at=timezone.now() - inbox.LATELY - timedelta(hours=1))
    as_(ada).post(f"{INBOX}read/")
    assert "Deeper trees" not in page(ada)


def test_each_request_is_in_one_section_alone(asked, ada, grace):
    services.comment(actor=by(grace), promote_request=asked, body="Looking.")
    for person in (ada, grace):
        assert page(person).count("Deeper trees") == 1


def test_what_one_muted_waits_for_nobody_and_is_not_counted(asked, ada, grace):
    assert inbox.for_you(grace) == 1
    subscriptions.follow_request(actor=by(grace), number=asked.number, is_muted=True)
    assert inbox.for_you(grace) == 0
    assert "Deeper trees" not in page(grace)
    subscriptions.leave_request(actor=by(grace), number=asked.number)
    subscriptions.watch_model(actor=by(grace), workspace="", model_name="fraud", is_muted=True)
    assert inbox.for_you(grace) == 0
    subscriptions.watch_model(actor=by(grace), workspace="blue", model_name="Fraud", is_muted=True)
    subscriptions.leave_model(actor=by(grace), workspace="", model_name="Fraud")
    assert inbox.for_you(grace) == 1


def test_all_that_the_page_showed_is_marked_as_read_and_what_came_since_is_not(asked, ada, grace):
    html = page(grace)
    up_to = html.partition('name="up_to" value="')[2].partition('"')[0]
    services.edit(actor=by(ada), promote_request=asked, title="Deeper trees still", description="")
    services.comment(actor=by(ada), promote_request=asked, body="See above.")
    subscriptions.follow_request(actor=by(grace), number=asked.number, is_muted=False)
    spread([Inbox()])
    answer = as_(grace).post(f"{INBOX}read/", {"up_to": up_to}, headers=HTMX)
    assert answer.status_code == 200
    assert "ada commented on #" in answer.content.decode()
    assert Notice.objects.filter(reader=grace, read_at=None).count() == 2


@pytest.mark.parametrize("value", ["x", "-1", "9" * 40, "\x00", ""])
def test_an_odd_number_is_no_way_in(asked, grace, value):
    page(grace)
    assert as_(grace).post(f"{INBOX}read/", {"number": value, "up_to": value}).status_code == 302


def test_nobody_marks_or_reads_what_is_anothers(asked, ada, grace):
    page(grace)
    as_(ada).post(f"{INBOX}read/")
    call = api(ada)
    assert call.post(f"{API}inbox/read/", {}, "application/json").json() == {"marked": 0, "for_you": 0}
    assert Notice.objects.get(reader=grace).read_at is None
    assert call.get(f"{API}inbox/").json()["results"] == []


def test_the_inbox_costs_the_same_however_much_is_in_it(fraud, ada, grace, django_assert_max_num_queries):
    for _ in range(12):
        made = PromoteRequestFactory(actor=ada, model_name="Churn", version=fraud.add_version("Churn").version)
        services.comment(actor=by(UserFactory()), promote_request=made, body="Hm.")
    spread([Inbox()])
    client = as_(grace)
    with django_assert_max_num_queries(28):
        assert client.get(INBOX).status_code == 200


def test_the_api_lists_filters_and_marks(asked, ada, grace):
    services.comment(actor=by(ada), promote_request=asked, body="Please.")
    subscriptions.follow_request(actor=by(grace), number=asked.number, is_muted=False)
    spread([Inbox()])
    call = api(grace)
    found = call.get(f"{API}inbox/").json()["results"]
    assert [(row["kind"], row["number"], row["is_new"]) for row in found] == [
        ("talk", asked.number, True),
        ("review", asked.number, True),
    ]
    assert found[0]["url"] == f"http://localhost:5000{asked.get_absolute_url()}"
    assert len(call.get(f"{API}inbox/?kind=talk&is_new=true&number={asked.number}").json()["results"]) == 1
    assert call.get(f"{API}inbox/?is_new=false").json()["results"] == []
    body = {"numbers": [asked.number], "up_to": found[1]["id"]}
    assert call.post(f"{API}inbox/read/", body, "application/json").json() == {"marked": 1, "for_you": 1}
    assert [row["is_new"] for row in call.get(f"{API}inbox/").json()["results"]] == [True, False]


@pytest.mark.parametrize(
    ("body", "field"), [({"numbers": [0]}, "numbers.0"), ({"number": 7}, "number"), ({"up_to": "x"}, "up_to")]
)
def test_the_api_says_what_is_wrong_with_what_is_to_be_marked(ada, body, field):
    answer = api(ada).post(f"{API}inbox/read/", body, "application/json")
    assert answer.status_code == 400
    assert field in answer.json()["field_errors"]


@pytest.mark.parametrize("query", ["?kind=gossip", "?number=x", "?reader=1", "?number=99999999999999999999"])
def test_the_api_refuses_a_filter_that_there_is_not(ada, query):
    assert api(ada).get(f"{API}inbox/{query}").status_code == 400


def test_a_request_is_followed_and_muted_by_the_api(asked, grace):
    call, where = api(grace), f"{API}promote-requests/{asked.number}/subscription/"
    assert call.get(where).json() == {"subscription": "none"}
    for state in ("muted", "followed", "none"):
        assert call.put(where, {"subscription": state}, "application/json").json() == {"subscription": state}
        assert call.get(where).json() == {"subscription": state}
    assert call.put(where, {"subscription": "loud"}, "application/json").status_code == 400


def test_a_draft_of_somebody_else_is_not_there_to_be_followed(fraud, ada, grace):
    draft = PromoteRequestFactory(actor=ada, draft=True)
    where = f"{API}promote-requests/{draft.number}/subscription/"
    assert api(grace).put(where, {"subscription": "followed"}, "application/json").status_code == 404
    assert not Subscription.objects.filter(user=grace).exists()


def test_a_model_is_watched_and_muted_by_the_api(ada):
    call, where = api(ada), f"{API}models/a/b c/subscription/"
    for state in ("muted", "followed", "none"):
        assert call.put(f"{where}?workspace=blue", {"subscription": state}, "application/json").json() == {
            "subscription": state
        }
        assert call.get(f"{where}?workspace=blue").json() == {"subscription": state}
        assert call.get(where).json() == {"subscription": "none"}
    assert (
        call.put(f"{API}models/{'x' * 257}/subscription/", {"subscription": "muted"}, "application/json").status_code
        == 400
    )


def test_a_request_is_followed_and_muted_on_its_page(asked, ada, grace):
    where = f"/checkpoint/notifications/requests/{asked.number}/"
    about = {"model_name": "Fraud", "back": asked.get_absolute_url()}
    assert "You hear of it once you take part." in as_(grace).get(asked.get_absolute_url()).content.decode()
    answer = as_(grace).post(where, about | {"to": "mute"}, headers=FORM)
    assert answer.headers["Location"] == asked.get_absolute_url()
    html = as_(grace).get(asked.get_absolute_url()).content.decode()
    assert "You muted this request" in html
    assert "Hear of it again" in html
    part = as_(grace).post(where, about | {"to": "follow"}, headers=HTMX).content.decode()
    assert part.lstrip().startswith('<section id="following"')
    assert "You follow this request." in part
    assert "You follow this request." in as_(ada).get(asked.get_absolute_url()).content.decode()  # its author


def test_a_model_is_watched_and_muted_on_its_page(fraud, grace):
    html = as_(grace).get("/checkpoint/models/Fraud/").content.decode()
    assert "Watch this model" in html
    form = {"model_name": "Fraud", "back": "/checkpoint/models/Fraud/"}
    part = as_(grace).post("/checkpoint/notifications/watch/", form | {"to": "mute"}, headers=HTMX).content.decode()
    assert "You muted this model" in part
    assert Subscription.objects.get(user=grace).is_muted
    as_(grace).post("/checkpoint/notifications/watch/", form | {"to": "leave"}, headers=FORM)
    assert not Subscription.objects.filter(user=grace).exists()


@pytest.mark.parametrize("back", ["https://evil.example/", "//evil.example/", "javascript:alert(1)", "\\\\evil"])
def test_the_way_back_leads_to_no_other_site(asked, grace, back):
    answer = as_(grace).post(f"/checkpoint/notifications/requests/{asked.number}/", {"to": "mute", "back": back})
    assert answer.headers["Location"] == "/checkpoint/notifications/"
