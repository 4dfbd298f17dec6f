import time

import pytest

from proxy.exceptions import UntestedMlflow
from proxy.guard import mlflow_found, sightings, unknown_writes
from proxy.guard.routes import Traffic, classify
from registry.exceptions import RegistryUnreachable

UNKNOWN = "/api/2.0/mlflow/runs/purge"
LOGGED = "/api/2.0/mlflow/runs/log-batch"
ARTIFACT = "/api/2.0/mlflow-artifacts/artifacts/1/x"

pytestmark = pytest.mark.django_db  # the coverage page remembers what was told


def lines(caplog) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.name == "checkpoint.guard"]


def settled(method: str, path: str) -> Traffic:
    classified = classify(method, path)
    route = unknown_writes.settled(classified)
    unknown_writes.tell_of(classified, method, path)
    unknown_writes.require_tested_mlflow(route)
    return route.traffic


def test_what_was_told_is_told_again_after_an_hour_however_much_noise_there_was(registry, caplog, monkeypatch):
    for number in range(2 * unknown_writes.MOST_ROUTES):
        word = "".join(chr(ord("a") + int(digit)) for digit in str(number))
        settled("POST", f"/api/2.0/mlflow/{word}")
    settled("POST", UNKNOWN)
    assert not any(UNKNOWN in line for line in lines(caplog))
    later = time.monotonic() + 3_601
    monkeypatch.setattr(time, "monotonic", lambda: later)
    settled("POST", UNKNOWN)
    assert UNKNOWN in lines(caplog)[-1]


def test_a_caller_without_credentials_writes_nothing_on_the_page_and_in_the_log(registry, client, caplog):
    before = sightings.recent()
    refused = client.post("/api/2.0/mlflow/please-call-evil.example", "{}", content_type="application/json")
    assert refused.status_code == 401
    assert sightings.recent() == before
    assert lines(caplog) == []


@pytest.mark.parametrize(("choice", "becomes"), [("refuse", Traffic.UNKNOWN), ("pass", Traffic.PASS)])
def test_an_unknown_write_becomes_what_the_administrator_chose(registry, settings, caplog, choice, becomes):
    settings.CHECKPOINT_UNKNOWN_WRITES = choice
    assert settled("POST", UNKNOWN) is becomes
    assert [f"POST {UNKNOWN}" in line for line in lines(caplog)] == [True]


def test_unknown_writes_are_refused_unless_somebody_chose_otherwise(settings):
    assert settings.CHECKPOINT_UNKNOWN_WRITES == "refuse"


def test_a_route_is_told_once_whatever_names_stand_in_it(registry, caplog):
    for name in ("7", "tr-8", "m-%20", "x" * 40):
        settled("PATCH", f"/api/3.0/mlflow/newest/{name}/v1/state")
    assert len(lines(caplog)) == 1
    assert "PATCH /api/3.0/mlflow/newest/*/v1/state " in lines(caplog)[0]


def test_made_up_paths_do_not_fill_the_log(registry, caplog):
    for number in range(2 * unknown_writes.MOST_ROUTES):
        word = "".join(chr(ord("a") + int(digit)) for digit in str(number))
        settled("POST", f"/api/2.0/mlflow/{word}")
    assert len(lines(caplog)) == unknown_writes.MOST_ROUTES + 1
    assert "no more" in lines(caplog)[-1]


@pytest.mark.parametrize("version", ["3.17.0", "3.17.2", "3.18.0", "3.18.1.dev0"])
def test_a_tested_mlflow_gets_what_it_knows(registry, version):
    registry.version = version
    assert settled("POST", LOGGED) is Traffic.PASS
    assert settled("PUT", ARTIFACT) is Traffic.SEALED


@pytest.mark.parametrize("version", ["3.19.0", "3.1.7", "3.170.0", "4.0.0", "2.22.1", ""])
def test_an_untested_mlflow_gets_no_write_that_nobody_reads(registry, settings, caplog, version):
    registry.version = version
    for method, path in (("POST", LOGGED), ("PUT", ARTIFACT), ("POST", "/v1/traces")):
        with pytest.raises(UntestedMlflow) as refused:
            settled(method, path)
        assert (version or "unknown") in refused.value.message
        assert "CHECKPOINT_UNKNOWN_WRITES" in refused.value.message
    assert len(lines(caplog)) == 1
    assert settled("GET", LOGGED) is Traffic.PASS
    assert settled("POST", "/api/2.0/mlflow/runs/search") is Traffic.PASS
    assert settled("POST", "/api/2.0/mlflow/registered-models/alias") is Traffic.GUARDED
    assert settled("POST", UNKNOWN) is Traffic.UNKNOWN
    settings.CHECKPOINT_UNKNOWN_WRITES = "pass"
    assert settled("POST", LOGGED) is Traffic.PASS
    assert settled("POST", "/api/2.0/mlflow/registered-models/copy") is Traffic.FORBIDDEN


def test_mlflow_is_asked_for_its_version_once_a_minute(registry, monkeypatch):
    for _ in range(3):
        settled("POST", LOGGED)
    assert [name for name, _ in registry.calls] == ["server_version"]
    registry.version = "3.19.0"
    now = mlflow_found.time.monotonic()
    monkeypatch.setattr(mlflow_found.time, "monotonic", lambda: now + mlflow_found.FRESH_SECONDS + 1)
    with pytest.raises(UntestedMlflow):
        settled("POST", LOGGED)


def test_what_was_known_serves_while_mlflow_does_not_answer(registry, monkeypatch):
    settled("POST", LOGGED)
    registry.fail_next(RegistryUnreachable("away"), call="server_version")
    now = mlflow_found.time.monotonic()
    monkeypatch.setattr(mlflow_found.time, "monotonic", lambda: now + mlflow_found.FRESH_SECONDS + 1)
    assert settled("POST", LOGGED) is Traffic.PASS
    assert [name for name, _ in registry.calls] == ["server_version"] * 2


def test_nothing_passes_while_nobody_knows_what_is_there(registry):
    registry.fail_next(RegistryUnreachable("away"), call="server_version")
    with pytest.raises(RegistryUnreachable):
        settled("POST", LOGGED)
    assert settled("POST", LOGGED) is Traffic.PASS
