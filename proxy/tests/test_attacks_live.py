"""The attack corpus on real sockets: a real MLflow behind a real Checkpoint, and the registry as it was afterwards."""

import json
import time
import uuid
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from proxy.page import policy
from testing.attacks import UPLOADS, Attack, BrowserAttack, load, load_browsers, load_wire
from testing.attacks.live import send, shout, statuses, unchanged, wait_until_sealed
from testing.attacks.stage import ARTIFACTS, Direct, Stage, build, making_of, registry_of, upload
from testing.servers.checkpoint import Checkpoint, run_checkpoint
from testing.servers.commands import output_of

pytestmark = [pytest.mark.mlflow, pytest.mark.sockets]

NAMES = [attack.name for attack in load("x")]
OPERATIONS = [attack.name for attack in load("x", only="operations")]
BROWSERS = [attack.name for attack in load_browsers(run="x", experiment="x")]
WIRE = [attack.name for attack in load_wire("x", host="x", authorization="x")]
ALIAS = "/api/2.0/mlflow/registered-models/alias"
DEAD_WITHIN = 5.0
_ADA = """
from accounts import tokens
from testing.people import by, issue_token
from accounts.models import ApiToken
from audit.actors import Actor, Door
from django.contrib.auth import get_user_model
ada = get_user_model().objects.get(username="ada")
"""


@pytest.fixture(scope="module")
def mlflow(mlflow_server: str) -> Iterator[Direct]:
    with closing(Direct(mlflow_server)) as direct:
        yield direct


@pytest.fixture(scope="module")
def stage(mlflow: Direct) -> Stage:
    return build(mlflow, f"attacked-{uuid.uuid4().hex[:8]}")


@pytest.fixture(scope="module")
def approved(mlflow: Direct, stage: Stage) -> dict[str, Any]:
    return registry_of(mlflow, stage) | making_of(mlflow, stage)


def _running(server: str, people: Any, folder: Any, mlflow_server: str, **settings: str) -> Iterator[Checkpoint]:
    yield from run_checkpoint(
        server,
        people,
        folder / "server.log",
        CHECKPOINT_REGISTRY_URL=mlflow_server,
        **settings,
    )


@pytest.fixture(scope="module")
def guarded(people, tmp_path_factory, mlflow_server: str, stage) -> Iterator[Checkpoint]:
    for checkpoint in _running("gunicorn", people, tmp_path_factory.mktemp("guarded"), mlflow_server):
        wait_until_sealed(checkpoint, f"{stage.experiment}/{stage.run}/artifacts")
        yield checkpoint


@pytest.fixture(scope="module")
def open_to_all(people, tmp_path_factory, mlflow_server: str) -> Iterator[Checkpoint]:
    """Gives one through which anybody may write."""
    folder = tmp_path_factory.mktemp("open-to-all")
    yield from _running("gunicorn", people, folder, mlflow_server, CHECKPOINT_ANONYMOUS="write")


@pytest.fixture(scope="module")
def uploaded(mlflow: Direct, stage: Stage) -> dict[str, BrowserAttack]:
    """Puts what would run into a run's artifacts, and gives what browsers ask for."""
    run = upload(mlflow, stage.experiment, UPLOADS)
    return {attack.name: attack for attack in load_browsers(run=run, experiment=stage.experiment)}


@pytest.fixture
def attacks(stage: Stage) -> dict[str, Attack]:
    return {attack.name: attack for attack in load(stage.model, **stage.names)}


@pytest.mark.sampled(every=4)  # the guard itself judges all of them in `test_attacks.py`
@pytest.mark.parametrize("name", NAMES)
def test_attack_changes_nothing(guarded, mlflow, stage, approved, attacks, name):
    attack = attacks[name]
    answer = send(guarded, attack)
    unchanged(mlflow, stage, approved, making="mlflow-artifacts" in attack.path or stage.run in attack.path)
    if attack.expect != "harmless":
        assert answer.status in statuses(attack)


@pytest.mark.parametrize(
    "name",
    [
        "plain",
        "stage",
        "version deleted",
        "artifact overwritten",
        "space in front",
        "question mark at the end",
        "line end inside, encoded four times",
        "artifacts deleted, question mark at the end",
        "run deleted",
    ],
)
def test_what_is_compared_shows_an_attack_that_gets_through(mlflow, name):
    other = build(mlflow, f"unguarded-{uuid.uuid4().hex[:8]}")
    before = registry_of(mlflow, other) | making_of(mlflow, other)
    attack = next(attack for attack in load(other.model, **other.names) if attack.name == name)
    assert mlflow.call(attack.method, attack.path, content=attack.body, headers=attack.headers)[0] == 200
    with pytest.raises((AssertionError, StopIteration)):
        unchanged(mlflow, other, before, making=True)


@pytest.mark.parametrize("name", OPERATIONS)
def test_nobody_changes_more_than_anybody(open_to_all, mlflow, stage, approved, attacks, name):
    answer = send(open_to_all, attacks[name], as_ada=False)
    unchanged(mlflow, stage, approved, making=False)
    if attacks[name].expect != "harmless":
        assert answer.status in {*statuses(attacks[name]), 401}, answer.body


def runs_nowhere(checkpoint: Checkpoint, attack: BrowserAttack, *, cookie: str = "") -> None:
    """Fails if a browser would run what it gets, as a part of any page or in our origin."""
    sent = {"Cookie": cookie or f"checkpoint_session={checkpoint.session}"}
    answer = checkpoint.call(attack.path, headers={**attack.headers, **sent}, as_ada=False)
    if attack.expect == "refused":
        assert (answer.status, answer.json()["error_code"]) == (403, "PERMISSION_DENIED")
        return
    assert answer.status == 200
    assert answer.header("Content-Security-Policy") == ["default-src 'none'; sandbox"]
    assert answer.header("X-Content-Type-Options") == ["nosniff"]
    (content_type,) = answer.header("Content-Type")
    assert not policy.is_code(content_type), content_type


@pytest.mark.parametrize("name", BROWSERS)
def test_what_somebody_uploaded_runs_nowhere(guarded, uploaded, name):
    runs_nowhere(guarded, uploaded[name])


@pytest.mark.parametrize("name", WIRE)
def test_raw_attack_changes_nothing(guarded, mlflow, stage, approved, name):
    host, authorization = f"localhost:{guarded.port}", f"Bearer {guarded.token}"
    attacks = {attack.name: attack for attack in load_wire(stage.model, host=host, authorization=authorization)}
    shout(guarded.port, attacks[name].raw)
    unchanged(mlflow, stage, approved, making=False)


def test_everything_is_as_it_was_approved_and_honest_work_goes_on(guarded, open_to_all, mlflow, stage, approved):
    unchanged(mlflow, stage, approved, making=True)
    run = mlflow.ask("POST", "runs/create", {"experiment_id": stage.experiment})["run"]["info"]["run_id"]
    for checkpoint, as_ada in ((guarded, True), (open_to_all, False)):
        path = f"{ARTIFACTS}/{stage.experiment}/{run}/artifacts/{checkpoint.port}.bin"
        assert checkpoint.call(path, "PUT", body=b"new", as_ada=as_ada).status == 200
        assert mlflow.call("GET", path) == (200, b"new")
        assert checkpoint.call(path, "DELETE", as_ada=as_ada).status == 200
        upload = f"/ajax-api/2.0/mlflow/upload-artifact?run_uuid={run}&path=x.bin"
        assert checkpoint.call(upload, "POST", body=b"new", as_ada=as_ada).status == 200
        name, source = f"{stage.model}-{uuid.uuid4().hex[:8]}", f"mlflow-artifacts:/{stage.experiment}/{run}/artifacts"
        for path, message in [
            ("registered-models/create", {"name": name}),
            ("model-versions/create", {"name": name, "source": source, "run_id": run}),
        ]:
            body = json.dumps(message).encode()
            assert checkpoint.call(f"/api/2.0/mlflow/{path}", "POST", body=body, as_ada=as_ada).status == 200
    message = b'{"run_id":"%s"}' % run.encode()
    assert guarded.call("/api/2.0/mlflow/runs/delete", "POST", body=message).status == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Remote-User": "ada"},
        {"Remote_User": "ada"},
        {"REMOTE-USER": "ada"},
        {"X-Remote-User": "ada", "X-Forwarded-User": "ada", "X-Auth-Request-User": "ada"},
        {"X-Forwarded-For": "127.0.0.1", "X_Forwarded_For": "127.0.0.1", "Forwarded": "for=127.0.0.1;by=127.0.0.1"},
        {"X-Forwarded-Host": "localhost", "X-Forwarded-Proto": "https", "X-Real-IP": "127.0.0.1"},
        {"Cookie": "checkpoint_session=" + "0" * 32},
        {"Cookie": "checkpoint_session=; sessionid=1; remember_me=ada"},
        {"Authorization": "Bearer cpt_" + "0" * 43},
        {"Authorization": "Basic YWRhOndyb25n"},
    ],
)
def test_nobody_is_somebody_by_saying_so(guarded, mlflow, stage, approved, headers):
    message = b'{"name":"%s","alias":"harmless","version":"2"}' % stage.model.encode()
    answer = guarded.call(ALIAS, "POST", headers, message, as_ada=False)
    # Too many wrong passwords, of other tests too, are refused as well.
    assert answer.status in ({401, 429} if "Basic" in headers.get("Authorization", "") else {401}), answer.body
    assert registry_of(mlflow, stage)["aliases"] == approved["aliases"]


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://localhost:1"])
def test_a_session_does_nothing_for_another_site(guarded, mlflow, stage, approved, origin):
    message = b'{"name":"%s","alias":"harmless","version":"2"}' % stage.model.encode()
    headers = {"Cookie": f"checkpoint_session={guarded.session}", "Origin": origin}
    assert guarded.call(ALIAS, "POST", headers, message, as_ada=False).status == 403
    assert registry_of(mlflow, stage)["aliases"] == approved["aliases"]


def test_a_revoked_token_is_dead_within_five_seconds_on_another_replica(guarded, people):
    name = f"lost on {guarded.port}"
    issued = _shell(people, f'print("TOKEN", issue_token(ada, name="{name}")[1])')
    token = next(line.split()[1] for line in issued.splitlines() if line.startswith("TOKEN"))
    headers = {"Authorization": f"Bearer {token}"}
    path = "/api/2.0/mlflow/experiments/get?experiment_id=0"
    assert guarded.call(path, headers=headers, as_ada=False).status == 200
    _shell(people, f'tokens.revoke(actor=by(ada), token=ApiToken.objects.get(name="{name}"))')
    end = time.monotonic() + DEAD_WITHIN
    began = time.monotonic()
    while guarded.call(path, headers=headers, as_ada=False).status != 401:
        assert began < end
        time.sleep(0.2)
        began = time.monotonic()


def _shell(people: Any, line: str) -> str:
    return output_of("shell", "--verbosity", "0", "-c", f"{_ADA}\n{line}", environment=people[0])
