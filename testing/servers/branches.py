"""A copy of the suite's people with a database of their own, for tests that need other rules than those shipped."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

from testing.servers.checkpoint import People
from testing.servers.commands import output_of


def branch(people: People, state: Path, code: str, **settings: str) -> People:
    """Copies the state folder to `state`, runs `code` there in Django's shell, and gives the same people.

    Args:
        people: Environment, Ada's token and her session.
        state: A folder that does not exist.
        code: Python; `settings` are environment variables for it and for servers.
    """
    environment, token, session = people
    state.mkdir(parents=True)
    origin = Path(environment["CHECKPOINT_STATE_DIR"])
    shutil.copy(origin / "secret_key", state)
    name = "checkpoint.sqlite3"
    with closing(sqlite3.connect(origin / name)) as before, closing(sqlite3.connect(state / name)) as after:
        before.backup(after)
    own = environment | {"CHECKPOINT_STATE_DIR": str(state)} | settings
    output_of("shell", "--verbosity", "0", "-c", code, environment=own)
    return own, token, session
