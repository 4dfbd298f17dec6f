import uuid

import pytest

from notifications.choices import Event
from notifications.models import Delivery, Webhook
from testing.api_client import Api, assert_refused
from testing.people import AdministratorFactory, UserFactory, bearer, issue_token

pytestmark = pytest.mark.django_db


@pytest.fixture
def api():
    return Api(AdministratorFactory(username="root"))


@pytest.fixture
def made(api):
    return api.post("webhooks/", {"url": "https://hooks.example/x", "description": "Deploy"}).json()


def test_a_webhook_is_made_and_its_secret_told_once(api):
    body = {
        "url": "https://hooks.example/x",
        "events": ["promote_request.promoted"],
        "model_pattern": "fraud-*",
        "description": "Deploy",
        "format": "slack",
    }
    answer = api.post("webhooks/", body)
    assert answer.status_code == 201
    made = answer.json()
    assert made["secret"].startswith("whsec_")
    assert {name: made[name] for name in body} == body
    shown = api.get(f"webhooks/{made['id']}/").json()
    assert shown == {name: value for name, value in made.items() if name != "secret"}
    assert api.get("webhooks/").json()["results"] == [shown]


def test_only_the_address_has_to_be_given(api):
    made = api.post("webhooks/", {"url": "http://hooks.example"}).json()
    assert (made["events"], made["model_pattern"], made["description"], made["is_active"]) == ([], "*", "", True)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "url"),
        ({"url": "file:///etc/passwd"}, "url"),
        ({"url": "https://hooks.example", "events": ["promoted"]}, "events"),
        ({"url": "https://hooks.example", "format": "xml"}, "format"),
        ({"url": "https://hooks.example", "event": []}, "event"),
        ({"url": "https://hooks.example", "secret": "mine"}, "secret"),
    ],
)
def test_a_wrong_body_is_refused_by_field(api, body, field):
    assert_refused(api.post("webhooks/", body), 400, "INVALID_PARAMETER_VALUE", field=field)


def test_an_unknown_event_is_answered_with_the_known_ones(api):
    answer = api.post("webhooks/", {"url": "https://hooks.example", "events": ["x"]})
    assert all(event in answer.json()["message"] for event in Event.values)


def test_it_is_changed_and_deleted(api, made):
    changed = api.patch(f"webhooks/{made['id']}/", {"is_active": False, "events": ["promote_request.rejected"]})
    assert changed.status_code == 200
    assert (changed.json()["is_active"], changed.json()["url"]) == (False, "https://hooks.example/x")
    assert api.send("DELETE", f"webhooks/{made['id']}/", "").status_code == 204
    assert not Webhook.objects.exists()


def test_a_ping_is_listed_and_can_be_sent_again(api, made):
    ping = api.post(f"webhooks/{made['id']}/test/")
    assert ping.status_code == 202
    assert (ping.json()["event"], ping.json()["status"]) == ("webhook.ping", "waiting")
    Delivery.objects.update(state="dead", answer_status=500, answer_body="no", error="It answered 500.", attempts=8)
    (shown,) = api.get(f"webhooks/{made['id']}/deliveries/").json()["results"]
    assert (shown["status"], shown["attempts"], shown["error"]) == ("dead", 8, "It answered 500.")
    assert shown["response"] == {"status": 500, "headers": {}, "body": "no"}
    assert "If you can read this" in shown["request"]["body"]
    again = api.post(f"webhooks/{made['id']}/deliveries/{shown['id']}/redeliver/")
    assert again.status_code == 202
    assert (again.json()["id"], again.json()["status"]) == (ping.json()["id"], "waiting")
    assert api.get(f"webhooks/{made['id']}/deliveries/{shown['id']}/").json() == again.json()


def test_a_new_secret_is_told_once(api, made):
    again = api.post(f"webhooks/{made['id']}/rotate/").json()
    assert again["secret"] != made["secret"]
    assert again["former_until"] is not None


def test_one_that_is_off_sends_no_ping(api, made):
    api.patch(f"webhooks/{made['id']}/", {"is_active": False})
    assert_refused(api.post(f"webhooks/{made['id']}/test/"), 409, "INVALID_STATE", "switch it on first")


def test_what_is_not_there_is_404(api, made):
    other = api.post("webhooks/", {"url": "https://hooks.example/y"}).json()["id"]
    delivery = api.post(f"webhooks/{made['id']}/test/").json()["id"]
    for path in (
        "webhooks/999/",
        f"webhooks/{2**70}/",
        "webhooks/999/deliveries/",
        f"webhooks/{made['id']}/deliveries/{uuid.uuid4()}/",
        f"webhooks/{other}/deliveries/{delivery}/",
    ):
        assert_refused(api.get(path), 404, "RESOURCE_DOES_NOT_EXIST")
    assert_refused(api.get("webhooks/x/"), 404, "ENDPOINT_NOT_FOUND")


PATHS = [
    *(("GET", "webhooks/"), ("POST", "webhooks/"), ("GET", "webhooks/{pk}/"), ("PATCH", "webhooks/{pk}/")),
    *(("DELETE", "webhooks/{pk}/"), ("POST", "webhooks/{pk}/test/"), ("POST", "webhooks/{pk}/rotate/")),
    *(("GET", "webhooks/{pk}/deliveries/"), ("GET", "webhooks/{pk}/deliveries/{uid}/")),
    ("POST", "webhooks/{pk}/deliveries/{uid}/redeliver/"),
]


@pytest.mark.parametrize(("method", "path"), PATHS)
def test_nobody_else_gets_anywhere(api, made, method, path):
    uid = api.post(f"webhooks/{made['id']}/test/").json()["id"]
    where = path.format(pk=made["id"], uid=uid)
    before = list(Webhook.objects.values()), list(Delivery.objects.values())
    assert_refused(Api(UserFactory()).send(method, where, "{}"), 403, "PERMISSION_DENIED", "administrators")
    assert_refused(Api().send(method, where, "{}"), 401, "UNAUTHENTICATED")
    assert (list(Webhook.objects.values()), list(Delivery.objects.values())) == before


def test_a_token_of_an_administrator_will_do():
    _, token = issue_token(AdministratorFactory())
    answer = Api().send("POST", "webhooks/", '{"url": "https://hooks.example/x"}', **bearer(token))
    assert answer.status_code == 201


def test_the_list_makes_as_many_queries_for_many_as_for_one(api, made, django_assert_max_num_queries):
    for number in range(10):
        api.post("webhooks/", {"url": f"https://hooks.example/{number}"})
    with django_assert_max_num_queries(8):
        assert len(api.get("webhooks/").json()["results"]) == 11
