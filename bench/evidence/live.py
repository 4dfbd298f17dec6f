"""What pages cost Checkpoint itself in front of a real MLflow: processor time of this process, without MLflow's."""

import gzip
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

from django.test import Client

from bench.evidence.pure import Row
from bench.large.fill import fill

ROUNDS = 5
POINTS = 100_000
_PRESSED = {"pressed": "1"}
"""So that nothing serves that was read a moment ago."""
_AT_ONCE = {"metrics": 1_000, "params": 100}
"""What MLflow takes in one call."""


def rows(registry: str, store: Path, client: Client) -> list[Row]:
    """Returns (what, figure, asked for, at a tenth of the size, growth).

    Args:
        registry: MLflow's address.
        store: Its SQLite file.
        client: Somebody who may ask for promotions.
    """
    from mlflow import MlflowClient  # noqa: PLC0415

    mlflow = MlflowClient(registry, registry)
    return [
        *_large(mlflow, client),
        *_curves(mlflow, client),
        *_many_versions(store, client),
    ]


def _large(mlflow: Any, client: Client) -> list[Row]:
    """A request whose two versions have 5,000 parameters and 5,000 metrics each, and one with a tenth of that."""
    found = {}
    for size in (5_000, 500):
        name = f"Wide{size}"
        mlflow.create_registered_model(name)
        runs = []
        for side in (1, 2):
            run = mlflow.create_run("0")
            runs.append(run.info.run_id)
            _log(mlflow, run.info.run_id, size, side)
            mlflow.create_model_version(name, f"{run.info.artifact_uri}/model", run.info.run_id)
        mlflow.transition_model_version_stage(name, "1", "Production")
        address = f"{_ask(client, name)}now/"
        page: list[bytes] = []

        def look(address: str = address, page: list[bytes] = page) -> None:
            page.append(client.post(address, _PRESSED).content)

        def ask(runs: tuple[str, ...] = tuple(runs)) -> None:
            for run_id in runs:
                mlflow.get_run(run_id)

        found[size] = (cpu_ms(look), cpu_ms(ask), len(gzip.compress(page[-1], 6)) / 1000)
    (large, own_large, kilobytes), (small, own_small, few) = found[5_000], found[500]
    return [
        (
            "the page as MLflow has it now, 5,000 parameters and 5,000 metrics a side, with all that it asks MLflow",
            f"{large:,.0f} ms",
            "",
            f"{small:,.0f} ms",
            f"{large / small:.1f}",
        ),
        (
            "MLflow's own client, asking for the two runs",
            f"{own_large:,.0f} ms",
            "",
            f"{own_small:,.0f} ms",
            f"{own_large / own_small:.1f}",
        ),
        (
            "the page over that",
            f"{large - own_large:,.0f} ms",
            "250 ms",
            f"{small - own_small:,.0f} ms",
            f"{(large - own_large) / (small - own_small):.1f}",
        ),
        ("the whole page, compressed", f"{kilobytes:,.0f} KB", "300 KB", f"{few:,.0f} KB", f"{kilobytes / few:.1f}"),
    ]


def _log(mlflow: Any, run_id: str, size: int, side: int) -> None:
    from mlflow.entities import Metric, Param  # noqa: PLC0415

    metrics = [Metric(f"slice_{at}/accuracy", at / size + side * (at % 2), 1, 0) for at in range(size)]
    params = [Param(f"layer_{at}.units", str(at * (1 + side * (at % 3 == 0)))) for at in range(size)]
    for start in range(0, size, _AT_ONCE["metrics"]):
        mlflow.log_batch(run_id, metrics=metrics[start : start + _AT_ONCE["metrics"]])
    for start in range(0, size, _AT_ONCE["params"]):
        mlflow.log_batch(run_id, params=params[start : start + _AT_ONCE["params"]])


def _curves(mlflow: Any, client: Client) -> list[Row]:
    """The curve of two runs that logged 100,000 values each, as the chart asks for it, and of a tenth; then all."""
    from mlflow.entities import Metric  # noqa: PLC0415

    mlflow.create_registered_model("Curves")
    for _ in range(2):
        run = mlflow.create_run("0")
        for key, count in (("loss", POINTS), ("few", POINTS // 10)):
            for start in range(0, count, _AT_ONCE["metrics"]):
                values = [Metric(key, 1 / (at + 1), at, at) for at in range(start, start + _AT_ONCE["metrics"])]
                mlflow.log_batch(run.info.run_id, metrics=values)
        mlflow.create_model_version("Curves", f"{run.info.artifact_uri}/model", run.info.run_id)
    address = "/checkpoint/compare/curves/?model=Curves&version=2&with=1&metric="
    found = []
    for what, more, asked in (
        ("50 curves of 100,000 points, beside MLflow's own calls", "", "1,000 ms"),
        ("50 curves of 100,000 points of which every value is read", "&every=1", ""),
    ):
        large, small = (
            cpu_ms(lambda place=f"{address}{key}{more}": get(client, place), rounds=3) for key in ("loss", "few")
        )
        found.append((what, f"{large * 25:,.0f} ms", asked, f"{small * 25:,.0f} ms", f"{large / small:.1f}"))
    return found


def _many_versions(store: Path, client: Client) -> list[Row]:
    """Pages about a model of 5,000 versions, beside one of 500."""
    for count in (5_000, 500):
        fill(store, versions=count, models=0, name=f"Many{count}")
    pages = {
        "its request as MLflow has it now": lambda name, newest: (
            f"{_ask(client, name, newest)}now/",
            {"pressed": "1"},
        ),
        "its page": lambda name, _: (f"/checkpoint/models/{name}/", None),
        "a metric over its versions": lambda name, _: (f"/checkpoint/compare/versions/?model={name}", None),
    }
    found = []
    for what, place in pages.items():
        times = []
        for count in (5_000, 500):
            address, sent = place(f"Many{count}", str(count))
            times.append(cpu_ms(lambda address=address, sent=sent: get(client, address, sent)))
        large, small = times
        found.append(
            (f"a model with 5,000 versions: {what}", f"{large:,.0f} ms", "", f"{small:,.0f} ms", f"{large / small:.1f}")
        )
    return found


def _ask(client: Client, name: str, version: str = "2") -> str:
    asked = {"model_name": name, "version": version, "title": name, "target": {"kind": "stage", "name": "Production"}}
    made = client.post("/checkpoint/api/promote-requests/", asked, content_type="application/json")
    if made.status_code not in (200, 201):
        raise SystemExit(f"{name} version {version} was not asked for: {made.content.decode()[:300]}")
    return f"/checkpoint/promote-requests/{made.json()['number']}/"


def get(client: Client, address: str, sent: dict[str, str] | None = None) -> None:
    """Opens a page, or sends it a form; ends the bench where that is not answered well."""
    answer = client.get(address) if sent is None else client.post(address, sent)
    if answer.status_code != 200:
        raise SystemExit(f"{address} was answered {answer.status_code}: {answer.content.decode()[:300]}")


def cpu_ms(work: Callable[[], Any], *, rounds: int = ROUNDS) -> float:
    """Returns the median of this process's processor time, in milliseconds, after a first time that is not counted."""
    work()
    times = []
    for _ in range(rounds):
        began = time.process_time()
        work()
        times.append((time.process_time() - began) * 1000)
    return median(times)
