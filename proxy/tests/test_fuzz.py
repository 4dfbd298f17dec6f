"""Whatever Checkpoint lets through has not changed a protected target: MLflow itself is asked.

`make fuzz` runs many more cases than the suite does: CHECKPOINT_TEST_FUZZ_CASES of them.
"""

import io
import logging
import os
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any
from urllib.parse import unquote_to_bytes

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from protection.models import ProtectionRule
from proxy import destination
from proxy.guard import entries
from proxy.guard.routes import classify, path_fault
from proxy.seal import look
from proxy.seal.models import SealedWorkspace
from proxy.transfer import upstream
from proxy.wsgi import Handler
from testing.attacks import load
from testing.attacks.fuzz_cases import DESTINATION, MODEL, Case, cases
from testing.attacks.fuzz_mlflow import FuzzedMlflow
from testing.attacks.stage import Direct
from testing.people import issue_token
from testing.servers.branches import branch
from testing.servers.checkpoint import run_checkpoint

pytestmark = [pytest.mark.mlflow, pytest.mark.sockets, pytest.mark.django_db]

CASES = int(os.environ.get("CHECKPOINT_TEST_FUZZ_CASES", "100"))
BATCH = 8
"""Cases in an example: Hypothesis makes examples that resemble the last one, and cases are to be of every kind."""
IS_LONG = "CHECKPOINT_TEST_FUZZ_CASES" in os.environ


@pytest.fixture(scope="module")
def mlflow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FuzzedMlflow]:
    running = FuzzedMlflow(tmp_path_factory.mktemp("fuzzed"))
    try:
        running.start()
        yield running
    finally:
        running.stop()


class InProcess:
    """The whole application in this process, from the WSGI call to MLflow's socket."""

    def __init__(self, token: str, names: dict[str, str]) -> None:
        self._application = Handler()
        self._token = token
        self._names = names
        self.passed_on = 0

    def call(self, case: Case) -> int:
        case = case.of(self._names)
        path, _, query = case.target.partition("?")
        environ = {
            "REQUEST_METHOD": case.method,
            "SCRIPT_NAME": "",
            "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
            "QUERY_STRING": query,
            "SERVER_NAME": "localhost",
            "SERVER_PORT": "5000",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": "127.0.0.1",
            "HTTP_HOST": "localhost:5000",
            "HTTP_AUTHORIZATION": f"Bearer {self._token}",
            "CONTENT_LENGTH": str(len(case.body)),
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(case.body),
            "wsgi.errors": io.StringIO(),
        }
        for name, value in case.headers.items():
            environ["CONTENT_TYPE" if name == "Content-Type" else f"HTTP_{name.upper().replace('-', '_')}"] = value
        if case.with_raw_uri:
            environ["RAW_URI"] = case.target
        statuses: list[str] = []
        answer = self._application(environ, lambda status, headers, error=None: statuses.append(status))
        try:
            for _ in answer:
                pass
        finally:
            if hasattr(answer, "close"):
                answer.close()
        return int(statuses[0].split()[0])


@pytest.fixture
def checkpoint(mlflow: FuzzedMlflow, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[InProcess]:
    settings.CHECKPOINT_REGISTRY_URL = mlflow.url
    ProtectionRule.objects.get_or_create(target_pattern="stage:*")
    ProtectionRule.objects.get_or_create(target_pattern="alias:champion")
    ProtectionRule.objects.get_or_create(target_pattern=f"model:{DESTINATION}")
    # What is sealed does not change here, and a thread that looks again would wait for this test's transaction.
    assert look.look("")
    SealedWorkspace.objects.update(serves_seconds=7200.0)
    _, token = issue_token(name="fuzz")
    made = InProcess(token, mlflow.names)
    real_send = upstream.send

    def counted(*arguments: Any, **named: Any) -> Any:
        made.passed_on += 1
        return real_send(*arguments, **named)

    monkeypatch.setattr(upstream, "send", counted)
    logging.disable(logging.CRITICAL)
    yield made
    logging.disable(logging.NOTSET)
    upstream.close_idle(destination.mlflow())


@pytest.mark.timeout(7200)
def test_nothing_that_passes_changes_what_is_protected(mlflow, checkpoint, capsys):
    seen: Counter[str] = Counter()

    def call(case: Case) -> None:
        before = checkpoint.passed_on
        status = checkpoint.call(case)
        is_passed_on = checkpoint.passed_on > before
        seen.update([f"answered {status}", *(["passed on"] if is_passed_on else [])])
        assert status < 500 or is_passed_on or (status == 502 and _is_of_an_entry(case)), case

    _fuzz(CASES, mlflow, call, seen)
    _tell(capsys, "In one process", seen)
    assert seen["changed something"] > CASES // 200, "a fuzzer whose calls do nothing proves nothing"


def _is_of_an_entry(case: Case) -> bool:
    """Tells whether a call is about a skill or an MCP server: of those this MLflow, under gunicorn, can say nothing."""
    path = case.target.partition("?")[0]
    return not path_fault(path) and classify(case.method, path).operation in entries.OPERATIONS


@pytest.mark.timeout(7200)
def test_nothing_that_passes_real_servers_changes_what_is_protected(mlflow, people, tmp_path, capsys):
    seen: Counter[str] = Counter()
    rule = f'ProtectionRule.objects.create(target_pattern="model:{DESTINATION}")'
    own = branch(people, tmp_path / "state", f"from protection.models import ProtectionRule\n{rule}")
    running = run_checkpoint("gunicorn", own, tmp_path / "server.log", CHECKPOINT_REGISTRY_URL=mlflow.url)
    with closing(running):
        checkpoint = next(running)

        def call(case: Case) -> None:
            case = case.of(mlflow.names)
            try:
                status = checkpoint.call(case.target, case.method, case.headers, case.body).status
            except (ConnectionError, IndexError):  # hung up on without an answer
                status = 0
            seen[f"answered {status}"] += 1

        _fuzz(max(CASES // 20, 20), mlflow, call, seen)
    _tell(capsys, "On real sockets", seen)


def _fuzz(count: int, mlflow: FuzzedMlflow, call: Callable[[Case], None], seen: "Counter[str]") -> None:
    approved = mlflow.protected()

    @settings(
        max_examples=-(-count // BATCH),
        deadline=None,
        derandomize=not IS_LONG,
        suppress_health_check=list(HealthCheck),
        database=None,
    )
    @given(st.lists(cases(), min_size=BATCH, max_size=BATCH))
    def attack(batch: list[Case]) -> None:
        for case in batch:
            call(case)
            seen["cases"] += 1
            if mlflow.has_changed():
                seen["changed something"] += 1
                found = mlflow.protected()
                mlflow.restore()
                assert found == approved, case

    attack()
    assert seen["cases"] >= count


def _tell(capsys: Any, where: str, seen: "Counter[str]") -> None:
    with capsys.disabled():
        sys.stdout.write(f"\n{where}: {', '.join(f'{name}: {count}' for name, count in sorted(seen.items()))}\n")


@pytest.mark.parametrize(
    "name",
    [
        *("plain", "stage", "alias deleted", "model renamed", "version deleted", "seal forged", "artifact added"),
        *("all artifacts deleted", "all artifacts deleted by a file URL"),
        *("artifacts deleted", "run deleted", "experiment deleted", "logged model deleted", "upload by run"),
    ],
)
def test_the_oracle_sees_each_attack_that_gets_through(mlflow, name):
    approved = mlflow.protected()
    attack = next(attack for attack in load(MODEL, **mlflow.stage.names) if attack.name == name)
    direct = Direct(mlflow.url)
    direct.call(attack.method, attack.path, content=attack.body, headers=attack.headers)
    direct.close()
    assert mlflow.has_changed()
    assert mlflow.protected() != approved
    mlflow.restore()
    assert mlflow.protected() == approved
    assert not mlflow.has_changed()
