"""What a gate is, what it is judged on, and what comes of it. Pure."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from typing_extensions import override

from evidence.directions.wanted import BY_NAME, Directions
from registry.types import VersionFacts


@dataclass(frozen=True, slots=True)
class Subject:
    """All that a gate may look at.

    Attributes:
        challenger: With its contents and its tree, where a gate needs these.
        champion: None where nobody holds the target, or the challenger itself does.
        description: Of the promote request.
        now: UTC.
        directions: Which values of the metrics are better.
    """

    challenger: VersionFacts
    champion: VersionFacts | None
    description: str
    now: datetime
    directions: Directions = BY_NAME


@dataclass(frozen=True, slots=True)
class GateResult:
    """What came of a gate.

    Attributes:
        passed: None where it could not be measured; that is not passed.
        words: What was measured and by how much it passed or missed: `it is 0.91, 0.11 too much`.
    """

    passed: bool | None
    words: str

    def as_json(self) -> dict[str, Any]:
        """Returns the result as it is stored; `of_json` reads it."""
        return {"passed": self.passed, "words": self.words}

    @classmethod
    def of_json(cls, stored: Any) -> "GateResult":
        """Returns the result that `as_json` was called on; what cannot be read was not measured."""
        if isinstance(stored, dict) and isinstance(stored.get("words"), str):
            passed = stored.get("passed")
            return cls(passed if isinstance(passed, bool) else None, stored["words"])
        return NOT_JUDGED


NOT_JUDGED = GateResult(None, "it has not been measured yet: open the request's page once")
"""Of a gate that a rule got after the evidence was last looked at."""


class Gate(ABC):
    """One thing that is asked of the facts. `str` gives the expression that `parse_gate` reads.

    Attributes:
        needs_files: Whether the subject must have its contents.
        needs_tree: Whether the subject must have the list of its files.
    """

    needs_files: ClassVar[bool] = False
    needs_tree: ClassVar[bool] = False

    @abstractmethod
    def judge(self, subject: Subject) -> GateResult:
        """Returns what comes of it."""

    @abstractmethod
    @override
    def __str__(self) -> str:
        """Returns the expression, spelled in the one way in which it is stored."""
