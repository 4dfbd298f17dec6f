"""Runs the child: starts it with nothing, hands it the files, and believes of its answer no more than it must."""

import json
import os
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import packaging
import yaml

import evidence
from evidence.inspection.confinement import MEMORY_BYTES, OUT_OF_MEMORY, PROCESSOR_SECONDS
from evidence.inspection.findings import CODES, LONGEST_SENTENCE, Finding, Outcome

CHILD = Path(__file__).with_name("child.py")
SECONDS = 30.0
"""How long it may take altogether, however busy the machine is."""
LONGEST_ANSWER = 65_536
MOST_FINDINGS = 50


@dataclass(frozen=True, slots=True)
class Answer:
    """What the child answered.

    Attributes:
        findings: At least one: where there is no answer, that.
        held: By what it was confined, see `confinement.confine`; nothing where there is no answer.
    """

    findings: tuple[Finding, ...]
    held: tuple[str, ...] = ()


def ask(document: bytes, *, program: Path = CHILD, seconds: float = SECONDS) -> Answer:
    """Has the files in `document` looked at, in a process of its own.

    It has no environment (so no credentials), no open file but the two pipes, and no working folder of ours. What it
    does is held by `confinement`; that it ends is held here: it and whatever it started are killed after `seconds`,
    and when it has said more than `LONGEST_ANSWER` bytes.

    Args:
        document: From `judging.as_document`.
        program: What to run.
        seconds: How long it may take.
    """
    roots = {str(Path(str(found.__file__)).parents[1]) for found in (evidence, yaml, packaging)}
    # -I: no variable of the environment and no folder of the user's; -S: no site-packages, and nothing that they start.
    command = [sys.executable, "-I", "-S", "-B", "-X", "utf8", str(program), *sorted(roots)]
    with subprocess.Popen(  # noqa: S603 - our own program, with arguments of ours
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={},
        cwd="/",
        start_new_session=True,
        bufsize=0,
    ) as process:
        late = threading.Event()

        def end() -> None:
            late.set()
            _kill(process)

        timer = threading.Timer(seconds, end)
        feeder = threading.Thread(target=_feed, args=(process, document), daemon=True)
        timer.start()
        feeder.start()
        try:
            said = _read(process)
            if len(said) <= LONGEST_ANSWER:
                process.wait()  # the timer ends that
        finally:
            timer.cancel()
            _kill(process)
            process.wait()
            feeder.join()
    return _understood(said, process.returncode, ran_late=late.is_set(), seconds=seconds)


def _feed(process: subprocess.Popen[bytes], document: bytes) -> None:
    assert process.stdin is not None  # noqa: S101 - for the type: it was asked for
    with suppress(OSError), process.stdin as pipe:  # it may have ended without reading
        left = memoryview(document)
        while left:
            left = left[pipe.write(left) :]


def _read(process: subprocess.Popen[bytes]) -> bytes:
    assert process.stdout is not None  # noqa: S101 - for the type: it was asked for
    said = b""
    while len(said) <= LONGEST_ANSWER and (piece := process.stdout.read(LONGEST_ANSWER)):
        said += piece
    return said


def _kill(process: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def _understood(said: bytes, code: int, *, ran_late: bool, seconds: float) -> Answer:
    if ran_late:
        return _nothing(f"Looking at the files took more than {seconds:g} seconds, and was stopped.")
    if len(said) > LONGEST_ANSWER:
        return _nothing("Looking at the files gave more words than are read, and was stopped.")
    if code == -signal.SIGXCPU:
        return _nothing(f"Looking at the files took {PROCESSOR_SECONDS} seconds of processor time, and was stopped.")
    if code == OUT_OF_MEMORY:
        return _nothing(f"Looking at the files needs more than {MEMORY_BYTES // 2**20} MiB of memory.")
    if code != 0:
        return _nothing(f"Looking at the files ended without an answer ({_ended(code)}).")
    try:
        answer = json.loads(said)
        findings = tuple(_finding(one) for one in answer["findings"][:MOST_FINDINGS])
        held = tuple(str(one)[:40] for one in answer["held"][:10])
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return _nothing("Looking at the files gave an answer that cannot be read.")
    return Answer(findings, held) if findings else _nothing("Looking at the files gave no answer.")


def _finding(given: dict[str, str]) -> Finding:
    code, sentence = given["code"], given["sentence"]
    if code not in CODES or not isinstance(sentence, str):
        raise ValueError(code)
    return Finding(code, sentence[:LONGEST_SENTENCE], Outcome(given["outcome"]))


def _nothing(sentence: str) -> Answer:
    return Answer((Finding("process", sentence, Outcome.UNKNOWN),))


def _ended(code: int) -> str:
    return f"exit code {code}" if code > 0 else f"signal {-code}"
