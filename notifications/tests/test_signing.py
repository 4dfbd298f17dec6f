"""What we sign is accepted by programs that were written by others, and by nobody who has another secret."""

import time
from datetime import UTC, datetime

import pytest
from mlflow.webhooks import delivery as mlflow_delivery
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from foundation.exceptions import WrongState
from notifications.webhooks import secrets, signing

BODY = b'{"entity": "promote_request", "action": "promoted"}'
ID = "0190f8a6-0000-4000-8000-000000000001"


def signed(*valid, at=None, body=BODY):
    timestamp = int(time.time()) if at is None else at
    return signing.headers(delivery_id=ID, timestamp=timestamp, body=body, secrets=valid)


def test_the_library_of_the_specification_accepts_ours():
    secret = secrets.new()
    assert Webhook(secret).verify(BODY, signed(secret)) == {"entity": "promote_request", "action": "promoted"}


@pytest.mark.parametrize(
    ("body", "at", "secret"),
    [
        (BODY.replace(b"promoted", b"Promoted"), None, None),
        (BODY, int(datetime(2026, 1, 1, tzinfo=UTC).timestamp()), None),
        (BODY, None, secrets.new()),
    ],
    ids=["a changed byte", "an old timestamp", "another secret"],
)
def test_the_library_refuses_what_is_not_ours(body, at, secret):
    ours = secrets.new()
    headers = signed(ours, at=at)
    with pytest.raises(WebhookVerificationError):
        Webhook(secret or ours).verify(body, headers)


def test_a_receiver_made_for_mlflow_computes_the_same_signature():
    secret = secrets.new()
    headers = signed(secret, at=1_795_000_000)
    theirs = mlflow_delivery._generate_hmac_signature(secret, ID, "1795000000", BODY.decode())
    assert headers["X-Checkpoint-Signature"] == theirs
    assert headers["X-Checkpoint-Delivery-Id"] == ID
    assert headers["X-Checkpoint-Timestamp"] == "1795000000"


def test_while_two_secrets_are_valid_each_of_them_verifies():
    new, former = secrets.new(), secrets.new()
    headers = signed(new, former)
    for secret in (new, former):
        assert Webhook(secret).verify(BODY, headers)
    assert len(headers["X-Checkpoint-Signature"].split(" ")) == 2


def test_secrets_differ_and_are_not_kept_as_they_are():
    one, other = secrets.new(), secrets.new()
    assert one != other
    assert secrets.encrypt(one) != secrets.encrypt(one)
    assert one not in secrets.encrypt(one)
    assert secrets.decrypt(secrets.encrypt(one)) == one


def test_a_secret_that_was_kept_with_another_key_is_said_to_be_so(settings):
    kept = secrets.encrypt(secrets.new())
    settings.SECRET_KEY = "another key of sufficient length, 0123456789"
    with pytest.raises(WrongState, match="make a new one"):
        secrets.decrypt(kept)
