"""`python -m bench.outbox.approving`: approving and promoting with the outbox beside without it, in turn in one run."""

import argparse
import os
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from mlflow import MlflowClient

from bench.outbox.__main__ import ROOT, environment, postgresql
from demo.mlflow_server import MlflowServer

MODEL = "Fraud"
_MEASURE = """
import json, time
from statistics import median
from accounts.models import User
from audit.actors import Actor, Door
from audit.signals import event_written
from promote_requests import services, telling
from registry.proposals import Proposal
from registry.targets import Target
ada, grace = (Actor.of(User.objects.create_user(name, f"{{name}}@example.org"), Door.API) for name in ("ada", "grace"))
taken = {{True: [], False: []}}
for number in range({rounds} + 3):
    for told in (True, False) if number % 2 else (False, True):
        if told:
            event_written.connect(telling.tell, dispatch_uid="promote_requests.telling")
        else:
            event_written.disconnect(dispatch_uid="promote_requests.telling")
        asked = services.create(
            actor=ada, proposal=Proposal({model!r}, "1", Target.parse(f"alias:a{{number}}-{{told:d}}")), title="Better"
        )
        began = time.perf_counter()
        done = services.review(actor=grace, promote_request=asked, verdict="approve")
        took = time.perf_counter() - began
        assert done.promote_request.status == "promoted", done
        if number >= 3:  # the first ones warm up
            taken[told].append(took)
print(json.dumps([median(taken[True]), median(taken[False])]))
"""


def main() -> None:
    """Starts MLflow, approves again and again, prints both medians and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=50)
    parser.add_argument("--sqlite", action="store_true")
    options = parser.parse_args()
    with ExitStack() as running:
        folder = Path(running.enter_context(tempfile.TemporaryDirectory(prefix="checkpoint-bench-")))
        mlflow = running.enter_context(MlflowServer(folder / "mlflow"))
        mlflow.wait()
        client = MlflowClient(mlflow.url, mlflow.url)
        client.create_registered_model(MODEL)
        run = client.create_run("0").info.run_id
        client.log_metric(run, "auc", 0.9)
        client.create_model_version(MODEL, f"runs:/{run}/model", run_id=run)
        known = environment(folder, None if options.sqlite else postgresql(folder))
        known["CHECKPOINT_REGISTRY_URL"] = mlflow.url
        _manage(known, "migrate", "--verbosity", "0")
        said = _manage(known, "shell", "--no-imports", "-c", _MEASURE.format(rounds=options.rounds, model=MODEL))
        told, untold = (float(part) for part in said.strip().splitlines()[-1].strip("[]").split(","))
    print(
        f"{options.rounds} each, in turn: {told * 1000:.0f} ms with the outbox, {untold * 1000:.0f} ms without, "
        f"a ratio of {told / untold:.3f}"
    )


def _manage(known: dict[str, str], *arguments: str) -> str:
    command = [sys.executable, str(ROOT / "manage.py"), *arguments]
    done = subprocess.run(command, env=known, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(done.stderr)
    return done.stdout


if __name__ == "__main__":
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    main()
