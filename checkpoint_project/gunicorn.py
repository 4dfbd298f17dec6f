"""Gunicorn's settings for Checkpoint: `gunicorn --config python:checkpoint_project.gunicorn`.

`manage.py serve` starts gunicorn with them; anybody who starts gunicorn otherwise passes them too. Each can be
overridden on the command line or in GUNICORN_CMD_ARGS.
"""

import gc
import os
import sys
from pathlib import Path
from typing import Any

from checkpoint_project import keeper
from foundation import env, logs
from proxy.server import gunicorn_version

# Here, because whoever starts gunicorn reads this first, before anything of gunicorn's own is overridden.
gunicorn_version.require_tested()

wsgi_app = "checkpoint_project.wsgi:application"
worker_class = "proxy.server.worker.Worker"

# More than one caller may have at a time, and more than 200 slow clients need. A thread that only waits costs little.
threads = 256
# Connections, browsers' idle ones included, that a process holds before it leaves new ones in the queue.
worker_connections = 2048
backlog = 2048
# Longer than a proxy in front keeps a connection open: it would otherwise send a request while this side closes it.
keepalive = 75
graceful_timeout = 25
control_socket_disable = True
if Path("/dev/shm").is_dir():  # noqa: S108 - a file by which a worker says that it lives: it should never wait for a disk
    worker_tmp_dir = "/dev/shm"  # noqa: S108

# Heads are bounded as a whole (CHECKPOINT_HEADER_BYTES), so single headers need no bound.
limit_request_line = 0
limit_request_fields = 1000
limit_request_field_size = 1024 * 1024
# The application decides which proxies to trust: CHECKPOINT_TRUSTED_PROXIES.
forwarded_allow_ips = ""
# A WSGI application cannot tell `_` from `-`, so a header with `_` could pass for another one.
header_map = "drop"

_logging = logs.configuration(access=False)
logconfig_dict: dict[str, Any] = _logging | {
    "loggers": {"gunicorn.error": {"level": "INFO", "handlers": [], "propagate": True}}
}


def on_starting(arbiter: Any) -> None:
    """Ends the start with one line where a setting is wrong; each worker would fail on it with a traceback."""
    from checkpoint_project import startup  # noqa: PLC0415 - `serve` needs this module before there are settings

    try:
        startup.require_settings()
    except env.ConfigurationError as error:
        sys.exit(f"checkpoint: {error}")


def when_ready(arbiter: Any) -> None:
    """Starts the background worker beside the server, if `serve` said so."""
    if os.environ.get(keeper.WANTED):
        arbiter.background = keeper.start()


def on_exit(arbiter: Any) -> None:
    """Ends the background worker with the server."""
    if started := getattr(arbiter, "background", None):
        keeper.end(started)


def post_worker_init(worker: Any) -> None:
    """Does what a start does once, in its first worker: before a fork there may be no thread that it would break."""
    from checkpoint_project import analytics, self_test  # noqa: PLC0415 - Django is set up only in a worker

    # What is loaded by now stays: looking through it for what nobody needs takes a fifth of a second each time.
    gc.collect()
    gc.freeze()

    if worker.age == 1:
        analytics.report_start()
        self_test.begin()
