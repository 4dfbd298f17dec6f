"""Keeps at hand what is sealed, so that a call elsewhere costs one read of the database and waits for nobody.

What the database has is brought up to date by `background`, and by approvals and promotions in their own transactions:
those raise the workspace's generation, and what another generation had is not relied on here. So what is promoted
through Checkpoint is sealed at once in every process, and what changes past it some seconds later.
"""

import threading
from collections import OrderedDict
from dataclasses import dataclass

from proxy.seal import store
from proxy.seal.seals import Seal, Seals, Traces

GRACE_SECONDS = 60.0
"""How old a look may be that serves while MLflow does not answer: a busy MLflow must not fail the uploads that make it
busy. What the last look found stays sealed for ever."""
_WORKSPACES = 100


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a workspace.

    Attributes:
        has_looked: Whether anybody has ever looked at it, or approved something in it.
        is_whole: Whether everything that is sealed now is among the seals, as fresh as `look` promises.
        may_serve: Whether everything was, a short while ago.
    """

    seals: Seals
    generation: int = 0
    has_looked: bool = False
    is_whole: bool = False
    may_serve: bool = False


class _Entry:
    """The rows of one workspace as this process has them. For many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rows: dict[int, tuple[int, Seal, Traces | None]] = {}
        self._generation = -1
        self._seals = Seals()
        self._has_unlearnt = False

    def at(self, workspace: str, generation: int) -> tuple[Seals, bool]:
        """Returns the seals, and whether of one of them nobody knows yet what it is made of."""
        with self._lock:
            if self._generation != generation:
                self._read(workspace)
                self._generation = generation
            return self._seals, self._has_unlearnt

    def _read(self, workspace: str) -> None:
        present, changed = store.rows(workspace, {key: row[0] for key, row in self._rows.items()})
        for row in changed:
            made_of = store.made_of(row)
            traces = None if made_of is None else Traces.of(made_of, workspace)
            self._rows[row.pk] = (row.generation, store.seal_of(row), traces)
        for gone in self._rows.keys() - present:
            del self._rows[gone]
        seals = Seals()
        for _, seal, traces in self._rows.values():
            if traces is not None:
                seals.add(seal, traces)
        self._seals, self._has_unlearnt = seals, any(traces is None for *_, traces in self._rows.values())


_entries: OrderedDict[str, _Entry] = OrderedDict()
_lock = threading.Lock()


def known(workspace: str) -> Known:
    """Returns what is known of a workspace (canonical): one read of the database, and more only after a change."""
    state = store.state(workspace)
    if state is None:
        return Known(Seals())
    with _lock:
        entry = _entries.setdefault(workspace, _Entry())
        _entries.move_to_end(workspace)
        if len(_entries) > _WORKSPACES:
            _entries.popitem(last=False)
    seals, has_unlearnt = entry.at(workspace, state.generation)
    age = state.age()
    return Known(
        seals,
        generation=state.generation,
        has_looked=True,
        is_whole=age is not None and age <= state.serves_seconds and not has_unlearnt,
        may_serve=age is not None and age <= max(state.serves_seconds, GRACE_SECONDS) and not has_unlearnt,
    )


def forget() -> None:
    """Forgets everything; for tests."""
    with _lock:
        _entries.clear()
