"""The demo's MLflow server."""

import http.client
from importlib.metadata import PackageNotFoundError
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import pytest

from demo import mlflow_server as module
from demo.processes import ServerFailed
from testing.waiting import LONG


@pytest.mark.mlflow
def test_mlflow_answers_and_leaves_nobody_behind(tmp_path: Path) -> None:
    with module.MlflowServer(tmp_path) as server:
        server.wait()
        processes = [server.process.pid, *(child.pid for child in psutil.Process(server.process.pid).children(True))]
        connection = http.client.HTTPConnection("127.0.0.1", urlsplit(server.url).port, timeout=LONG)
        connection.request("GET", "/api/2.0/mlflow/experiments/get?experiment_id=0")
        assert connection.getresponse().status == 200
        connection.close()
    assert (tmp_path / "mlflow.sqlite3").exists()
    assert len(processes) >= 2
    assert not [pid for pid in processes if psutil.pid_exists(pid)]


def test_a_missing_mlflow_is_one_line_that_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def version(name: str) -> str:
        raise PackageNotFoundError(name)

    monkeypatch.setattr(module, "version", version)
    with pytest.raises(ServerFailed, match="mlflow is missing: run `make demo`"):
        module.MlflowServer(tmp_path)


@pytest.mark.mlflow
def test_a_dead_mlflow_is_one_line_with_the_end_of_its_log(tmp_path: Path) -> None:
    (tmp_path / "mlflow.sqlite3").write_text("this is no database, but long enough to be read as one" * 100)
    with module.MlflowServer(tmp_path) as server, pytest.raises(ServerFailed) as refusal:
        server.wait(timeout=LONG)
    assert "\n" not in str(refusal.value)
    assert "file is not a database" in str(refusal.value)
