import pytest

from audit.models import AuditEvent
from foundation.exceptions import InvalidInput, NotAllowed, WrongState
from notifications.choices import Event
from notifications.models import Delivery, Webhook
from notifications.webhooks import secrets, services
from testing.people import AdministratorFactory, UserFactory, by

pytestmark = pytest.mark.django_db


@pytest.fixture
def root():
    return by(AdministratorFactory(username="root"))


@pytest.fixture
def hook(root):
    return services.create(actor=root, url="https://hooks.example/x")[0]


def last_row():
    row = AuditEvent.objects.last()
    return row.actor_name, row.action, row.target, row.reason


def test_a_webhook_is_made_with_a_secret_that_only_its_maker_is_told(root):
    hook, secret = services.create(
        actor=root, url=" https://hooks.example/x ", events=[Event.ROLLED_BACK, Event.PROMOTED], description="Deploy"
    )
    assert secret.startswith("whsec_")
    assert secrets.decrypt(hook.secret) == secret
    assert secret not in hook.secret
    assert (hook.url, hook.events) == ("https://hooks.example/x", [Event.PROMOTED, Event.ROLLED_BACK])
    assert hook.owner.username == "root"
    assert last_row() == ("root", "webhook_changed", f"webhook:{hook.pk}", "made for https://hooks.example/…")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("url", "ftp://x"),
        ("events", ["promote_request.exploded"]),
        ("events", ["*", "promote_request.promoted"]),
        ("format", "xml"),
        ("model_pattern", "x" * 257),
        ("description", "x" * 201),
    ],
)
def test_a_wrong_field_is_refused_by_name(root, hook, field, value):
    given = {"url": "https://hooks.example/x", field: value}
    with pytest.raises(InvalidInput) as refusal:
        services.create(actor=root, **given)
    assert refusal.value.field == field
    with pytest.raises(InvalidInput):
        services.edit(actor=root, webhook=hook, **{field: value})


def test_there_is_a_most(root, monkeypatch, hook):
    monkeypatch.setattr(services, "MOST", 1)
    with pytest.raises(InvalidInput, match="delete one"):
        services.create(actor=root, url="https://hooks.example/y")


def test_what_is_not_given_stays_and_what_changed_is_in_the_record(root, hook):
    services.edit(actor=root, webhook=hook, events=["*"])
    assert AuditEvent.objects.count() == 1  # that changed nothing
    services.edit(actor=root, webhook=hook, model_pattern="fraud-*", is_active=False)
    hook.refresh_from_db()
    assert (hook.url, hook.model_pattern, hook.is_active) == ("https://hooks.example/x", "fraud-*", False)
    assert last_row()[3] == "model_pattern became 'fraud-*'; is_active became False"


def test_the_record_does_not_tell_what_may_be_a_secret_in_an_address(root):
    """Threat: whoever reads the record could write into the channel. Slack's and Teams' addresses are all it takes."""
    hook, _ = services.create(actor=root, url="https://hooks.slack.com/services/T0/B0/hush")
    services.edit(actor=root, webhook=hook, url="https://prod.example/workflows?sig=hush")
    services.delete(actor=root, webhook=hook)
    reasons = list(AuditEvent.objects.order_by("pk").values_list("reason", flat=True))
    assert reasons == [
        "made for https://hooks.slack.com/…",
        "url became 'https://prod.example/…'",
        "deleted: https://prod.example/…",
    ]
    assert str(hook) == "https://prod.example/…"


def test_a_description_is_one_line_whatever_is_entered(root, hook):
    services.edit(actor=root, webhook=hook, description=" Deploy\r\nBcc: mallory@example.org\t ")
    assert Webhook.objects.get().description == "Deploy Bcc: mallory@example.org"


@pytest.mark.parametrize("change", [{"url": "https://other.example/"}, {"is_active": True}])
def test_another_address_or_switching_on_forgets_failures(root, hook, change):
    Webhook.objects.update(failures=7, is_active="is_active" not in change)
    hook.refresh_from_db()
    services.edit(actor=root, webhook=hook, **change)
    assert Webhook.objects.get().failures == 0


def test_other_changes_do_not(root, hook):
    Webhook.objects.update(failures=7)
    services.edit(actor=root, webhook=hook, description="Deploy")
    assert Webhook.objects.get().failures == 7


def test_a_ping_is_written_down_and_ends_a_pause(root, hook):
    Webhook.objects.update(paused_until="2030-01-01T00:00:00Z", failures=5)
    delivery = services.test(actor=root, webhook=hook)
    assert (delivery.event, delivery.message) == ("webhook.ping", None)
    found = Webhook.objects.get()
    assert (found.paused_until, found.failures) == (None, 5)


def test_nothing_is_sent_by_one_that_is_off(root, hook):
    delivery = services.test(actor=root, webhook=hook)
    hook = services.edit(actor=root, webhook=hook, is_active=False)
    with pytest.raises(WrongState, match="switch it on first"):
        services.test(actor=root, webhook=hook)
    with pytest.raises(WrongState, match="switch it on first"):
        services.redeliver(actor=root, delivery=Delivery.objects.select_related("webhook").get(pk=delivery.pk))


def test_deleting_is_in_the_record(root, hook):
    pk = hook.pk
    services.test(actor=root, webhook=hook)
    services.delete(actor=root, webhook=hook)
    assert not Delivery.objects.exists()
    assert last_row() == ("root", "webhook_changed", f"webhook:{pk}", "deleted: https://hooks.example/…")


def test_nobody_else_manages_webhooks_and_the_attempt_is_in_the_record(hook, root):
    other = by(UserFactory(username="ada"))
    delivery = services.test(actor=root, webhook=hook)
    attempts = {
        "create": lambda: services.create(actor=other, url="https://hooks.example/x"),
        "edit": lambda: services.edit(actor=other, webhook=hook, is_active=False),
        "delete": lambda: services.delete(actor=other, webhook=hook),
        "rotate": lambda: services.rotate(actor=other, webhook=hook),
        "test": lambda: services.test(actor=other, webhook=hook),
        "redeliver": lambda: services.redeliver(actor=other, delivery=delivery),
    }
    for name, attempt in attempts.items():
        with pytest.raises(NotAllowed, match="administrators"):
            attempt()
        assert last_row()[:2] == ("ada", "refused")
        assert last_row()[3].startswith(f"{name}: ")
    assert Webhook.objects.get().is_active
