"""What people judge is kept as it is, whatever other requests for it have come to meanwhile."""

from datetime import timedelta

import pytest

from promote_requests.choices import Status
from proxy.tests.guard.calls import refused, send
from registry.targets import Target
from testing.factories import PromoteRequestFactory, cut_off, promoting

pytestmark = pytest.mark.django_db
LONG_AGO = timedelta(minutes=16)
CALLS = [
    ("delete-version", {"version": "2"}),
    ("delete-model", {}),
    ("rename-model", {"new_name": "Fraud2"}),
    ("set-version-tag", {"version": "2", "key": "mlflow.prompt.text", "value": "Bye"}),
    ("delete-version-tag", {"version": "2", "key": "mlflow.prompt.text"}),
    ("set-model-tag", {"key": "mlflow.prompt.is_prompt", "value": "false"}),
    ("delete-model-tag", {"key": "mlflow.prompt.is_prompt"}),
]
everything_that_would_change_it = pytest.mark.parametrize(("operation", "message"), CALLS)


@pytest.fixture
def fraud(registry):
    """Versions 1 and 2, which hold nothing, with some tags that a prompt has."""
    for _ in range(2):
        registry.add_version("Fraud", tags={"mlflow.prompt.text": "Hello"})
    registry.set_model_tags("Fraud", {"mlflow.prompt.is_prompt": "no"})
    return registry


def ask(target, *, version="2"):
    return PromoteRequestFactory(version=version, target=Target.parse(target))


def said_of(operation, message):
    return refused(send(operation, {"name": "Fraud", **message}), 409).message


@everything_that_would_change_it
def test_a_version_under_review_is_kept_though_a_newer_request_for_it_was_cut_off(fraud, operation, message):
    judged = ask("alias:champion")
    newer = cut_off(fraud, ago=LONG_AGO)
    assert newer.number > judged.number
    assert "is under review in promote request #" in said_of(operation, message)


@everything_that_would_change_it
def test_a_promotion_that_was_cut_off_and_not_made_is_under_review_again(fraud, operation, message):
    asked = cut_off(fraud, ago=LONG_AGO)
    assert f"is under review in promote request #{asked.number}" in said_of(operation, message)
    asked.refresh_from_db()
    assert asked.status == Status.OPEN


@everything_that_would_change_it
def test_who_would_change_what_people_judge_hears_of_it_before_a_promotion_that_is_under_way(fraud, operation, message):
    judged = ask("alias:champion")
    promoting(ask("stage:Staging"))
    assert f"is under review in promote request #{judged.number}" in said_of(operation, message)


def test_a_promotion_of_another_version_stands_in_the_way_of_a_deletion(fraud):
    promoting(ask("stage:Staging", version="1"))
    assert "is promoting a version" in said_of("delete-version", {"version": "2"})
