import pytest

from proxy.tests.guard import calls
from proxy.tests.guard.calls import form, passed, refused, send

pytestmark = pytest.mark.django_db
fraud = calls.fraud
only = calls.only


@pytest.mark.parametrize(
    ("source", "version"),
    [
        ("models:/Fraud/3", "3"),
        ("models:/Fraud/Production", "2"),
        ("models:/Fraud/latest", "3"),
        ("models:/Fraud@champion", "2"),
        ("MODELS:///Fraud/1", "1"),
    ],
)
def test_a_copy_into_a_protected_model_leads_to_the_form(fraud, only, source, version):
    only("model:prod.*")
    outcome = refused(send("create-version", {"name": "prod.fraud", "source": source}))
    assert form(outcome) == {"model": "Fraud", "version": version, "target": "model:prod.fraud"}


def test_a_copy_of_something_unknown_leads_to_the_form_without_a_version(fraud, only):
    only("model:prod.*")
    for source in ("models:/Fraud@nobody", "models:/Other/latest", "models:/Fraud/Staging", "models:/Fraud/\u00b2"):
        assert "version" not in form(refused(send("create-version", {"name": "prod.fraud", "source": source})))


@pytest.mark.parametrize("source", ["runs:/abc/model", "models:/m-123", "s3://b/x", "dummy-source", "models://[x"])
def test_a_direct_registration_in_a_protected_model_is_told_where_to_go(fraud, only, source):
    only("model:prod.*")
    outcome = refused(send("create-version", {"name": "prod.fraud", "source": source}))
    assert "under another name first" in outcome.message
    assert outcome.form_path == ""


def test_registrations_elsewhere_pass_whole(fraud):
    message = {
        "name": "Fraud",
        "source": "runs:/abc/model",
        "run_id": "abc",
        "tags": [{"key": "team", "value": "risk"}],
        "description": "d",
    }
    assert passed(send("create-version", message)) == message


def test_a_copy_elsewhere_passes_without_its_originals_seal(fraud):
    tags = [{"key": "checkpoint.approved_by", "value": "grace"}, {"key": "team", "value": "risk"}]
    message = passed(send("create-version", {"name": "Trial", "source": "models:/Fraud/2", "tags": tags}))
    assert message["tags"] == [{"key": "team", "value": "risk"}]
