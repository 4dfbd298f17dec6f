"""Which versions stand in Staging and in Production, without reading every version each time.

MLflow can be asked for the newest version in a stage, but not for all of them: its searches know no stages. So what was
read of a model with many versions is kept, and only what changed since is read again: MLflow dates every version that
goes to another stage. What was kept is never believed: each version that is returned was asked for in this call.
"""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import islice, takewhile
from typing import Any, Self

from mlflow.entities.model_registry import ModelVersion as MlflowVersion

from registry.exceptions import RegistryNotFound
from registry.memory import Memory
from registry.mlflow import searches
from registry.mlflow.searches import Order, Searches
from registry.targets import ACTIVE_STAGES
from registry.types import ModelVersion

FEW = 100
"""A model of fewer versions is read whole each time, and nothing of it is kept."""
SERVES_MS = 30_000
"""How long what was read of a large model serves unless it must be exact: MLflow sorts all versions to answer."""
MARGIN_MS = 120_000
"""How late a change may be seen: one of several MLflow servers whose clock is behind, a transaction that took long."""
_TOP = 1_000_000_000
_DENSE = 20
"""From so many versions among the next thousand on, the thousand is read instead of each of them."""


@dataclass(slots=True)
class Notes:
    """What was read of a model.

    Attributes:
        seen: Milliseconds since 1970: every change that MLflow dated earlier is in here, less `MARGIN_MS`.
        unread_below: Versions of a lower number have not been read yet; 0 when all have.
        asked_at: Milliseconds since 1970, by our clock: when MLflow was last asked what changed.
        staged: {number: stage} of the versions in a stage in use.
    """

    seen: int = 0
    unread_below: int = _TOP
    staged: dict[int, str] = field(default_factory=dict)
    asked_at: int = 0

    @classmethod
    def from_json(cls, kept: dict[str, Any]) -> Self:
        """Returns what `as_json` was made from."""
        staged = {int(number): stage for number, stage in kept["staged"].items()}
        return cls(kept["seen"], kept["unread_below"], staged, kept["asked_at"])

    def as_json(self) -> dict[str, Any]:
        """Returns the notes as a memory keeps them."""
        staged = {str(number): stage for number, stage in self.staged.items()}
        return {"seen": self.seen, "unread_below": self.unread_below, "staged": staged, "asked_at": self.asked_at}

    def may_serve(self) -> bool:
        """Tells whether all was read, and what changed since was asked a moment ago."""
        return not self.unread_below and 0 <= _now() - self.asked_at < SERVES_MS

    def add(self, found: MlflowVersion) -> None:
        """Notes where a version stands."""
        if found.current_stage in ACTIVE_STAGES:
            self.staged[int(found.version)] = found.current_stage
        else:
            self.staged.pop(int(found.version), None)

    def in_stage(self, stage: str) -> list[int]:
        """Returns the numbers of the versions noted for a stage, highest first."""
        return sorted((number for number, noted in self.staged.items() if noted == stage), reverse=True)


class Standings:
    """Looks up who stands in a stage, for one workspace."""

    def __init__(self, found: Searches, get_version: Callable[[str, str], ModelVersion], memory: Memory) -> None:
        self._searches = found
        self._get_version = get_version
        self._memory = memory

    def in_stage(self, name: str, stage: str, *, exact: bool) -> list[str]:
        """Returns the versions that stand in a stage in use, highest number first.

        Args:
            name: Of the model.
            stage: Staging or Production.
            exact: Whether a version that was moved past Checkpoint in the last half minute must be among them.

        Raises:
            RegistryNotFound: there is no such model.
            RegistryTimeout: a large model is read for the first time and this takes long; the next call goes on.
        """
        notes = self._notes(name)
        if notes and notes.may_serve() and not exact:
            found = self._verified(name, stage, notes)
            if found or not notes.in_stage(stage):
                return found
        lately = self._lately(name, FEW)
        if not lately:
            return self._of_hidden(name, stage)
        if len(lately) < FEW:
            return _numbers(int(found.version) for found in lately if found.current_stage == stage)
        return self._verified(name, stage, self._up_to_date(name, notes or Notes(), lately))

    def moved(self, name: str, version: str, stage: str) -> None:
        """Notes where Checkpoint itself has moved a version, or perhaps has: it is looked up when it is asked for."""
        if notes := self._notes(name):
            if stage in ACTIVE_STAGES:
                notes.staged[int(version)] = stage
            self._memory.put(name, notes.as_json())

    def noted_in_stage(self, name: str, stage: str) -> str:
        """Returns a version that was noted for a stage and still stands there, or ""."""
        notes = self._notes(name)
        noted = notes.in_stage(stage) if notes else []
        return next((str(number) for number in noted if self._stands(name, number, stage)), "")

    def _lately(self, name: str, limit: int) -> list[MlflowVersion]:
        return list(islice(self._searches.each_version(name, Order.BY_CHANGE, size=limit), limit))

    def _notes(self, name: str) -> Notes | None:
        kept = self._memory.get(name)
        return Notes.from_json(kept) if kept else None

    def _up_to_date(self, name: str, notes: Notes, lately: list[MlflowVersion]) -> Notes:
        """Returns the notes of a large model as MLflow has it now, and keeps them; also when it gives up halfway."""
        asked_at = _now()
        try:
            if not self._catch_up(name, notes, lately):
                notes.seen, notes.unread_below = _moment(lately), _TOP
            if notes.unread_below:
                self._read_on(name, notes)
                self._catch_up(name, notes, self._lately(name, FEW))
            notes.asked_at = asked_at
        finally:
            self._memory.put(name, notes.as_json())
        return notes

    def _catch_up(self, name: str, notes: Notes, lately: list[MlflowVersion]) -> bool:
        """Notes what changed since the last time; False where that is too much, or where there was no last time."""
        if not notes.seen:
            return False
        since = notes.seen - MARGIN_MS
        for size in (FEW, searches.PAGE):
            if size > FEW:
                lately = self._lately(name, size)
            changed = list(takewhile(lambda found: _dated(found) >= since, lately))
            for found in changed:
                notes.add(found)
            if len(changed) < size:
                notes.seen = max(notes.seen, _moment(lately))
                return True
        return False

    def _read_on(self, name: str, notes: Notes) -> None:
        """Reads the versions that were not read yet. By number: pages by their position would shift meanwhile."""
        while notes.unread_below:
            page = self._searches.versions(name, below=notes.unread_below, limit=searches.PAGE)
            for found in page:
                notes.add(found)
            notes.unread_below = int(page[-1].version) if len(page) == searches.PAGE else 0

    def _verified(self, name: str, stage: str, notes: Notes) -> list[str]:
        """Returns those that are noted for a stage and stand there: of a version that is deleted nothing is heard."""
        waiting, found = notes.in_stage(stage), []
        while waiting:
            highest = waiting[0]
            if sum(number > highest - searches.PAGE for number in waiting) < _DENSE:
                waiting.pop(0)
                found += [highest] if self._stands(name, highest, stage) else []
                continue
            page = self._searches.versions(name, below=highest + 1, limit=searches.PAGE)
            found += [int(version.version) for version in page if version.current_stage == stage]
            lowest = int(page[-1].version) if page else 0
            waiting = [number for number in waiting if number < lowest]
        return _numbers(found)

    def _stands(self, name: str, number: int, stage: str) -> bool:
        try:
            return self._get_version(name, str(number)).stage == stage
        except RegistryNotFound:
            return False

    def _of_hidden(self, name: str, stage: str) -> list[str]:
        """Returns who stands in a stage of a model whose versions no search finds.

        It has none, or passes for a prompt. MLflow then shows the newest of each stage and those tagged as prompts; the
        others are known as far as they were noted before.
        """
        try:
            model = self._searches.model(name)
        except RegistryNotFound:
            self._memory.put(name, None)
            raise
        shown = {int(found.version): found for found in self._searches.versions(name, limit=searches.PAGE)}
        shown |= {int(found.version): found for found in model.latest_versions or []}
        notes = self._notes(name)
        noted = [number for number in (notes.in_stage(stage) if notes else []) if number not in shown]
        found = [number for number, version in shown.items() if version.current_stage == stage]
        return _numbers([*found, *(number for number in noted if self._stands(name, number, stage))])


def _moment(found: list[MlflowVersion]) -> int:
    """Returns when the newest of some changes was. One dated in the future must not hide those that come before it."""
    latest = _now() + MARGIN_MS
    return max((dated for dated in map(_dated, found) if dated <= latest), default=1)


def _now() -> int:
    return time.time_ns() // 1_000_000


def _dated(found: MlflowVersion) -> int:
    return found.last_updated_timestamp or 0


def _numbers(found: Iterable[int]) -> list[str]:
    return [str(number) for number in sorted(found, reverse=True)]
