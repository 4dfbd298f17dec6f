"""Fills MLflow's store with a large registry, row by row: through MLflow it would take hours.

The rows are what MLflow 3.17.2 leaves in its SQLite file for `log_model(registered_model_name=...)`.
"""

import sqlite3
import time
import uuid
from dataclasses import dataclass
from pathlib import Path

MODEL = "large"
_BETWEEN_MS = 600_000
"""A version is registered every ten minutes: 50,000 of them in a year."""
CHAMPION_OFFSET = 10
"""So many versions below the newest one stands the newest of the three that are in Production."""


@dataclass(frozen=True)
class Registry:
    """What was put there.

    Attributes:
        newest: The highest version of the model.
        run_path: Where the artifacts of a run lie that no version came from.
    """

    newest: int
    run_path: str


def fill(store: Path, *, versions: int, models: int, name: str = MODEL) -> Registry:
    """Adds a model of so many versions, three of them in Production, and so many models of three versions.

    Args:
        store: MLflow's SQLite file, its tables made.
        versions: Of the model.
        models: Beside it.
        name: Of the model.
    """
    with sqlite3.connect(store, timeout=60) as database:
        filler = _Filler(database)
        for number in range(models):
            filler.model(f"model-{number:05d}", versions=3)
        filler.model(name, versions=versions)
        champions = (versions - CHAMPION_OFFSET, versions // 2, 3)
        for version in champions:
            filler.in_production(name, version)
        filler.alias(name, "champion", champions[0])
        unrelated = filler.run()
    database.close()
    return Registry(versions, f"0/{unrelated}/artifacts")


class _Filler:
    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database
        self._now = int(time.time() * 1000)

    def model(self, name: str, *, versions: int) -> None:
        began = self._now - versions * _BETWEEN_MS
        self._insert("registered_models", [{"name": name, "creation_time": began, "last_updated_time": self._now}])
        rows: list[dict[str, object]] = []
        tags: list[dict[str, object]] = []
        model_ids = []
        for version in range(1, versions + 1):
            run_id, model_id = uuid.uuid4().hex, f"m-{uuid.uuid4().hex}"
            at = began + version * _BETWEEN_MS
            model_ids.append(model_id)
            rows.append(
                {
                    "name": name,
                    "version": version,
                    "creation_time": at,
                    "last_updated_time": at,
                    "current_stage": "None",
                    "source": f"models:/{model_id}",
                    "storage_location": f"mlflow-artifacts:/0/models/{model_id}/artifacts",
                    "run_id": run_id,
                    "status": "READY",
                }
            )
            tags.append({"name": name, "version": version, "key": "team", "value": "risk"})
        self._insert("model_versions", rows)
        self._insert("model_version_tags", tags)
        self._insert("runs", [_run_row(self._now, row["run_id"]) for row in rows])
        self._insert(
            "logged_models",
            [
                _logged_model_row(self._now, model_id, row["run_id"])
                for row, model_id in zip(rows, model_ids, strict=True)
            ],
        )
        metrics = [(row["run_id"], key) for row in rows for key in ("auc", "loss", "f1")]
        self._insert(
            "latest_metrics",
            [
                {"key": key, "value": 0.5, "timestamp": self._now, "step": 0, "is_nan": False, "run_uuid": run_id}
                for run_id, key in metrics
            ],
        )

    def in_production(self, name: str, version: int) -> None:
        self._database.execute(
            "UPDATE model_versions SET current_stage = 'Production', last_updated_time = ? "
            "WHERE name = ? AND version = ?",
            (self._now, name, version),
        )

    def alias(self, name: str, alias: str, version: int) -> None:
        self._insert("registered_model_aliases", [{"name": name, "alias": alias, "version": version}])

    def run(self) -> str:
        run_id = uuid.uuid4().hex
        self._insert("runs", [_run_row(self._now, run_id)])
        return run_id

    def _insert(self, table: str, rows: list[dict[str, object]]) -> None:
        if rows:
            columns = list(rows[0])
            places = ", ".join("?" * len(columns))
            self._database.executemany(
                f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({places})",  # noqa: S608 - names of this file's own
                [tuple(row[column] for column in columns) for row in rows],
            )


def _run_row(now: int, run_id: object) -> dict[str, object]:
    return {
        "run_uuid": run_id,
        "name": "calm-owl",
        "source_type": "UNKNOWN",
        "user_id": "bench",
        "status": "FINISHED",
        "start_time": now,
        "end_time": now,
        "lifecycle_stage": "active",
        "artifact_uri": f"mlflow-artifacts:/0/{run_id}/artifacts",
        "experiment_id": 0,
    }


def _logged_model_row(now: int, model_id: str, run_id: object) -> dict[str, object]:
    return {
        "model_id": model_id,
        "experiment_id": 0,
        "name": "model",
        "artifact_location": f"mlflow-artifacts:/0/models/{model_id}/artifacts",
        "creation_timestamp_ms": now,
        "last_updated_timestamp_ms": now,
        "status": 2,
        "lifecycle_stage": "active",
        "source_run_id": run_id,
    }
