"""Runs `manage.py` many times in a process that has Django loaded already: a wrong start then takes milliseconds.

Run as a module it reads a start a line from standard input and writes its outcome as a line to standard output.
"""

import ctypes
import importlib
import json
import os
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, NoReturn, Self

ROOT = Path(__file__).parents[2]
SERVED = "It would serve now."
_LOADED = ("django.core.management", "dj_database_url", "psycopg2", "rest_framework", "allauth", "gunicorn.config")
_DAC_OVERRIDE = 1 << 1


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a start."""

    code: int
    output: str
    errors: str

    @property
    def refusal(self) -> str:
        """The one line with which it was refused; fails where it was not, or in another way."""
        assert self.code == 1, (self.code, self.output[-500:], self.errors[-3000:])
        assert self.errors.startswith("checkpoint: "), self.errors[-3000:]
        assert self.errors.count("\n") == 1, self.errors[-3000:]
        return self.errors.strip()


class Starts:
    """The process that is ready to start others; a context manager."""

    def __enter__(self) -> Self:
        command = [sys.executable, "-m", "checkpoint_project.tests.starts"]
        self._process = subprocess.Popen(command, cwd=ROOT, stdin=-1, stdout=-1, encoding="utf-8")
        return self

    def __exit__(self, *_: object) -> None:
        self._stream("stdin").close()
        self._process.wait(20)
        self._stream("stdout").close()

    def run(self, *arguments: str, environment: Mapping[str, str], umask: int = 0o022, weak: bool = False) -> Outcome:
        """Runs `manage.py` with these arguments to its end, or until it would become the server.

        Args:
            arguments: Of `manage.py`.
            environment: Its whole environment.
            umask: Of the process.
            weak: Takes from root what other users lack, so that a folder without write permission is one.
        """
        start = {"arguments": arguments, "environment": dict(environment), "umask": umask, "weak": weak}
        self._stream("stdin").write(json.dumps(start) + "\n")
        self._stream("stdin").flush()
        return Outcome(**json.loads(self._stream("stdout").readline()))

    def _stream(self, name: str) -> IO[str]:
        stream: IO[str] = getattr(self._process, name)
        return stream


def main() -> None:
    for name in _LOADED:
        importlib.import_module(name)
    for line in sys.stdin:
        start = json.loads(line)
        with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
            pid = os.fork()
            if not pid:
                os.dup2(output.fileno(), 1)
                os.dup2(errors.fileno(), 2)
                _become(**start)
            _, status = os.waitpid(pid, 0)
            texts = [_text(output), _text(errors)]
        outcome = {"code": os.waitstatus_to_exitcode(status), "output": texts[0], "errors": texts[1]}
        sys.stdout.write(json.dumps(outcome) + "\n")
        sys.stdout.flush()


def _text(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode(errors="replace")


def _become(arguments: list[str], environment: dict[str, str], umask: int, weak: bool) -> NoReturn:
    os.environ.clear()
    os.environ.update(environment)
    os.umask(umask)
    if weak:
        _without_override()
    os.execv = _served  # type: ignore[assignment]
    sys.argv = ["manage.py", *arguments]
    code: Any = 0
    try:
        importlib.import_module("manage").main()
    except SystemExit as end:
        code = end.code
        if isinstance(code, str):
            sys.stderr.write(f"{code}\n")
            code = 1
    except BaseException:  # noqa: BLE001 - shown as Python would show it
        traceback.print_exc()
        code = 1
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code or 0)


def _served(*_: object) -> NoReturn:
    sys.stdout.write(SERVED)
    raise SystemExit(0)


def _without_override() -> None:
    """Takes root's power over the modes of files away (capabilities(7)); anybody else does not have it."""
    libc = ctypes.CDLL(None, use_errno=True)
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)
    data = (ctypes.c_uint32 * 6)()
    assert libc.capget(header, data) == 0
    data[0] &= ~_DAC_OVERRIDE
    data[1] &= ~_DAC_OVERRIDE
    assert libc.capset(header, data) == 0


if __name__ == "__main__":
    main()
