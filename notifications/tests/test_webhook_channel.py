"""From a message to the receiver, with the database, on real sockets."""

import json
from datetime import timedelta
from threading import Event as Flag

import pytest
from django.core import mail
from django.utils import timezone
from standardwebhooks.webhooks import Webhook as Verifier

from audit.models import AuditEvent
from notifications.choices import Event, State
from notifications.models import Delivery, Message, Webhook
from notifications.outbox import claiming
from notifications.tests.factories import let_pass, message
from notifications.tests.receivers import receiving
from notifications.webhooks import channel, services
from notifications.webhooks.channel import Webhooks
from notifications.worker.spreading import spread
from testing.people import AdministratorFactory, by

pytestmark = [pytest.mark.django_db, pytest.mark.sockets]


@pytest.fixture(autouse=True)
def loopback(settings):
    settings.CHECKPOINT_WEBHOOK_PRIVATE_ADDRESSES = True


@pytest.fixture
def owner():
    return AdministratorFactory(username="root")


@pytest.fixture
def receiver():
    with receiving() as running:
        yield running


@pytest.fixture
def hook(owner, receiver):
    return services.create(actor=by(owner), url=receiver.url, description="The deployer")[0]


def work(stop=None):
    """Does what a worker does in one turn, in this thread."""
    spread([Webhooks()])
    for lane in Webhooks().lanes():
        Webhooks().run(lane, stop or Flag())


def test_a_message_arrives_in_mlflows_envelope_and_is_verified_by_the_libraries(owner, receiver):
    _, secret = services.create(actor=by(owner), url=receiver.url)
    sent = message(workspace="blue")
    work()
    ((path, headers, body),) = receiver.got
    assert path == "/hook"
    said = Verifier(secret).verify(body, headers)
    assert said == {
        "entity": "promote_request",
        "action": "promoted",
        "timestamp": sent.at.isoformat(),
        "data": {"format": 1, **sent.payload},
        "workspace": "blue",
    }
    delivery = Delivery.objects.get()
    assert headers["X-Checkpoint-Delivery-Id"] == headers["webhook-id"] == str(delivery.uid)
    assert headers["X-Checkpoint-Event"] == "promote_request.promoted"
    assert (delivery.state, delivery.answer_status, delivery.error) == (State.DONE, 204, "")
    assert delivery.request_headers["webhook-signature"] == headers["webhook-signature"]
    assert delivery.attempted_at is not None
    assert delivery.milliseconds is not None


def test_without_workspaces_the_envelope_has_none(hook, receiver):
    message()
    work()
    assert "workspace" not in json.loads(receiver.got[0][2])


@pytest.mark.parametrize(
    ("events", "pattern", "event", "model", "told"),
    [
        ([], "*", Event.APPROVED, "Fraud", True),
        ([Event.PROMOTED], "*", Event.APPROVED, "Fraud", False),
        ([Event.PROMOTED, Event.APPROVED], "*", Event.APPROVED, "Fraud", True),
        ([], "fraud*", Event.APPROVED, "FRAUD-eu", True),
        ([], "fraud", Event.APPROVED, "fraud-eu", False),
        (["*"], "*", Event.REJECTED, "x", True),
    ],
)
def test_a_webhook_is_told_of_its_events_and_models(owner, receiver, events, pattern, event, model, told):
    services.create(actor=by(owner), url=receiver.url, events=events, model_pattern=pattern)
    message(event, model_name=model)
    work()
    assert len(receiver.got) == told


def test_a_webhook_is_not_told_of_what_was_before_it_nor_while_it_is_off(owner, hook, receiver):
    message(at=timezone.now() - timedelta(hours=1))
    services.edit(actor=by(owner), webhook=hook, is_active=False)
    message()
    work()
    assert not receiver.got
    assert not Delivery.objects.exists()


def test_each_webhook_gets_a_delivery_of_its_own_once(hook, owner, receiver):
    services.create(actor=by(owner), url=receiver.url)
    message()
    work()
    Message.objects.update(state=State.DEAD)
    work()
    assert len(set(receiver.ids())) == len(receiver.got) == 2


def test_a_message_that_is_spread_again_makes_no_second_delivery(hook, receiver):
    one = message()
    work()
    claiming.send_again(Message.objects.filter(pk=one.pk))
    work()
    assert len(receiver.got) == 1
    one.refresh_from_db()
    assert one.state == State.DONE


def test_they_arrive_in_the_order_in_which_they_happened(hook, receiver):
    numbers = list(range(30))
    for number in numbers:
        message(request_number=number, payload={"number": number})
    work()
    assert [json.loads(body)["data"]["number"] for _, _, body in receiver.got] == numbers


def test_what_fails_is_sent_again_later_with_the_same_id_and_body(hook, receiver):
    receiver.status = 500
    message()
    work()
    work()
    assert len(receiver.got) == 1
    receiver.status = 200
    let_pass(Delivery.objects.all(), 13)
    work()
    (first, again) = receiver.got
    assert receiver.ids()[0] == receiver.ids()[1]
    assert first[2] == again[2]
    assert [headers["X-Checkpoint-Attempt"] for _, headers, _ in receiver.got] == ["1", "2"]
    delivery = Delivery.objects.get()
    assert (delivery.state, delivery.attempts, delivery.error) == (State.DONE, 1, "")


def test_after_a_failure_the_rest_is_given_back_at_once(hook, receiver):
    receiver.status = 500
    for _ in range(5):
        message()
    work()
    assert len(receiver.got) == 1
    assert claiming.due(Delivery.objects.all()).count() == 4


def test_four_failures_pause_it_and_a_success_forgets_them(hook, receiver):
    receiver.status = 500
    for _ in range(6):
        message()
    for _ in range(6):
        work()
    assert len(receiver.got) == 4
    hook.refresh_from_db()
    assert hook.failures == 4
    assert 50 < (hook.paused_until - timezone.now()).total_seconds() <= 60
    Webhook.objects.update(paused_until=timezone.now() - timedelta(seconds=1))
    receiver.status = 200
    work()
    hook.refresh_from_db()
    assert (hook.failures, hook.paused_until) == (0, None)
    assert len(receiver.got) == 4 + 2


def test_forty_failures_switch_it_off_and_tell_its_owner_and_the_record(hook, receiver, settings, owner):
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    receiver.status = 500
    Webhook.objects.update(failures=39)
    message()
    message()
    work()
    work()
    assert len(receiver.got) == 1
    hook.refresh_from_db()
    assert (hook.is_active, hook.failures) == (False, 40)
    (told,) = mail.outbox
    assert told.to == [owner.email]
    assert told.subject == "The webhook The deployer was switched off"
    assert f"/checkpoint/webhooks/{hook.pk}/" in told.body
    row = AuditEvent.objects.last()
    assert (row.actor_name, row.action, row.target) == ("Checkpoint", "webhook_changed", f"webhook:{hook.pk}")
    # What waits is not lost: it goes out once somebody has switched it on.
    receiver.status = 200
    services.edit(actor=by(owner), webhook=hook, is_active=True)
    let_pass(Delivery.objects.all(), 20)
    work()
    assert len(receiver.got) == 3


def test_what_failed_for_good_is_sent_again_under_the_same_id(hook, receiver, owner):
    message()
    receiver.status = 500
    for _ in range(8):
        Webhook.objects.update(failures=0, paused_until=None)
        work()
        let_pass(Delivery.objects.filter(state=State.WAITING), 10_000)
    delivery = Delivery.objects.select_related("webhook").get()
    assert (delivery.state, delivery.attempts) == (State.DEAD, 8)
    work()
    assert len(receiver.got) == 8
    receiver.status = 200
    services.redeliver(actor=by(owner), delivery=delivery)
    work()
    delivery.refresh_from_db()
    assert (delivery.state, len(set(receiver.ids())), len(receiver.got)) == (State.DONE, 1, 9)


@pytest.mark.parametrize(
    "where", ["http://127.0.0.1:9/", "http://169.254.169.254/", "http://[::1]/", "http://localhost/"]
)
def test_an_address_that_is_not_public_is_refused_and_listed(owner, settings, where):
    settings.CHECKPOINT_WEBHOOK_PRIVATE_ADDRESSES = False
    services.create(actor=by(owner), url=where)
    message()
    work()
    delivery = Delivery.objects.get()
    assert (delivery.state, delivery.attempts, delivery.answer_status) == (State.WAITING, 1, None)
    assert "not a public address" in delivery.error


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "0.0.0.0", "127.0.0.2", "[::1]", "[::ffff:127.0.0.1]"])  # noqa: S104
def test_mlflow_itself_is_never_called(owner, settings, receiver, host):
    """Threat: whoever manages webhooks would write past the guard; MLflow takes any POST to `upload-artifact`."""
    settings.CHECKPOINT_REGISTRY_URL = receiver.url
    port = receiver.url.rpartition(":")[2].partition("/")[0]
    services.create(actor=by(owner), url=f"http://{host}:{port}/ajax-api/2.0/mlflow/upload-artifact?run_uuid=1&path=x")
    message()
    work()
    assert not receiver.got
    assert Delivery.objects.get().error == "It leads to MLflow itself, past what Checkpoint guards."


def test_a_redirect_to_such_an_address_is_refused_and_listed(hook, receiver):
    receiver.status, receiver.headers = 302, {"Location": "http://169.254.169.254/"}
    message()
    work()
    delivery = Delivery.objects.get()
    assert (delivery.answer_status, delivery.answer_headers["Location"]) == (302, "http://169.254.169.254/")
    assert "not followed" in delivery.error


def test_a_worker_that_is_told_to_stop_begins_nothing_and_gives_back_what_it_claimed(hook, receiver):
    for _ in range(3):
        message()
    stop = Flag()

    def stop_then_answer(handler):
        stop.set()
        handler.send_response(204)
        handler.end_headers()

    receiver.answer = stop_then_answer
    work(stop)
    assert len(receiver.got) == 1
    assert claiming.due(Delivery.objects.all()).count() == 2


def test_the_former_secret_signs_too_until_its_time_is_over(owner, hook, receiver):
    former = secret_of(hook)
    new = services.rotate(actor=by(owner), webhook=hook)
    message()
    work()
    _, headers, body = receiver.got[0]
    assert Verifier(former).verify(body, headers) == Verifier(new).verify(body, headers)
    Webhook.objects.update(former_until=timezone.now())
    message()
    work()
    _, headers, body = receiver.got[1]
    assert Verifier(new).verify(body, headers)
    assert len(headers["webhook-signature"].split(" ")) == 1


def test_a_secret_that_cannot_be_read_is_a_failure_that_says_so(hook, receiver):
    Webhook.objects.update(secret="what another key encrypted")
    message()
    message()
    work()
    assert not receiver.got
    assert "another SECRET_KEY" in Delivery.objects.order_by("pk").first().error


def test_with_another_secret_key_a_new_secret_is_all_that_is_needed(hook, receiver, owner, settings):
    settings.SECRET_KEY = "another key, after a restore without the former one"
    message()
    work()
    assert not receiver.got
    new = services.rotate(actor=by(owner), webhook=hook)
    let_pass(Delivery.objects.all(), 20)
    work()
    ((_, headers, body),) = receiver.got
    assert Verifier(new).verify(body, headers)
    assert len(headers["webhook-signature"].split(" ")) == 1


def secret_of(hook):
    return channel.secrets.decrypt(Webhook.objects.get(pk=hook.pk).secret)
