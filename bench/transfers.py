"""Large artifacts, by curl: their speed, and the memory that they take."""

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from bench.subjects import Fleet, Subject

BIG_BYTES = 1 << 30
UPLOADS = 100
UPLOAD_BYTES = 10_000_000
TIMEOUT = 120


@dataclass(frozen=True)
class Transfer:
    """One measurement.

    Attributes:
        megabytes_per_second: Of the whole, in units of 1,000,000 bytes.
        growth: Bytes by which the subject's peak memory exceeded its memory before.
        failures: How many files did not arrive whole.
    """

    megabytes_per_second: float
    growth: int
    failures: int = 0


def make_files(folder: Path) -> None:
    """Writes the files to send: a big one of repeated random bytes, and a small one."""
    piece = os.urandom(1 << 20)
    with (folder / "big").open("wb") as file:
        for _ in range(BIG_BYTES >> 20):
            file.write(piece)
    (folder / "small").write_bytes(os.urandom(UPLOAD_BYTES))


def big(fleet: Fleet, subject: Subject, folder: Path) -> tuple[Transfer, Transfer]:
    """Sends 1 GiB up and fetches it again; returns both measurements, and leaves no file behind."""
    url = f"{subject.url}/api/2.0/mlflow-artifacts/artifacts/{fleet.run_path}/big.bin"
    stored = Path(fleet.artifacts) / fleet.run_path / "big.bin"
    try:
        up = _measured(subject, ["--upload-file", str(folder / "big"), "--output", os.devnull, url], "speed_upload")
        failures = int(not stored.exists() or stored.stat().st_size != BIG_BYTES)
        down = _measured(subject, ["--output", os.devnull, url], "speed_download")
    finally:
        stored.unlink(missing_ok=True)
    return Transfer(up.megabytes_per_second, up.growth, failures), down


def many(fleet: Fleet, subject: Subject, folder: Path) -> Transfer:
    """Sends 100 files of 10 MB at once and measures that; leaves no file behind."""
    target = Path(fleet.artifacts) / fleet.run_path / "many"
    base = f"{subject.url}/api/2.0/mlflow-artifacts/artifacts/{fleet.run_path}/many"
    lines = [f'url = "{base}/{n}.bin"\nupload-file = "{folder / "small"}"\noutput = /dev/null' for n in range(UPLOADS)]
    configuration = folder / "many.curl"
    configuration.write_text("\n".join(lines))
    before = _reset(subject)
    at_once = ("--no-progress-meter", "--parallel", "--parallel-immediate", "--parallel-max", str(UPLOADS))
    # A file that failed is counted below, so curl's exit code does not matter.
    subprocess.run([*_curl(subject), *at_once, "--config", str(configuration)], stdout=subprocess.DEVNULL, check=False)
    growth = subject.tree.peak_bytes() - before
    sent = (folder / "small").read_bytes()
    whole = 0
    for n in range(UPLOADS):
        stored = target / f"{n}.bin"
        if stored.exists():
            whole += stored.read_bytes() == sent
            stored.unlink()
    return Transfer(0.0, growth, UPLOADS - whole)


def _measured(subject: Subject, arguments: list[str], speed: str) -> Transfer:
    before = _reset(subject)
    told = subprocess.run(
        [*_curl(subject), "--fail", "--write-out", f"%{{{speed}}}", *arguments],
        capture_output=True,
        text=True,
        check=True,
    )
    return Transfer(float(told.stdout) / 1e6, subject.tree.peak_bytes() - before)


def _reset(subject: Subject) -> int:
    subject.tree.reset_peak()
    return subject.tree.resident_bytes()


def _curl(subject: Subject) -> list[str]:
    command = ["curl", "--silent", "--show-error", "--max-time", str(TIMEOUT)]
    for name, value in subject.headers.items():
        command += ["--header", f"{name}: {value}"]
    return command
