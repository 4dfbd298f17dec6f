"""What the comparison costs in processor time, without MLflow: at the size that is asked for, and at a tenth of it."""

import gzip
import math
import random
import time
from collections.abc import Callable
from statistics import median
from typing import Any

from django.http import HttpRequest
from django.template.loader import render_to_string

from evidence.compare import compare
from evidence.curves import curve_of
from evidence.files import texts
from evidence.files.trees import compare_trees
from evidence.observe import Evidence
from registry.measurements import Logged, Measurement
from registry.types import FileEntry, FileTree, ModelVersion, VersionFacts

ROUNDS = 5
Row = tuple[str, str, str, str, str]


def rows() -> list[Row]:
    """Returns (what, figure, asked for, at a tenth of the size, growth) of everything that is measured here."""
    return [
        _timed("compare 5,000 parameters and 5,000 metrics a side", _tables, 5_000, "250 ms"),
        _timed("and make the page's part of them", _page, 5_000, ""),
        _size(5_000),
        _timed("50 curves of 100,000 points", _curves, 100_000, "1,000 ms"),
        _timed("a text of 1 MB with 300 changed lines", _text, 1_000_000, "2,000 ms"),
        _timed("a text of 1 MB of which every line repeats", _repeating, 1_000_000, "cut off"),
        _timed("200 files a side", _files, 200, ""),
    ]


def _timed(what: str, work: Callable[[int], Callable[[], Any]], size: int, asked: str) -> Row:
    large, small = _median_ms(work(size)), _median_ms(work(size // 10))
    return what, f"{large:,.0f} ms", asked, f"{small:,.1f} ms", f"{large / max(small, 0.01):.1f}"


def _median_ms(work: Callable[[], Any]) -> float:
    times = []
    for _ in range(ROUNDS):
        began = time.process_time()
        work()
        times.append((time.process_time() - began) * 1000)
    return median(times)


def _tables(size: int) -> Callable[[], Any]:
    new, old = _facts("2", size), _facts("1", size)
    return lambda: compare(new, old)


def _page(size: int) -> Callable[[], Any]:
    new, old = _facts("2", size), _facts("1", size)
    context = {"comparison": compare(new, old), "evidence": Evidence(new, old), "workspace": ""}
    return lambda: render_to_string("promote_requests/includes/_comparison.html", context, HttpRequest())


def _size(size: int) -> Row:
    sizes = [len(gzip.compress(_page(count)().encode(), 6)) / 1000 for count in (size, size // 10)]
    return "its size, compressed", f"{sizes[0]:,.0f} KB", "300 KB", f"{sizes[1]:,.0f} KB", f"{sizes[0] / sizes[1]:.1f}"


def _curves(size: int) -> Callable[[], Any]:
    points = [Logged(step, step * 1_000, math.sin(step / 500) + random.random()) for step in range(size)]
    return lambda: [curve_of(points) for _ in range(50)]


def _text(size: int) -> Callable[[], Any]:
    lines = [f"{number:06d} parameter = {number % 977}" for number in range(size // 30)]
    changed = list(lines)
    for at in range(0, len(lines), max(len(lines) // 300, 1)):
        changed[at] = f"{lines[at]} and something else"
    return lambda: texts.difference("\n".join(lines), "\n".join(changed))


def _repeating(size: int) -> Callable[[], Any]:
    old, new = "a\nb\n" * (size // 4), "b\na\n" * (size // 4)
    return lambda: texts.difference(old, new)


def _files(size: int) -> Callable[[], Any]:
    sides = [FileTree(tuple(FileEntry(f"data/{n % 10}/{n}.bin", n + side) for n in range(size))) for side in (0, 1)]
    return lambda: compare_trees(sides[0], sides[1])


def _facts(version: str, size: int) -> VersionFacts:
    shift = int(version)
    return VersionFacts(
        ModelVersion("Large", version),
        params={f"layer_{number}.units": str(number * (1 + shift * (number % 3 == 0))) for number in range(size)},
        metrics={
            f"slice_{number}/accuracy": Measurement(f"slice_{number}/accuracy", number / size + shift * (number % 2))
            for number in range(size)
        },
    )
