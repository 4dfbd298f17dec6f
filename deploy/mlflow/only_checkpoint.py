"""Lets MLflow answer Checkpoint and nobody else, a job of its own included: docs/mlflow-credentials.md says how.

MLflow loads it as the `authorization_function` of its basic-auth app, in MLflow's environment and not in Checkpoint's.
"""

import hmac
import os

from flask import Response, request
from werkzeug.datastructures import Authorization

_EXPECTED = f"Bearer {os.environ['CHECKPOINT_REGISTRY_TOKEN']}".encode()


def authenticate() -> Authorization | Response:
    """Takes whoever shows Checkpoint's token for MLflow's administrator, and refuses everybody else."""
    shown = request.headers.get("Authorization", "").encode()
    if hmac.compare_digest(shown, _EXPECTED):
        return Authorization("basic", {"username": "checkpoint", "password": ""})
    return Response("Only Checkpoint may call this MLflow.", status=401)
