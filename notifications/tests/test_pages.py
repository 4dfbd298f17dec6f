from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.utils import timezone

from accounts.models import User
from notifications.choices import State
from notifications.models import Delivery, Message, Webhook
from notifications.outbox import depth
from notifications.tests.factories import message
from notifications.webhooks import services
from notifications.worker import leader
from testing.people import AdministratorFactory, UserFactory, by

pytestmark = pytest.mark.django_db
ROOT = "/checkpoint/webhooks/"
QUEUE = "/checkpoint/queue/"


@pytest.fixture
def root():
    return AdministratorFactory(username="root")


@pytest.fixture
def client(root):
    client = Client()
    client.force_login(root)
    return client


@pytest.fixture
def hook(root):
    return services.create(actor=by(root), url="https://hooks.example/x", description="The <deployer>")[0]


def text(answer):
    return answer.content.decode()


def test_an_empty_list_says_what_would_fill_it(client):
    assert "No webhooks yet" in text(client.get(ROOT))


def test_a_webhook_is_made_on_a_page_and_its_secret_shown_once(client):
    assert client.get(f"{ROOT}new/").status_code == 200
    form = {"url": "https://hooks.example/x", "model_pattern": "*", "events": ["promote_request.promoted"]}
    answer = client.post(f"{ROOT}new/", form)
    assert answer.status_code == 201
    assert 'value="whsec_' in text(answer)
    page = client.get(f"{ROOT}{Webhook.objects.get().pk}/")
    assert "whsec_" not in text(page)
    assert "told of promoted." in text(page)


@pytest.mark.parametrize("url", ["", "ftp://x", "https://me:secret@x"])
def test_a_wrong_address_is_said_beside_its_field_and_what_was_typed_stays(client, url):
    answer = client.post(f"{ROOT}new/", {"url": url, "description": "Deploy", "model_pattern": "*"})
    assert answer.status_code == 400
    assert 'class="field-error"' in text(answer)
    assert 'value="Deploy"' in text(answer)
    assert not Webhook.objects.exists()


def test_names_of_webhooks_are_escaped(client, hook):
    for path in (ROOT, f"{ROOT}{hook.pk}/", f"{ROOT}{hook.pk}/delete/"):
        assert "The &lt;deployer&gt;" in text(client.get(path))
        assert "<deployer>" not in text(client.get(path))


def test_it_is_changed_switched_and_deleted(client, hook):
    where = f"{ROOT}{hook.pk}/"
    form = {"url": "https://other.example/", "model_pattern": "fraud", "description": "Deploy"}
    assert client.post(where, form).status_code == 302
    hook.refresh_from_db()
    assert (hook.url, hook.model_pattern) == ("https://other.example/", "fraud")
    assert client.post(where, form | {"url": "x"}).status_code == 400
    client.post(f"{where}switch/", {"to": "off"})
    assert "Switched off" in text(client.get(where))
    client.post(f"{where}switch/", {"to": "on"})
    hook.refresh_from_db()
    assert hook.is_active
    assert client.get(f"{where}delete/").status_code == 200
    client.post(f"{where}delete/")
    assert not Webhook.objects.exists()


def test_deliveries_are_listed_with_what_was_answered_and_sent_again(client, hook):
    where = f"{ROOT}{hook.pk}/"
    assert "Nothing was sent yet" in text(client.get(where))
    client.post(f"{where}test/")
    Delivery.objects.update(
        state=State.DEAD, answer_status=500, answer_body="<b>no</b>", error="It answered 500.", attempts=8
    )
    page = text(client.get(where))
    for words in ("webhook.ping", "Given up after 8 failed attempts", "It answered 500.", "&lt;b&gt;no&lt;/b&gt;"):
        assert words in page
    client.post(f"{where}deliveries/{Delivery.objects.get().uid}/again/")
    assert Delivery.objects.get().state == State.WAITING


def test_a_new_secret_is_shown_once(client, hook):
    answer = client.post(f"{ROOT}{hook.pk}/rotate/")
    assert 'value="whsec_' in text(answer)
    assert "The former one goes on signing" in text(answer)


def test_what_one_that_is_off_refuses_is_said(client, hook, root):
    services.edit(actor=by(root), webhook=hook, is_active=False)
    answer = client.post(f"{ROOT}{hook.pk}/test/", follow=True)
    assert "switch it on first" in text(answer)


def test_a_paused_one_says_until_when(client, hook):
    Webhook.objects.update(failures=5, paused_until=timezone.now() + timedelta(minutes=2))
    assert "5 attempts failed one after the other" in text(client.get(ROOT))


def test_the_queue_says_what_waits_for_how_long_and_that_nobody_works(client, hook):
    message()
    services.test(actor=by(hook.owner), webhook=hook)
    page = text(client.get(QUEUE))
    assert "No worker runs" in page
    assert "Nothing was given up" in page
    leader.lead("machine:1:x")
    assert "machine:1:x leads" in text(client.get(QUEUE))


def test_what_is_held_by_a_paused_webhook_is_not_the_oldest(client, hook):
    services.test(actor=by(hook.owner), webhook=hook)
    assert depth.queues()[1].oldest is not None
    Webhook.objects.update(paused_until=timezone.now() + timedelta(minutes=2))
    queue = depth.queues()[1]
    assert (queue.waiting, queue.held, queue.oldest) == (1, 1, None)


def test_what_was_given_up_is_told_again_from_the_queue(client):
    dead = message()
    Message.objects.update(state=State.DEAD, error="ValueError: what is this?", finished_at=timezone.now())
    assert "ValueError: what is this?" in text(client.get(QUEUE))
    assert client.post(f"{QUEUE}{dead.uid}/again/").status_code == 302
    dead.refresh_from_db()
    assert dead.state == State.WAITING
    answer = client.post(f"{QUEUE}{dead.uid}/again/", follow=True)
    assert "was not given up" in text(answer)


def test_nobody_else_sees_or_does_anything(hook):
    ada = UserFactory()
    client = Client(HTTP_ACCEPT="text/html")
    client.force_login(ada)
    where = f"{ROOT}{hook.pk}/"
    for path in (ROOT, f"{ROOT}new/", where, f"{where}delete/", QUEUE):
        answer = client.get(path)
        assert answer.status_code == 403
        assert "managed by administrators" in text(answer)
    for path in ("rotate/", "switch/", "test/", "delete/", ""):
        assert client.post(f"{where}{path}").status_code == 403
    assert "Webhooks" not in text(client.get("/checkpoint/"))
    ada.user_permissions.add(Permission.objects.get(codename="manage_notifications"))
    assert client.get(ROOT).status_code == 200
    User.objects.filter(pk=ada.pk).update(is_staff=True)
    assert 'href="/checkpoint/webhooks/"' in text(client.get("/checkpoint/"))
