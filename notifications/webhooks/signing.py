"""Signs deliveries, so that receivers can tell them from anybody else's and from old ones. Pure."""

import base64
import binascii
import hmac
from collections.abc import Sequence
from hashlib import sha256

from notifications.webhooks.secrets import PREFIX


def headers(*, delivery_id: str, timestamp: int, body: bytes, secrets: Sequence[str]) -> dict[str, str]:
    """Returns the headers by which a receiver knows a delivery.

    The signature is MLflow's and that of the Standard Webhooks specification: `v1,` and base64 of HMAC-SHA256 over
    `id.timestamp.body`. Both are sent, because the two make different keys of one secret: MLflow's receivers take its
    text as it is, the libraries of the specification the bytes that it stands for.

    Args:
        delivery_id: The same in each attempt.
        timestamp: Unix seconds of this attempt.
        body: Exactly what is sent.
        secrets: Those that are valid, the newest first; each signs, separated by a space.
    """
    signed = b".".join([delivery_id.encode(), str(timestamp).encode(), body])
    as_text = [_signature(secret.encode(), signed) for secret in secrets]
    as_bytes = [_signature(_meant(secret), signed) for secret in secrets]
    return {
        "X-Checkpoint-Delivery-Id": delivery_id,
        "X-Checkpoint-Timestamp": str(timestamp),
        "X-Checkpoint-Signature": " ".join(as_text),
        "webhook-id": delivery_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(as_bytes),
    }


def _signature(key: bytes, signed: bytes) -> str:
    return "v1," + base64.b64encode(hmac.digest(key, signed, sha256)).decode()


def _meant(secret: str) -> bytes:
    """Returns the bytes that a secret of the specification stands for."""
    try:
        return base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except binascii.Error as error:
        raise ValueError("The secret is not whsec_ and base64.") from error
