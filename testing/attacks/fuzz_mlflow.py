"""A fast real MLflow for the fuzzer, whose database and files are looked at without asking it, and put back."""

import os
import shutil
import sqlite3
import sys
from pathlib import Path
from typing import Any

from demo.processes import ServerProcess, free_port
from registry.names import spellings
from testing.attacks.fuzz_cases import DESTINATION, MODEL, OTHER, PROMPT
from testing.attacks.stage import Direct, Stage, build
from testing.waiting import LONG

Facts = dict[str, Any]


class FuzzedMlflow:
    """MLflow's own routes and handlers behind gunicorn, which costs it 5 ms a call: a third of what uvicorn does.

    Attributes:
        url: Its address.
        stage: What is protected, as `attacks` describes it; beside it a prompt in use, a protected destination, and a
            model and a run that are not protected.
        names: {the word that stands for it in `fuzz_cases`: id}.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._database = folder / "mlflow.sqlite3"
        self._artifacts = folder / "artifacts"
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        command = [
            *(sys.executable, "-m", "mlflow", "server", "--backend-store-uri", f"sqlite:///{self._database}"),
            *("--artifacts-destination", str(self._artifacts), "--host", "127.0.0.1", "--port", str(port)),
            *("--workers", "1", "--gunicorn-opts", "--threads 2 --log-level warning"),
        ]
        kept = {
            key: value for key, value in os.environ.items() if not key.startswith(("MLFLOW_", "COV", "CHECKPOINT_"))
        }
        environment = kept | {"MLFLOW_DISABLE_TELEMETRY": "true", "PYTHONWARNINGS": "ignore"}
        self._process = ServerProcess("MLflow", command, environment=environment, log=folder / "mlflow.log")

    def start(self) -> None:
        self._process.wait_until_answering(f"{self.url}/health", timeout=LONG)
        direct = Direct(self.url)
        self.stage: Stage = build(direct, MODEL)
        run = direct.ask("POST", "runs/create", {"experiment_id": self.stage.experiment})["run"]["info"]["run_id"]
        self.names = {
            **{"$RUN": self.stage.run, "$LOGGED": self.stage.logged, "$EXPERIMENT": self.stage.experiment},
            "$OTHER": run,
        }
        direct.ask("POST", "registered-models/create", {"name": OTHER})
        for _ in range(2):
            direct.ask("POST", "model-versions/create", {"name": OTHER, "source": "s3://bucket/x", "run_id": run})
        direct.ask("POST", "registered-models/create", {"name": DESTINATION})
        direct.ask("POST", "model-versions/create", {"name": DESTINATION, "source": f"models:/{MODEL}/1"})
        is_prompt = [{"key": "mlflow.prompt.is_prompt", "value": "true"}]
        direct.ask("POST", "registered-models/create", {"name": PROMPT, "tags": is_prompt})
        tags = [*is_prompt, {"key": "mlflow.prompt.text", "value": "Hello"}]
        for _ in range(2):
            direct.ask("POST", "model-versions/create", {"name": PROMPT, "source": "prompt-template", "tags": tags})
        direct.ask("POST", "registered-models/alias", {"name": PROMPT, "alias": "champion", "version": "1"})
        direct.close()
        shutil.copytree(self._artifacts, self.folder / "artifacts.kept")
        self._connection = sqlite3.connect(self._database, timeout=LONG)
        self._kept = sqlite3.connect(":memory:")
        self._connection.backup(self._kept)
        self._seen = self._data_version()
        self._files = _files(self._artifacts)

    def stop(self) -> None:
        if hasattr(self, "_kept"):
            self._connection.close()
            self._kept.close()
        self._process.stop()

    def has_changed(self) -> bool:
        """Says whether anything at all is other than at the start or the last `restore`."""
        return self._data_version() != self._seen or _files(self._artifacts) != self._files

    def restore(self) -> None:
        """Puts everything back."""
        self._kept.backup(self._connection)
        self._seen = self._data_version()
        if _files(self._artifacts) != self._files:
            shutil.rmtree(self._artifacts, ignore_errors=True)
            shutil.copytree(self.folder / "artifacts.kept", self._artifacts)

    def protected(self) -> Facts:
        """Returns everything that a protection rule covers (`RULES` of the test), and what it is made of."""
        stage = self.stage
        versions = self._rows(
            "SELECT name, version, current_stage, source, storage_location, run_id, status FROM model_versions"
        )
        tags = self._rows("SELECT name, version, key, value FROM model_version_tags")
        tags += self._rows("SELECT name, '', key, value FROM registered_model_tags")
        aliases = self._rows("SELECT name, alias, version FROM registered_model_aliases")
        holders = {(MODEL, 1), (PROMPT, 1), (DESTINATION, 1)}
        return {
            "stages": [row[:3] for row in versions if row[2] not in ("None", "Deleted_Internal")],
            "destination": [row for row in versions if DESTINATION in spellings(row[0])],
            "holders": [row for row in versions if row[:2] in holders],
            "aliases": [row for row in aliases if "champion" in spellings(row[1])],
            "seals": [row for row in tags if any(key.strip().startswith("checkpoint.") for key in spellings(row[2]))],
            "content": [row for row in tags if row[0] == PROMPT and row[1] in (1, "") and "mlflow.prompt." in row[2]],
            "runs": self._rows("SELECT lifecycle_stage FROM runs WHERE run_uuid = ?", stage.run),
            "experiments": self._rows(
                "SELECT lifecycle_stage FROM experiments WHERE experiment_id = ?", stage.experiment
            ),
            "logged": self._rows("SELECT lifecycle_stage FROM logged_models WHERE model_id = ?", stage.logged),
            "artifacts": [
                _files(self._artifacts / stage.experiment / stage.run / "artifacts"),
                _files(self._artifacts / stage.experiment / "models" / stage.logged / "artifacts"),
            ],
        }

    def _rows(self, statement: str, *values: str) -> list[tuple[Any, ...]]:
        return sorted(self._connection.execute(statement, values), key=str)

    def _data_version(self) -> int:
        return int(self._connection.execute("PRAGMA data_version").fetchone()[0])


def _files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}
