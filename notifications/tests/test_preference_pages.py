from html import unescape

import pytest
from django.test import Client

from notifications.choices import Kind, Way
from notifications.models import Preference, Subscription
from notifications.people import subscriptions
from testing.people import AdministratorFactory, UserFactory, by

pytestmark = pytest.mark.django_db
WHERE = "/checkpoint/notifications/"


@pytest.fixture
def ada():
    return UserFactory(username="ada")


@pytest.fixture
def client(ada):
    client = Client(HTTP_ACCEPT="text/html")
    client.force_login(ada)
    return client


def text(answer):
    return answer.content.decode()


def test_each_kind_is_chosen_by_oneself(client, ada):
    assert client.post(WHERE, {"talk": "nothing", "promotion": "digest"}).status_code == 302
    expected = {
        "review": "digest",
        "decision": "mail",
        "promotion": "digest",
        "talk": "nothing",
        "reminder": "mail",
        "yours": "mail",
    }
    assert subscriptions.ways_of(ada.pk) == expected
    client.post(WHERE, {"talk": "mail"})
    assert subscriptions.ways_of(ada.pk) == expected | {"talk": "mail"}
    page = text(client.get(WHERE))
    assert page.count(" selected>") == len(Kind)
    assert '<option value="digest" selected>Inbox, and mail once a day</option>' in page


def test_a_way_that_there_is_not_is_refused(client):
    assert "is no way" in text(client.post(WHERE, {"talk": "pigeon"}, follow=True))
    assert not Preference.objects.exists()


def test_only_an_administrator_says_how_everybody_else_is_told(client, ada):
    assert client.post(f"{WHERE}defaults/", {"talk": "nothing"}).status_code == 403
    assert "Who did not say" not in text(client.get(WHERE))
    root = Client()
    root.force_login(AdministratorFactory())
    assert "Who did not say" in text(root.get(WHERE))
    assert root.post(f"{WHERE}defaults/", {"talk": "nothing"}).status_code == 302
    assert subscriptions.ways_of(ada.pk)["talk"] == Way.NOTHING
    subscriptions.prefer(actor=by(ada), ways={Kind.TALK: Way.MAIL})
    assert subscriptions.ways_of(ada.pk)["talk"] == Way.MAIL


def test_a_model_is_watched_and_forgotten(client, ada):
    client.post(f"{WHERE}watch/", {"model_name": " Fraud "})
    client.post(f"{WHERE}watch/", {"model_name": "Fraud"})
    watched = Subscription.objects.get()
    assert (watched.user, watched.model_name, watched.request_number) == (ada, "Fraud", None)
    assert "Stop watching" in text(client.get(WHERE))
    client.post(f"{WHERE}forget/{watched.pk}/")
    assert not Subscription.objects.exists()
    assert "Give the model" in text(client.post(f"{WHERE}watch/", {"model_name": ""}, follow=True))


def test_nobody_ends_what_another_one_watches(client):
    subscriptions.watch_model(actor=by(UserFactory()), workspace="", model_name="Fraud")
    client.post(f"{WHERE}forget/{Subscription.objects.get().pk}/")
    assert Subscription.objects.count() == 1
    assert client.post(f"{WHERE}forget/{2**80}/").status_code == 302


def test_a_request_is_muted_and_followed_again(client, ada):
    client.post(f"{WHERE}requests/7/", {"to": "mute"})
    assert Subscription.objects.get(user=ada, request_number=7).is_muted
    assert "Follow again" in text(client.get(WHERE))
    client.post(f"{WHERE}requests/7/", {"to": "follow"})
    assert not Subscription.objects.get(user=ada, request_number=7).is_muted


def test_the_page_says_that_there_is_no_mail_server_and_no_address(client, ada, settings):
    type(ada).objects.filter(pk=ada.pk).update(email="")
    assert "has no mail address" in text(client.get(WHERE))
    settings.EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"
    assert "No mail is sent here" in text(client.get(WHERE))


@pytest.mark.parametrize(
    "back",
    [
        "",
        "foo",
        "//evil.example/",
        "/\\evil.example/",
        "\\\\evil.example",
        "https://evil.example/checkpoint/",
        "http:///evil.example",
        "javascript:alert(1)",
        "/\t/evil.example",
        " //evil.example",
        "/checkpoint/ //x",
        "\x00/checkpoint/",
    ],
)
@pytest.mark.parametrize("where", ["watch/", "requests/7/"])
def test_a_button_leads_back_to_a_path_of_ours_and_nowhere_else(client, where, back):
    answer = client.post(f"{WHERE}{where}", {"model_name": "Fraud", "to": "watch", "back": back})
    assert (answer.status_code, answer["Location"]) == (302, WHERE)


def test_a_button_leads_back_to_the_page_that_it_stands_on(client):
    back = "/checkpoint/models/Fraud/?workspace=a%20b"
    answer = client.post(f"{WHERE}watch/", {"model_name": "Fraud", "to": "watch", "back": back})
    assert answer["Location"] == back


@pytest.mark.parametrize("field", ["model_name", "workspace"])
@pytest.mark.parametrize("wish", ["watch", "mute", "leave"])
@pytest.mark.parametrize("asks", [{}, {"HX-Request": "true"}], ids=["page", "htmx"])
def test_a_name_that_no_database_can_store_is_refused_with_a_sentence(client, field, wish, asks):
    sent = {"model_name": "Fraud", "workspace": "", "to": wish} | {field: "a\x00b"}
    answer = client.post(f"{WHERE}watch/", sent, headers=asks or None, follow=True)
    assert answer.status_code < 500
    assert not Subscription.objects.exists()
    says = "NUL character" if field == "model_name" else "A workspace's name has only"
    assert says in unescape(text(answer))
