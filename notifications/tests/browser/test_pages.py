"""The pages of webhooks in a browser: everybody can use them, with the keyboard and on a phone."""

import pytest
from playwright.sync_api import expect

from promote_requests.tests.browser.test_accessibility import PHONE, TOO_SMALL, examine
from testing.browser.people import Manage, SignIn

pytestmark = [pytest.mark.browser, pytest.mark.mlflow]

_FILL = """
from accounts.models import User
from audit.actors import Actor, Door
from django.utils import timezone
from notifications.models import Delivery, Message
from notifications.webhooks import services
actor = Actor.of(User.objects.get(username="admin"), Door.COMMAND)
hook, _ = services.create(actor=actor, url="https://hooks.example/" + "x" * 300, description="Deployer")
services.test(actor=actor, webhook=hook)
answer = {"answer_status": 500, "answer_headers": {"Server": "x"}, "answer_body": "no " * 400}
Delivery.objects.update(state="dead", error="It answered 500.", attempts=8, finished_at=timezone.now(), **answer)
about = {"event": "promote_request.promoted", "format": 1, "payload": {}, "at": timezone.now()}
Message.objects.create(state="dead", error="ValueError: " + "y" * 300, finished_at=timezone.now(), **about)
print(hook.pk)
"""


@pytest.fixture(scope="module")
def addresses(manage: Manage) -> dict[str, str]:
    pk = manage("shell", "--no-imports", "--command", _FILL).strip()
    return {"webhook": f"/checkpoint/webhooks/{pk}/"}


PAGES = (
    "/checkpoint/webhooks/",
    "/checkpoint/webhooks/new/",
    "{webhook}",
    "{webhook}delete/",
    "/checkpoint/queue/",
    "/checkpoint/notifications/",
    "/checkpoint/notifications/unsubscribe/",
)


@pytest.mark.parametrize("address", PAGES)
def test_page_can_be_used_by_everybody(sign_in: SignIn, addresses: dict[str, str], address: str) -> None:
    examine(sign_in("admin"), address.format(**addresses))


@pytest.mark.parametrize("address", PAGES)
def test_finger_finds_every_control_large_enough(sign_in: SignIn, addresses: dict[str, str], address: str) -> None:
    page = sign_in("admin", **PHONE)
    page.goto(address.format(**addresses))
    assert page.evaluate(TOO_SMALL) == []


def test_a_webhook_is_made_with_the_keyboard_alone(sign_in: SignIn) -> None:
    page = sign_in("admin")
    page.goto("/checkpoint/webhooks/new/")
    page.get_by_label("Address").focus()
    page.keyboard.type("https://hooks.example/keyboard")
    page.keyboard.press("Tab")
    page.keyboard.type("By keyboard")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("The webhook's secret")
    assert page.get_by_label("By keyboard").input_value().startswith("whsec_")
    examine(page)
    page.get_by_role("link", name="I have copied it").press("Enter")
    page.get_by_role("button", name="Send a ping").press("Enter")
    expect(page.get_by_role("status").or_(page.get_by_role("alert")).first).to_contain_text("A ping is on its way")
    page.get_by_text("webhook.ping").press("Enter")
    expect(page.get_by_text("If you can read this, the webhook works.")).to_be_visible()
