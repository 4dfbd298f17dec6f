"""What of the frozen evidence a mail or a chat has room for: the comparison in one line, and what changed most.

Read from what was kept under the digest that a message names, so that it says what was judged, whatever MLflow says
today. What is kept under a digest never changes, so it is read once.
"""

from dataclasses import dataclass
from functools import lru_cache

from evidence.compare import compare_evidence
from evidence.freeze import UnreadableEvidence
from evidence.kept import load
from evidence.metrics.arrange import Sort, View, arrange
from evidence.metrics.compare import MetricRow
from evidence.rows import Kind
from evidence.texts import visible
from notifications.choices import Event

MOST = 5
"""Metrics."""
_LONGEST_NAME = 80
_WORDS = {True: "better", False: "worse", None: ""}


@dataclass(frozen=True, slots=True)
class Figure:
    """A metric that changed.

    Attributes:
        name: With what cannot be seen spelled out.
        change: In per cent where there is such a number, else the difference; "" where there is neither.
        words: `better`, `worse`, or "" where nobody knows.
    """

    name: str
    old: str
    new: str
    change: str
    words: str

    @property
    def line(self) -> str:
        """The figure in one line: `auc: 0.91 → 0.93 (+2.2 %), better`."""
        changed = f" ({self.change})" if self.change else ""
        return f"{self.name}: {self.old} → {self.new}{changed}{f', {self.words}' if self.words else ''}"


@dataclass(frozen=True, slots=True)
class Figures:
    """What there is to say of a comparison.

    Attributes:
        strip: The comparison in one line, what speaks against the challenger first; "" without a champion.
        rows: The metrics that changed most.
    """

    strip: str = ""
    rows: tuple[Figure, ...] = ()


NOTHING = Figures()
_WITHOUT = {Event.COMMENTED, Event.EDITED, Event.CHECK_REPORTED, Event.CHECK_REQUESTED, Event.DISMISSED}
"""Events that are about something else than the facts: figures would only be in the way."""


def tells_figures(event: str) -> bool:
    """Tells whether the figures are of interest where somebody is told of this event."""
    return event not in _WITHOUT


def figures_of(digest: str) -> Figures:
    """Returns what there is to say of the evidence of this digest; nothing where it cannot be read."""
    try:
        return _read(digest)
    except UnreadableEvidence:
        return NOTHING


@lru_cache(maxsize=256)
def _read(digest: str) -> Figures:
    comparison = compare_evidence(load(digest))
    changed = [row for row in comparison.metrics.rows if isinstance(row, MetricRow) and row.kind is Kind.CHANGED]
    arranged = arrange(changed, View(sort=Sort.CHANGE), first=MOST)
    rows = tuple(_figure(row) for section in arranged.sections for row in section.rows)
    words = "; ".join(part.words for part in comparison.verdict.parts) if comparison.verdict else ""
    return Figures(f"{words[:1].upper()}{words[1:]}." if words else "", rows)


def _figure(row: MetricRow) -> Figure:
    name = " ".join(visible(row.key).split())
    short = name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 1]}…"
    change = row.percent or row.delta
    return Figure(
        short,
        row.champion.text if row.champion else "",
        row.challenger.text if row.challenger else "",
        change.text if change else "",
        _WORDS[row.better],
    )
