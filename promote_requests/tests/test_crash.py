"""Kill -9 between the two transactions of a promotion, against a real MLflow, on both databases."""

import os
import signal
import subprocess
import sys
import uuid
from pathlib import Path

import pytest

from registry.client import RegistryClient
from testing.waiting import LONG

pytestmark = [pytest.mark.mlflow, pytest.mark.django_db]

ROOT = Path(__file__).parent.parent.parent

# Runs in a process of its own, with the product's own settings. `sys.argv`: model name, then when to die.
PROMOTE_AND_DIE = """
import os, signal, sys
import django
django.setup()
from accounts.models import User
from audit.actors import Actor, Door
from promote_requests import services
from promote_requests.models import PromoteRequest
from promote_requests.services import registry_writes
from registry.proposals import Proposal
from registry.targets import Target

name, moment = sys.argv[1:]
ada = User.objects.create_user("ada")
grace = User.objects.create_user("grace")
asked = services.create(
    actor=Actor.of(ada, Door.COMMAND), proposal=Proposal(name, "2", Target.parse("stage:Production")), title="Go live"
)
apply = registry_writes.apply

def apply_and_die(*arguments):
    if moment == "after":
        apply(*arguments)
    os.kill(os.getpid(), signal.SIGKILL)

registry_writes.apply = apply_and_die
services.review(actor=Actor.of(grace, Door.COMMAND), promote_request=asked, verdict="approve")
"""

OPEN_THE_PAGE = """
import django
django.setup()
from datetime import timedelta
from django.test import Client
from accounts.models import User
from promote_requests.models import PromoteRequest
from promote_requests.services import settling

settling._PASSING_BY = 100.0  # whoever opens the page does not wait so long; a busy machine may need it
asked = PromoteRequest.objects.get()
PromoteRequest.objects.update(promoting_since=asked.promoting_since - timedelta(minutes=16))
client = Client(headers={"host": "localhost"})
client.force_login(User.objects.get(username="grace"))
print(client.get(asked.get_absolute_url()).status_code)
"""

REPORT = """
import django
django.setup()
from audit.models import AuditEvent
from promote_requests.models import PromoteRequest
print(PromoteRequest.objects.get().status, AuditEvent.objects.filter(action="promoted").count())
"""


@pytest.fixture
def model(mlflow_server: str, settings) -> tuple[RegistryClient, str]:
    """Gives a registry client and the name of a model of two versions, the first in Production."""
    from registry.mlflow import connect  # noqa: PLC0415 - heavy, and only these tests need it

    settings.CHECKPOINT_REGISTRY_URL = mlflow_server
    registry = connect()
    origin, name = f"crash-origin-{uuid.uuid4().hex[:8]}", f"crash-{uuid.uuid4().hex[:8]}"
    create_version(mlflow_server, origin)
    for number in "12":
        registry.copy_version(origin, "1", name, tags={"checkpoint.promote_request": number})
    registry.transition_stage(name, "1", "Production", archive_existing_versions=False)
    return registry, name


def create_version(mlflow_server: str, name: str) -> None:
    import mlflow  # noqa: PLC0415 - heavy, and only these tests need it

    client = mlflow.MlflowClient(tracking_uri=mlflow_server, registry_uri=mlflow_server)
    run = client.create_run("0")
    client.create_registered_model(name)
    client.create_model_version(name, f"{run.info.artifact_uri}/model", run_id=run.info.run_id)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def run(request, tmp_path, mlflow_server):
    """Gives a function that runs Python code or a management command as a process of its own, on a fresh database."""
    address = (
        request.getfixturevalue("postgresql") if request.param == "postgresql" else f"sqlite:///{tmp_path}/db.sqlite3"
    )
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "checkpoint_project.settings",
        "CHECKPOINT_STATE_DIR": str(tmp_path),
        "CHECKPOINT_REGISTRY_URL": mlflow_server,
        "DATABASE_URL": address,
    }

    def run_process(*arguments):
        return subprocess.run(
            [sys.executable, *arguments],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            timeout=LONG,
            check=False,
        )

    migrated = run_process("manage.py", "migrate", "-v0")
    assert migrated.returncode == 0, migrated.stderr
    return run_process


@pytest.mark.parametrize(
    ("moment", "stage", "report"),
    [
        ("after", "Production", "promoted 1"),
        pytest.param("before", "None", "open 0", marks=pytest.mark.drill),
    ],
)
def test_after_a_kill_and_settling_the_request_says_what_mlflow_says(run, model, moment, stage, report):
    registry, name = model
    died = run("-c", PROMOTE_AND_DIE, name, moment)
    assert died.returncode == -signal.SIGKILL, died.stderr
    assert run("-c", REPORT).stdout.strip() == "promoting 0"
    assert registry.get_version(name, "2").stage == stage
    settled = run("manage.py", "settle_promotions", "--older-than", "0", "--give-up")
    assert settled.returncode == 0, settled.stderr
    assert run("-c", REPORT).stdout.strip() == report
    assert registry.get_version(name, "2").stage == stage
    again = run("manage.py", "settle_promotions", "--older-than", "0", "--give-up")
    assert (again.returncode, run("-c", REPORT).stdout.strip()) == (0, report)


@pytest.mark.parametrize(
    ("moment", "report"), [pytest.param("after", "promoted 1", marks=pytest.mark.drill), ("before", "open 0")]
)
def test_after_a_kill_whoever_opens_the_page_a_quarter_of_an_hour_later_settles_the_request(run, model, moment, report):
    _, name = model
    assert run("-c", PROMOTE_AND_DIE, name, moment).returncode == -signal.SIGKILL
    opened = run("-c", OPEN_THE_PAGE)
    assert opened.stdout.strip() == "200", opened.stderr
    assert run("-c", REPORT).stdout.strip() == report
