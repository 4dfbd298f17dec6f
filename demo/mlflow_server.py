"""A real MLflow server: SQLite and local artifacts in one folder, on a loopback port."""

import os
import sys
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from demo.processes import ServerFailed, ServerProcess, free_port

START_SECONDS = 120.0
"""MLflow answers after 8 to 20 s on two free cores; a busy machine gets much longer."""


class MlflowServer(ServerProcess):
    """A running MLflow server that keeps everything below one folder.

    Attributes:
        url: Its address, without a trailing slash.
    """

    def __init__(
        self, folder: Path, *, options: Sequence[str] = (), environment: Mapping[str, str] | None = None
    ) -> None:
        """Starts MLflow; call `wait` before using it.

        Args:
            folder: The folder for its store, its artifacts and its log.
            options: Further options of `mlflow server`.
            environment: Further variables for it.

        Raises:
            ServerFailed: MLflow's server is not installed.
        """
        try:
            version("mlflow")  # mlflow-skinny, which Checkpoint always has, is the client alone
        except PackageNotFoundError:
            raise ServerFailed(
                "mlflow is missing: run `make demo`, or `pip install -r requirements-demo.txt` first."
            ) from None
        folder = folder.absolute()
        folder.mkdir(parents=True, exist_ok=True)
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        super().__init__(
            "MLflow",
            [*_command(folder, port), *options],
            environment=_environment() | dict(environment or {}),
            log=folder / "mlflow.log",
        )

    def wait(self, *, timeout: float = START_SECONDS) -> None:
        """Returns once MLflow answers; `timeout` in seconds.

        Raises:
            ServerFailed: it ended or the time is over; the message holds the end of its log.
        """
        self.wait_until_answering(f"{self.url}/health", timeout=timeout)


def _command(folder: Path, port: int) -> list[str]:
    return [
        *(sys.executable, "-m", "mlflow", "server"),
        *("--backend-store-uri", f"sqlite:///{folder / 'mlflow.sqlite3'}"),
        *("--artifacts-destination", str(folder / "artifacts")),
        *("--host", "127.0.0.1"),
        *("--port", str(port)),
        *("--workers", "1"),
    ]


def _environment() -> dict[str, str]:
    # With the settings of another MLflow that the person uses, this one would store its data there. With those of a
    # test run's coverage, MLflow would be measured too, which makes it several times slower.
    dropped = ("MLFLOW_", "_MLFLOW_", "COVERAGE_", "COV_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(dropped)}
    return kept | {
        # The job runner's task consumers would outlive the server.
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "PYTHONWARNINGS": "ignore",
    }
