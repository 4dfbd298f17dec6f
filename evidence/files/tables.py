"""Tables in files: CSV, and the JSON in which MLflow logs tables. Pure."""

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest

from evidence.texts import visible

MOST_ROWS = 200
"""Rows that a page shows."""
_MOST_COLUMNS = 40
_LONGEST_CELL = 200


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell: what it says, and what the champion's said where that is something else; None for what is not there."""

    text: str
    former: str | None = None


@dataclass(frozen=True, slots=True)
class TableRow:
    """A row of the challenger's table, or one that it lost; numbered from 1.

    Attributes:
        kind: `changed`, `added`, `removed` or `context`.
    """

    number: int
    kind: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class TableComparison:
    """Two tables, row beside row.

    Attributes:
        columns: With the former names where they differ.
        rows: Those that differ; the first ones of a table that has nothing beside it.
        note: How many there are, and what is left out.
    """

    columns: tuple[Cell, ...]
    rows: tuple[TableRow, ...]
    note: str


Grid = tuple[list[str], list[list[str]]]


def grid_of(path: str, text: str) -> Grid | None:
    """Returns columns and rows of a file that is a table; None for any other."""
    name = path.lower()
    try:
        if name.endswith((".csv", ".tsv")):
            read = list(csv.reader(io.StringIO(text, newline=""), delimiter="\t" if name.endswith(".tsv") else ","))
            rows = [row for row in read if row]
            return (rows[0], rows[1:]) if rows else None
        return _of_json(text) if name.endswith(".json") else None
    except (csv.Error, ValueError, RecursionError):
        return None


def compare_grids(new: Grid | None, old: Grid | None) -> TableComparison:
    """Compares two tables by the number of the row; one of them may be None."""
    columns, rows = new or old or ([], [])
    former_columns, former_rows = old or ([], [])
    if new is None or old is None:
        kind = "removed" if new is None else "context"
        shown = [
            TableRow(number, kind, tuple(Cell(_short(cell)) for cell in row[:_MOST_COLUMNS]))
            for number, row in enumerate(rows[:MOST_ROWS], start=1)
        ]
        return TableComparison(
            tuple(Cell(_short(name)) for name in columns[:_MOST_COLUMNS]), tuple(shown), _all(rows, columns)
        )
    # Of very many rows that differ only those are made that are shown.
    differing = [at for at, (after, before) in enumerate(zip_longest(rows, former_rows)) if after != before]
    found = [
        _row(at + 1, rows[at] if at < len(rows) else None, former_rows[at] if at < len(former_rows) else None)
        for at in differing[:MOST_ROWS]
    ]
    note = f"{len(differing):,} of {max(len(rows), len(former_rows)):,} rows differ."
    if len(differing) > MOST_ROWS:
        note += f" The first {MOST_ROWS} are shown."
    return TableComparison(_cells(columns, former_columns), tuple(found), note + _columns_cut(columns))


def _row(number: int, after: list[str] | None, before: list[str] | None) -> TableRow:
    if after is None:
        return TableRow(number, "removed", tuple(Cell(_short(cell)) for cell in (before or [])[:_MOST_COLUMNS]))
    if before is None:
        return TableRow(number, "added", tuple(Cell(_short(cell)) for cell in after[:_MOST_COLUMNS]))
    return TableRow(number, "changed", _cells(after, before))


def _cells(after: Sequence[str], before: Sequence[str]) -> tuple[Cell, ...]:
    pairs = list(zip_longest(after, before))[:_MOST_COLUMNS]
    return tuple(
        Cell("" if new is None else _short(new), None if new == old else "" if old is None else _short(old))
        for new, old in pairs
    )


def _of_json(text: str) -> Grid | None:
    read = json.loads(text)
    if (
        not isinstance(read, dict)
        or not isinstance(read.get("columns"), list)
        or not isinstance(read.get("data"), list)
    ):
        return None
    if not all(isinstance(row, list) for row in read["data"]):
        return None
    return [_text(name) for name in read["columns"]], [[_text(cell) for cell in row] for row in read["data"]]


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _short(text: str) -> str:
    return visible(text if len(text) <= _LONGEST_CELL else f"{text[:_LONGEST_CELL]}...")


def _all(rows: list[list[str]], columns: list[str]) -> str:
    note = f"{len(rows):,} rows."
    return (f"The first {MOST_ROWS} of {note}" if len(rows) > MOST_ROWS else note) + _columns_cut(columns)


def _columns_cut(columns: list[str]) -> str:
    return f" Of {len(columns)} columns the first {_MOST_COLUMNS} are shown." if len(columns) > _MOST_COLUMNS else ""
