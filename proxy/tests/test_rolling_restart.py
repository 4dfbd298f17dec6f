"""Two replicas behind nginx, restarted one after the other while people work: nobody notices."""

import os
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

from demo.processes import ServerProcess, free_port
from proxy.tests.test_nginx_configuration import needs_nginx
from testing.servers.checkpoint import Checkpoint, People, run_checkpoint
from testing.servers.echo_upstream import EchoUpstream
from testing.servers.raw_client import exchange, wait_for_port

pytestmark = [pytest.mark.sockets, pytest.mark.drill]

ECHO = "/api/2.0/mlflow/echo"
CLIENTS = 6
LONGEST_SECONDS = 5.0
_NGINX = """
daemon off;
{user}
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/error.log warn;
events {{ worker_connections 256; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    upstream replicas {{ server 127.0.0.1:{first} max_fails=0; server 127.0.0.1:{second} max_fails=0; keepalive 16; }}
    server {{
        listen 127.0.0.1:{port};
        location / {{
            proxy_pass http://replicas;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_set_header Host localhost;
            proxy_request_buffering off;
        }}
    }}
}}
"""


@contextmanager
def replica(people: People, log: Path, port: int, upstream: EchoUpstream) -> Iterator[Checkpoint]:
    yield from run_checkpoint("serve", people, log, port, **upstream.settings)


@pytest.fixture
def nginx(tmp_path: Path) -> Iterator[tuple[int, int, int]]:
    """Starts nginx; returns its port and those of both replicas, which need not run yet."""
    port, first, second = free_port(), free_port(), free_port()
    user = "user root;" if os.getuid() == 0 else ""
    path = tmp_path / "nginx.conf"
    path.write_text(_NGINX.format(folder=tmp_path, port=port, first=first, second=second, user=user))
    command = [needs_nginx(), "-p", str(tmp_path), "-c", str(path), "-e", str(tmp_path / "error.log")]
    log = tmp_path / "nginx.log"
    with ServerProcess("nginx", command, environment=dict(os.environ), log=log) as running:
        wait_for_port(port, running.process, log)
        yield port, first, second


def test_a_rolling_restart_behind_nginx_is_noticed_by_nobody(
    people: People, upstream: EchoUpstream, tmp_path: Path, nginx: tuple[int, int, int]
) -> None:
    port, first, second = nginx
    seen: Counter[int] = Counter()
    slowest: list[float] = [0.0]
    over = threading.Event()
    lock = threading.Lock()

    def work(token: str) -> None:
        headers = [("Host", "localhost"), ("Authorization", f"Bearer {token}"), ("Content-Length", "2")]
        while not over.is_set():
            began = time.monotonic()
            status = exchange(port, "POST", ECHO, [*headers, ("Connection", "close")], b"{}").status
            with lock:
                seen[status] += 1
                slowest[0] = max(slowest[0], time.monotonic() - began)

    start = partial(replica, people, upstream=upstream)
    with start(log=tmp_path / "second.log", port=second) as other:
        with start(log=tmp_path / "first.log", port=first):
            threads = [threading.Thread(target=work, args=(other.token,)) for _ in range(CLIENTS)]
            for thread in threads:
                thread.start()
            time.sleep(2)
        # The first has been stopped, and comes again.
        again = start(log=tmp_path / "first-again.log", port=first)
        again.__enter__()
        time.sleep(2)
    time.sleep(2)  # the second has been stopped
    over.set()
    for thread in threads:
        thread.join()
    again.__exit__(None, None, None)
    told = f"{sum(seen.values())} calls, {dict(seen)}, the slowest took {slowest[0]:.2f} s"
    assert set(seen) == {200}, told
    assert slowest[0] < LONGEST_SECONDS, told
