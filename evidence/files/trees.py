"""Compares which files two versions have. Pure."""

from dataclasses import dataclass
from typing import Any

from evidence.rows import DIFFERENCES, Kind, in_order, kind_of
from registry.types import FileEntry, FileTree


@dataclass(frozen=True, slots=True)
class FileRow:
    """A file on both sides; a side that lacks it is None.

    Attributes:
        is_read: Whether the bytes were compared. Otherwise two files of one size count as equal, and a page says so.
    """

    key: str
    kind: Kind
    champion: FileEntry | None
    challenger: FileEntry | None
    is_read: bool = False

    @property
    def is_difference(self) -> bool:
        """Whether the two sides differ; never without a champion."""
        return self.kind in DIFFERENCES

    def as_dict(self) -> dict[str, Any]:
        """Returns the row for the API; sizes are bytes."""
        return {
            "path": self.key,
            "kind": str(self.kind),
            "champion": self.champion and self.champion.size,
            "challenger": self.challenger and self.challenger.size,
            "is_read": self.is_read,
        }


@dataclass(frozen=True, slots=True)
class TreeComparison:
    """The files of both versions.

    Attributes:
        rows: Differences first, each kind by path.
        problems: A sentence about each side of which not all files are listed.
    """

    rows: tuple[FileRow, ...]
    problems: tuple[str, ...]

    @property
    def differences(self) -> tuple[FileRow, ...]:
        """The files that differ, or are on one side only."""
        return tuple(row for row in self.rows if row.is_difference)

    @property
    def others(self) -> tuple[FileRow, ...]:
        """The files that are the same as far as is known, or all where there is no champion."""
        return tuple(row for row in self.rows if not row.is_difference)

    @property
    def is_compared(self) -> bool:
        """Whether there are two sides that could be listed."""
        return not any(row.kind is Kind.NEW for row in self.rows)

    @property
    def are_others_read(self) -> bool:
        """Whether all files that do not differ were compared byte by byte."""
        return all(row.is_read for row in self.others)

    def as_dict(self) -> dict[str, Any]:
        """Returns the comparison for the API."""
        return {"rows": [row.as_dict() for row in self.rows], "problems": list(self.problems)}


def compare_trees(challenger: FileTree, champion: FileTree | None) -> TreeComparison:
    """Returns one row for each file of either side, told apart by digest where there are digests, else by size.

    Where one side could not be listed at all, the other side's files are all NEW: neither added nor removed.
    """
    is_blind = champion is not None and any(side.problem and not side.files for side in (challenger, champion))
    has_champion = champion is not None and not is_blind
    new = {entry.path: entry for entry in challenger.files}
    old = {entry.path: entry for entry in champion.files} if champion is not None else {}
    rows = [
        FileRow(
            path,
            kind_of(
                old.get(path),
                new.get(path),
                has_champion=has_champion,
                equal=path in old and path in new and _is_equal(old[path], new[path]),
            ),
            old.get(path),
            new.get(path),
            is_read=path in old and path in new and bool(old[path].sha256 and new[path].sha256),
        )
        for path in {**new, **old}
    ]
    sides = (("challenger", challenger), ("champion", champion))
    problems = tuple(f"Of the {who}: {side.problem}" for who, side in sides if side is not None and side.problem)
    return TreeComparison(in_order(rows), problems)


def _is_equal(one: FileEntry, other: FileEntry) -> bool:
    # Without digests the size is all that is known; a page says so.
    return one.size == other.size and (not (one.sha256 and other.sha256) or one.sha256 == other.sha256)
