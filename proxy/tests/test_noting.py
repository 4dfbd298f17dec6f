"""Who created a run or logged model is recorded from what MLflow answers, which the client gets unchanged."""

import gzip
import json
import signal
import socket
import sqlite3
import time
import uuid
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psutil
import pytest

from testing.servers.branches import branch
from testing.servers.checkpoint import Checkpoint, People, run_checkpoint
from testing.servers.echo_upstream import EchoUpstream, Received
from testing.servers.raw_client import head
from testing.waiting import wait_until

pytestmark = pytest.mark.sockets

RUNS = "/api/2.0/mlflow/runs/create"


@pytest.fixture(scope="module")
def own(people: People, tmp_path_factory: pytest.TempPathFactory) -> People:
    return branch(people, tmp_path_factory.mktemp("noting") / "state", "")


@pytest.fixture(scope="module")
def noting(upstream: EchoUpstream, own: People, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Checkpoint]:
    log = tmp_path_factory.mktemp("noting") / "server.log"
    yield from run_checkpoint("gunicorn", own, log, **upstream.settings, CHECKPOINT_ANONYMOUS="write")


def recorded(own: People) -> dict[str, tuple[str, str, str]]:
    """Returns {id: (kind, who, source run)} of all that the database has."""
    path = Path(own[0]["CHECKPOINT_STATE_DIR"]) / "checkpoint.sqlite3"
    with closing(sqlite3.connect(path)) as database:
        rows = database.execute("SELECT thing_id, kind, maker_name, source_run FROM making_madething").fetchall()
    return {thing: tuple(found) for thing, *found in rows}


def answering(upstream: EchoUpstream, path: str, body: bytes, **further) -> str:
    return upstream.on(path, lambda request: request.answer(body, **further))


def run(run_id: str) -> bytes:
    info = {"run_id": run_id, "run_uuid": run_id, "experiment_id": "0", "user_id": "somebody else"}
    return json.dumps({"run": {"info": info, "data": {"tags": [{"key": "run_id", "value": "of a tag"}]}}}).encode()


@pytest.mark.parametrize(
    "path",
    [
        RUNS,
        "/ajax-api/2.0/mlflow/runs/create",
        "/api/3.0/mlflow/runs/create",
        "/ajax-api/3.0/mlflow/runs/create/",
        "/prefix/ajax-api/2.0/mlflow/runs/create",
        "/api/2.0/mlflow/runs/cre%61te",
        "/ajax-api/2.0/mlflow/runs/create-promptlab-run",
    ],
)
def test_who_creates_a_run_is_recorded_however_the_path_is_spelt(
    noting: Checkpoint, upstream: EchoUpstream, own: People, path: str
) -> None:
    run_id = uuid.uuid4().hex
    answering(upstream, path, run(run_id))
    answer = noting.call(path, "POST", body=b'{"experimentId": "0", "userId": "somebody else"}')
    assert (answer.status, answer.body) == (200, run(run_id))
    wait_until(lambda: run_id in recorded(own), "recording the run")
    assert recorded(own)[run_id] == ("run", "ada", "")


def test_who_creates_a_logged_model_is_recorded_with_the_run_that_it_came_from(
    noting: Checkpoint, upstream: EchoUpstream, own: People
) -> None:
    model_id, run_id = f"m-{uuid.uuid4().hex}", uuid.uuid4().hex
    info = {"model_id": model_id, "source_run_id": run_id}
    path = answering(upstream, "/api/2.0/mlflow/logged-models", json.dumps({"model": {"info": info}}).encode())
    assert noting.call(path, "POST", body=b"{}").status == 200
    wait_until(lambda: model_id in recorded(own), "recording the model")
    assert recorded(own)[model_id] == ("model", "ada", run_id)


def test_a_compressed_and_a_chunked_answer_are_read_and_pass_as_they_came(
    noting: Checkpoint, upstream: EchoUpstream, own: People
) -> None:
    packed, chunked = uuid.uuid4().hex, uuid.uuid4().hex
    body = gzip.compress(run(packed))
    answering(upstream, RUNS, body, headers=("Content-Encoding: gzip", "Content-Type: application/json"))
    answer = noting.call(RUNS, "POST", {"Accept-Encoding": "gzip"}, b"{}")
    assert (answer.body, answer.header("Content-Encoding")) == (body, ["gzip"])

    def in_chunks(request: Received) -> None:
        request.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        for piece in (run(chunked)[:9], run(chunked)[9:]):
            request.send(b"%x\r\n%b\r\n" % (len(piece), piece))
        request.send(b"0\r\n\r\n")

    upstream.on(RUNS, in_chunks)
    assert noting.call(RUNS, "POST", body=b"{}").body == run(chunked)
    wait_until(lambda: {packed, chunked} <= recorded(own).keys(), "recording both")


def test_what_is_no_answer_about_a_run_is_not_recorded_and_passes_all_the_same(
    noting: Checkpoint, upstream: EchoUpstream, own: People
) -> None:
    before, last = recorded(own), uuid.uuid4().hex
    wrong = [
        (run(uuid.uuid4().hex), {"status": "400 Bad Request"}),
        (run(uuid.uuid4().hex), {"status": "500 Internal Server Error"}),
        (run(uuid.uuid4().hex), {"status": "302 Found"}),
        (run(uuid.uuid4().hex)[:-3], {}),
        (b"", {}),
        (b"[]", {}),
        (b'{"run": []}', {}),
        (b'{"run": {"info": {"run_id": ["x"]}}}', {}),
        (b'{"run": {"info": {"run_id": "%b"}}}' % (b"x" * 300), {}),
        (b"[" * 50_000, {}),
        (b"\xff\xfe", {}),
        (run(uuid.uuid4().hex) + b" " * (5 << 20), {}),
        (b"not gzip", {"headers": ("Content-Encoding: gzip",)}),
        (gzip.compress(run(uuid.uuid4().hex))[:-9], {"headers": ("Content-Encoding: gzip",)}),
        (gzip.compress(run(uuid.uuid4().hex) + b" " * (5 << 20)), {"headers": ("Content-Encoding: gzip",)}),
        (run(uuid.uuid4().hex), {"headers": ("Content-Encoding: br",)}),
    ]
    for body, further in wrong:
        answering(upstream, RUNS, body, **further)
        answer = noting.call(RUNS, "POST", {"Accept-Encoding": "gzip, br"}, b"{}")
        assert (answer.status, answer.body) == (int(further.get("status", "200")[:3]), body)
    answering(upstream, RUNS, run(uuid.uuid4().hex))
    assert noting.call(RUNS, "POST", body=b"{}", as_ada=False).status == 200
    answering(upstream, RUNS, run(last))
    noting.call(RUNS, "POST", body=b"{}")
    wait_until(lambda: last in recorded(own), "recording the last one")
    assert recorded(own).keys() - before.keys() == {last}


def test_an_answer_that_breaks_off_is_told_and_not_recorded(
    noting: Checkpoint, upstream: EchoUpstream, own: People
) -> None:
    broken, before = uuid.uuid4().hex, recorded(own)

    def half(request: Received) -> None:
        request.send(b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n" + run(broken))
        request.hang_up()

    upstream.on(RUNS, half)
    assert noting.call(RUNS, "POST", body=b"{}").status == 502
    assert recorded(own) == before


def test_whoever_hangs_up_before_the_answer_is_recorded_all_the_same(
    noting: Checkpoint, upstream: EchoUpstream, own: People
) -> None:
    run_id = uuid.uuid4().hex

    def slowly(request: Received) -> None:
        time.sleep(1)
        request.answer(run(run_id))

    upstream.on(RUNS, slowly)
    headers = [("Host", f"localhost:{noting.port}"), ("Authorization", f"Bearer {noting.token}")]
    with socket.create_connection(("127.0.0.1", noting.port)) as sock:
        sock.sendall(head("POST", RUNS, [*headers, ("Content-Length", "2")]) + b"{}")
        wait_until(lambda: upstream.got(RUNS), "the call")
        time.sleep(0.2)
    wait_until(lambda: run_id in recorded(own), "recording the run")


def test_of_the_same_id_the_first_word_stands(noting: Checkpoint, upstream: EchoUpstream, own: People) -> None:
    run_id, later = uuid.uuid4().hex, uuid.uuid4().hex
    answering(upstream, RUNS, run(run_id))
    noting.call(RUNS, "POST", body=b"{}")
    noting.call(RUNS, "POST", body=b"{}")
    answering(upstream, RUNS, run(later))
    noting.call(RUNS, "POST", body=b"{}")
    wait_until(lambda: later in recorded(own), "recording the later one")
    assert recorded(own)[run_id][1] == "ada"


def test_a_server_that_stops_writes_what_waits(upstream: EchoUpstream, own: People, tmp_path: Path) -> None:
    run_ids = [uuid.uuid4().hex for _ in range(20)]
    servers = run_checkpoint("gunicorn", own, tmp_path / "server.log", **upstream.settings)
    server = next(servers)
    for run_id in run_ids:
        answering(upstream, RUNS, run(run_id))
        assert server.call(RUNS, "POST", body=b"{}").status == 200
    psutil.Process(server.pid).send_signal(signal.SIGTERM)
    with pytest.raises(StopIteration):
        next(servers)
    assert set(run_ids) <= recorded(own).keys()
