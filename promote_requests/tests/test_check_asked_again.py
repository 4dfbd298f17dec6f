"""A check that somebody asks for again, from its button to the receiver that runs it."""

import json
from threading import Event as Flag

import pytest

from notifications.tests.receivers import receiving
from notifications.webhooks import services as webhooks
from notifications.webhooks.channel import Webhooks
from notifications.worker.spreading import spread
from promote_requests import services
from testing.factories import PromoteRequestFactory
from testing.people import AdministratorFactory, UserFactory, by

pytestmark = [pytest.mark.django_db, pytest.mark.sockets]


def test_the_button_that_asks_for_a_check_again_reaches_the_receiver_with_its_name_and_the_facts(
    client, fraud, ada, grace, settings
):
    settings.CHECKPOINT_WEBHOOK_PRIVATE_ADDRESSES = True
    asked = PromoteRequestFactory(actor=ada)
    services.report_check(
        actor=by(UserFactory()),
        promote_request=asked,
        name="ci/evals",
        state="failure",
        evidence_fingerprint=asked.evidence_fingerprint,
    )
    with receiving() as receiver:
        events = ["promote_request.check_requested"]
        webhooks.create(actor=by(AdministratorFactory()), url=receiver.url, events=events)
        client.force_login(grace)
        assert (
            client.post(f"/checkpoint/promote-requests/{asked.number}/check/", {"name": "CI/Evals"}).status_code == 302
        )
        spread([Webhooks()])
        for lane in Webhooks().lanes():
            Webhooks().run(lane, Flag())
        ((_, headers, body),) = receiver.got
    said = json.loads(body)
    asked.refresh_from_db()
    assert headers["X-Checkpoint-Event"] == "promote_request.check_requested"
    assert (said["action"], said["data"]["actor"]["name"]) == ("check_requested", "grace")
    assert "ci/evals" in said["data"]["reason"]
    assert said["data"]["evidence_fingerprint"] == asked.evidence_fingerprint
