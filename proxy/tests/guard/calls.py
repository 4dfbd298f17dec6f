"""Calls to MLflow as the guard meets them, and what it may say to one."""

import json
from urllib.parse import parse_qs, urlsplit

import pytest
from django.conf import settings as django_settings

from audit.actors import Actor, Door
from protection.models import ProtectionRule
from proxy.guard.decide import Allowed, decide
from proxy.guard.routes import REGISTRY_CALLS, classify
from proxy.refusals import Refusal

CALLS = {operation: call for call, operation in REGISTRY_CALLS.items()}
NOBODY = Actor.anonymous(Door.PROXY, "r-1")


@pytest.fixture
def fraud(registry):
    """Version 1 archived, 2 in Production with the alias champion, 3 new with the alias trial."""
    registry.add_version("Fraud", stage="Archived")
    registry.add_version("Fraud", stage="Production", aliases=("champion",))
    registry.add_version("Fraud", aliases=("trial",))
    return registry


@pytest.fixture
def only():
    """Replaces the shipped rules by one per target pattern given."""

    def replace(*patterns, **fields):
        ProtectionRule.objects.all().delete()
        for pattern in patterns:
            ProtectionRule.objects.create(target_pattern=pattern, **fields)

    return replace


def send(operation, message, *, family="/api/2.0", query="", actor=NOBODY, workspace="", body=None):
    method, path = CALLS[operation]
    path = f"{family}/mlflow/{path}"
    return decide(
        classify(method, path),
        method=method,
        path=path,
        query=query,
        content_type="application/json",
        body=json.dumps(message).encode() if body is None else body,
        workspace=workspace,
        actor=actor,
    )


def call(method, path, *, query="", message=None):
    return decide(
        classify(method, path),
        method=method,
        path=path,
        query=query,
        content_type="",
        body=b"" if message is None else json.dumps(message).encode(),
        workspace="",
        actor=NOBODY,
    )


def move(version, stage, **fields):
    return {"name": "Fraud", "version": version, "stage": stage, **fields}


def refused(outcome, status=403):
    assert isinstance(outcome, Refusal), outcome
    assert outcome.status == status, outcome.message
    return outcome


def form(outcome):
    """The fields that the form is filled in with."""
    assert outcome.message.endswith(f"{django_settings.CHECKPOINT_PUBLIC_URL}{outcome.form_path}")
    fields = {key: values[0] for key, values in parse_qs(urlsplit(outcome.form_path).query).items()}
    assert fields.pop("refused") == str(outcome.target or outcome.proposal.target)
    return fields


def passed(outcome):
    assert isinstance(outcome, Allowed), outcome
    assert (outcome.content_type, outcome.query) == ("application/json", "")
    return json.loads(outcome.body)
