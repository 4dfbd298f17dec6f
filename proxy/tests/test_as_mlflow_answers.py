"""What Checkpoint answers itself, beside what a real MLflow answers to the same call."""

import json
import uuid
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from testing.attacks.stage import API, Direct
from testing.servers.checkpoint import Checkpoint, People, run_checkpoint

pytestmark = [pytest.mark.mlflow, pytest.mark.sockets]

MOVE, ALIAS, TAG = "model-versions/transition-stage", "registered-models/alias", "model-versions/set-tag"
UNTAG, MODEL_TAG, MODEL_UNTAG = "model-versions/delete-tag", "registered-models/set-tag", "registered-models/delete-tag"
RENAME = "registered-models/rename"
SEAL, CONTENT = "checkpoint.approved_by", "mlflow.prompt.text"
FIELDS = ("error_code", "sqlstate", "error_class")


@pytest.fixture(scope="module")
def guarded(people: People, tmp_path_factory: pytest.TempPathFactory, mlflow_server: str) -> Iterator[Checkpoint]:
    log = tmp_path_factory.mktemp("as-mlflow") / "server.log"
    yield from run_checkpoint("gunicorn", people, log, CHECKPOINT_REGISTRY_URL=mlflow_server)


@pytest.fixture(scope="module")
def mlflow(mlflow_server: str) -> Iterator[Direct]:
    with closing(Direct(mlflow_server)) as direct:
        yield direct


@pytest.fixture
def model(mlflow: Direct) -> str:
    """Gives a model of which version 1 is in Production with the alias champion, both with tags that are guarded."""
    name = f"same-{uuid.uuid4().hex[:8]}"
    mlflow.ask("POST", "registered-models/create", {"name": name})
    mlflow.ask("POST", "model-versions/create", {"name": name, "source": "s3://elsewhere/x/model"})
    mlflow.ask("POST", MOVE, {"name": name, "version": "1", "stage": "Production"})
    mlflow.ask("POST", ALIAS, {"name": name, "alias": "champion", "version": "1"})
    for key, value in ((SEAL, "grace"), (CONTENT, ""), ("_mlflow_prompt_type", "chat")):
        mlflow.ask("POST", TAG, {"name": name, "version": "1", "key": key, "value": value})
        mlflow.ask("POST", MODEL_TAG, {"name": name, "key": key, "value": value})
    return name


def through(guarded: Checkpoint, method: str, path: str, message: Any) -> tuple[int, dict[str, Any]]:
    body = message if isinstance(message, bytes) else json.dumps(message).encode()
    answer = guarded.call(f"{API}/{path}", method, {"Content-Type": "application/json"}, body)
    return answer.status, answer.json()


def directly(mlflow: Direct, method: str, path: str, message: Any) -> tuple[int, dict[str, Any]]:
    body = message if isinstance(message, bytes) else json.dumps(message).encode()
    status, content = mlflow.call(method, f"{API}/{path}", content=body, headers={"Content-Type": "application/json"})
    return status, json.loads(content)


def without_times(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: without_times(each) for key, each in value.items() if key != "last_updated_timestamp"}
    return [without_times(each) for each in value] if isinstance(value, list | tuple) else value


@pytest.mark.parametrize(
    ("method", "path", "message"),
    [
        ("POST", TAG, {"version": "1", "key": SEAL, "value": "grace"}),
        ("POST", TAG, {"version": "1", "key": CONTENT}),
        ("POST", TAG, {"version": "1", "key": "_mlflow_prompt_type", "value": "chat"}),
        ("DELETE", UNTAG, {"version": "1", "key": "_mlflow_prompt_model_config"}),
        ("DELETE", UNTAG, {"version": "1", "key": "checkpoint.no_such_tag"}),
        ("POST", MODEL_TAG, {"key": SEAL, "value": "grace"}),
        ("POST", MODEL_TAG, {"key": CONTENT, "value": ""}),
        ("DELETE", MODEL_UNTAG, {"key": "mlflow.prompt.is_prompt"}),
        ("DELETE", MODEL_UNTAG, {"key": "checkpoint.no_such_tag"}),
    ],
)
def test_a_guarded_tag_that_is_so_already_is_done_and_changes_nothing(guarded, mlflow, model, method, path, message):
    sent = {"name": model} | message
    before = mlflow.ask("GET", f"registered-models/get?name={model}")
    ours = through(guarded, method, path, sent)
    assert mlflow.ask("GET", f"registered-models/get?name={model}") == before
    assert ours == directly(mlflow, method, path, sent) == (200, {})


@pytest.mark.parametrize(
    ("path", "message"),
    [
        (MOVE, {"version": "1", "stage": "Production"}),
        (MOVE, {"version": "1", "stage": "production"}),
        (MOVE, {"version": "1", "stage": "Production", "archive_existing_versions": True}),
        (ALIAS, {"version": "1", "alias": "champion"}),
        (RENAME, {"new_name": "$MODEL"}),
    ],
)
def test_setting_what_is_set_already_is_done_and_changes_nothing(guarded, mlflow, model, path, message):
    sent = {"name": model} | {key: model if value == "$MODEL" else value for key, value in message.items()}
    before = mlflow.ask("GET", f"registered-models/get?name={model}")
    ours = through(guarded, "POST", path, sent)
    assert mlflow.ask("GET", f"registered-models/get?name={model}") == before
    assert without_times(ours) == without_times(directly(mlflow, "POST", path, sent))


def test_a_move_that_archives_another_version_changes_something(guarded, mlflow, model):
    mlflow.ask("POST", "model-versions/create", {"name": model, "source": "s3://elsewhere/x/model"})
    mlflow.ask("POST", MOVE, {"name": model, "version": "2", "stage": "Production"})
    again = {"name": model, "version": "1", "stage": "Production", "archive_existing_versions": True}
    assert through(guarded, "POST", MOVE, again)[0] == 403
    assert (
        mlflow.ask("GET", f"model-versions/get?name={model}&version=2")["model_version"]["current_stage"]
        == "Production"
    )


@pytest.mark.parametrize(
    ("method", "path", "message"),
    [
        ("POST", MOVE, {"name": "$MODEL", "version": "1", "stage": "Live"}),
        ("POST", MOVE, {"name": "$MODEL", "version": "one", "stage": "Production"}),
        ("POST", MOVE, {"name": "$MODEL", "version": "99", "stage": "Production"}),
        ("POST", MOVE, {"name": "no such model", "version": "1", "stage": "Production"}),
        ("POST", MOVE, {"name": "$MODEL", "version": "1"}),
        ("POST", MOVE, {"version": "1", "stage": "Production"}),
        ("POST", MOVE, {"name": 7, "version": "1", "stage": "Production"}),
        ("POST", MOVE, {"name": "$MODEL", "version": "1", "stage": "Staging", "archive_existing_versions": "yes"}),
        ("POST", ALIAS, {"name": "$MODEL", "alias": "champion", "version": "99"}),
        ("POST", ALIAS, {"name": "$MODEL", "alias": "champion"}),
        ("POST", ALIAS, {"name": "$MODEL", "alias": 7, "version": "1"}),
        ("DELETE", ALIAS, {"name": "$MODEL"}),
        ("DELETE", ALIAS, {"name": "no such model", "alias": "champion"}),
        ("DELETE", "model-versions/delete", {"name": "$MODEL", "version": "99"}),
        ("DELETE", "registered-models/delete", {"name": "no such model"}),
        ("POST", "registered-models/rename", {"name": "no such model", "new_name": "x"}),
        ("POST", TAG, {"name": "$MODEL", "version": "1", "value": "x"}),
        ("POST", TAG, {"name": "$MODEL", "version": "1", "key": 7, "value": "x"}),
    ],
)
def test_a_clients_mistake_has_the_fields_that_mlflow_gives_it(guarded, mlflow, model, method, path, message):
    sent = {key: model if value == "$MODEL" else value for key, value in message.items()}
    ours, theirs = through(guarded, method, path, sent), directly(mlflow, method, path, sent)
    assert ours[0] == theirs[0], (ours, theirs)
    assert {field: ours[1].get(field) for field in FIELDS} == {field: theirs[1].get(field) for field in FIELDS}


def test_taking_away_an_alias_that_no_version_has_is_done(guarded, mlflow, model):
    sent = {"name": model, "alias": "prod"}  # protected, as champion is
    assert through(guarded, "DELETE", ALIAS, sent) == directly(mlflow, "DELETE", ALIAS, sent) == (200, {})


def test_a_tag_called_with_a_space_reaches_mlflow_as_it_was_sent(guarded, mlflow, model):
    assert through(guarded, "POST", TAG, {"name": model, "version": "1", "key": " team ", "value": "x"})[0] == 200
    tags = mlflow.ask("GET", f"model-versions/get?name={model}&version=1")["model_version"]["tags"]
    assert {"key": " team ", "value": "x"} in tags


@pytest.mark.parametrize("path", ["/health", "/version", f"{API}/registered-models/get?name=$MODEL"])
def test_a_base_address_that_ends_in_a_slash_reads(guarded, mlflow, model, path):
    path = path.replace("$MODEL", model)
    status, content = mlflow.call("GET", path)
    ours = guarded.call(f"/{path}")
    assert (ours.status, ours.body) == (status, content)
    assert status == 200


@pytest.mark.parametrize("what", ["runs/search", "experiments/search"])
def test_a_base_address_that_ends_in_a_slash_searches_by_post_as_mlflow_does(guarded, mlflow, what):
    sent = {"max_results": 1, "experiment_ids": ["0"]} if what == "runs/search" else {"max_results": 1}
    ours = through(guarded, "POST", what, sent)
    doubled = guarded.call(f"/{API}/{what}", "POST", {"Content-Type": "application/json"}, json.dumps(sent).encode())
    assert (doubled.status, doubled.json()) == ours == directly(mlflow, "POST", what, sent)


def test_a_base_address_that_ends_in_a_slash_does_not_write(guarded, model):
    write = guarded.call(f"/{API}/registered-models/create", "POST", {}, json.dumps({"name": f"{model}-2"}).encode())
    assert write.status == 400
    assert guarded.call("//checkpoint/healthz").status == 400
