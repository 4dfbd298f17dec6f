"""A version is sealed by every run among whose artifacts it lies, and what lies among a version's files is not changed.

The place of an experiment, and with it that of each of its runs, is what somebody says who makes it.
"""

import pytest

from protection.models import ProtectionRule
from proxy.refusals import Refusal
from proxy.seal import look
from proxy.tests.test_sealing import DATA, send

pytestmark = [pytest.mark.django_db, pytest.mark.whole]
OUTER, INNER, BELOW = "b" * 32, "a" * 32, "c" * 32
SOURCES = [
    f"mlflow-artifacts:/2/{OUTER}/artifacts/{INNER}/artifacts/model",
    f"mlflow-artifacts:/2%2F{OUTER}%2Fartifacts/{INNER}/artifacts/model",
    f"s3://bucket/root/2/{OUTER}/artifacts/model",
]


@pytest.fixture(params=["everything known", "nothing known"])
def known(request):
    """Looks at everything, or leaves each call to be judged alone."""
    return (lambda: look.look("")) if request.param == "everything known" else (lambda: None)


@pytest.mark.parametrize("run_id", [INNER, ""])
@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize(
    ("method", "target", "message"),
    [
        ("POST", f"/ajax-api/2.0/mlflow/upload-artifact?run_uuid={OUTER}&path=x", None),
        ("POST", "/api/2.0/mlflow/artifacts/presigned-upload-url", {"run_id": OUTER, "path": "x"}),
        ("POST", "/api/2.0/mlflow/runs/delete", {"run_id": OUTER}),
    ],
)
def test_a_run_in_whose_artifacts_a_version_lies_stays(registry, known, source, run_id, method, target, message):
    registry.add_version("Fraud", stage="Production", source=source, run_id=run_id, experiment_id="1")
    known()
    assert isinstance(send(method, target, message), Refusal)


@pytest.mark.parametrize(
    ("method", "target", "message"),
    [
        ("POST", f"/ajax-api/2.0/mlflow/upload-artifact?run_uuid={BELOW}&path=x", None),
        ("POST", "/api/2.0/mlflow/artifacts/presigned-upload-url", {"run_id": BELOW, "path": "x"}),
        ("POST", "/api/2.0/mlflow/artifacts/presigned-upload-url", {"modelId": "m-below", "path": "x"}),
        ("POST", "/api/2.0/mlflow/runs/delete", {"run_id": BELOW}),
        ("DELETE", "/api/2.0/mlflow/logged-models/m-below", None),
        ("POST", "/api/2.0/mlflow/experiments/delete", {"experiment_id": "9"}),
    ],
)
def test_what_is_kept_among_a_versions_files_stays_as_it_is(registry, known, method, target, message):
    registry.add_version(
        "Fraud", stage="Production", source=f"mlflow-artifacts:/1/{INNER}/artifacts/model", run_id=INNER
    )
    within = f"mlflow-artifacts:/1/{INNER}/artifacts/model"
    registry.laid |= {
        "9": within,
        BELOW: f"{within}/{BELOW}/artifacts",
        "m-below": f"{within}/models/m-below/artifacts",
    }
    known()
    assert isinstance(send(method, target, message), Refusal)
    ProtectionRule.objects.all().delete()
    assert not isinstance(send(method, target, message), Refusal)


def test_where_nothing_is_sealed_nobody_is_asked_where_a_run_lies(registry):
    registry.add_version("Fraud", run_id=INNER)
    assert look.look("")
    registry.calls.clear()
    assert send("POST", f"/ajax-api/2.0/mlflow/upload-artifact?run_uuid={BELOW}&path=x") is None
    assert send("PUT", f"{DATA}artifacts/1/{BELOW}/artifacts/x") is None
    assert registry.calls == []


def test_a_run_beside_a_champion_in_the_storage_behind_mlflow_is_not_sealed(registry):
    place = "s3://bucket/root/1/{}/artifacts"
    registry.add_version("Fraud", stage="Production", source=f"{place.format(INNER)}/model", run_id=INNER)
    registry.laid |= {BELOW: place.format(BELOW), OUTER: f"{place.format(INNER)}/model/{OUTER}/artifacts"}
    assert look.look("")
    upload = "/ajax-api/2.0/mlflow/upload-artifact?path=x&run_uuid="
    assert send("POST", f"{upload}{BELOW}") is None
    assert isinstance(send("POST", f"{upload}{OUTER}"), Refusal)
