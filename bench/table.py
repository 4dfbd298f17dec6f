"""Collects the figures of all rounds and prints their medians, each with its ratio to the row's baseline."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True)
class Row:
    """One line of the table.

    Attributes:
        name: What is measured, with its unit.
        reach: The figure to reach, in words; "" if there is none.
        baseline: The column that the ratios refer to, in the same round; "" for a row without ratios.
        is_difference: Shows the difference to the baseline instead of the ratio.
        digits: Decimals of the value.
    """

    name: str
    reach: str = ""
    baseline: str = "MLflow"
    is_difference: bool = False
    digits: int = 1


class Table:
    """{row: {column: [one value for each round]}}; a round that was left out is left out in all columns."""

    def __init__(self, rows: Sequence[Row]) -> None:
        self._values: dict[Row, dict[str, list[float]]] = {row: {} for row in rows}

    def add(self, row: Row, column: str, value: float) -> None:
        """Adds one round's value."""
        self._values[row].setdefault(column, []).append(value)

    def text(self) -> str:
        """Returns the table in Markdown: medians, and in brackets the medians of each round's ratio to the baseline."""
        columns: list[str] = []
        for found in self._values.values():
            columns += [column for column in found if column not in columns]
        lines = [["figure", *columns, "reach"], ["---"] * (len(columns) + 2)]
        for row, found in self._values.items():
            if not found:
                continue
            lines.append([row.name, *(self._cell(row, found, column) for column in columns), row.reach])
        return "\n".join(f"| {' | '.join(line)} |" for line in lines)

    def _cell(self, row: Row, found: dict[str, list[float]], column: str) -> str:
        mine = found.get(column, [])
        if not mine:
            return ""
        cell = f"{median(mine):,.{row.digits}f}"
        base = found.get(row.baseline, [])
        if not base or column == row.baseline:
            return cell
        pairs = list(zip(mine, base, strict=False))
        if row.is_difference:
            return f"{cell} ({median(own - other for own, other in pairs):+.2f})"
        return f"{cell} ({median(own / other for own, other in pairs):.2f})"
