"""What a condition is, and the facts that it judges. Pure."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar, Self

from django import forms
from typing_extensions import override

from protection.checks import Report
from protection.gates.base import GateResult


@dataclass(frozen=True, slots=True)
class Unmet:
    """A condition that does not hold now.

    Attributes:
        code: For programs; it never changes.
        sentence: For people: what is missing, as a whole sentence.
        until: When it may begin to hold by itself; None where somebody has to do something.
    """

    code: str
    sentence: str
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Judgement:
    """A reviewer's latest judgement that stands.

    Attributes:
        review: The primary key of the review; 0 for one that is only imagined.
        approves: Whether it is an approval; otherwise it asks for changes.
        is_fresh: Whether it was given on the present facts.
        may_answer: Whether the reviewer can still sign in and judge again.
        is_of_present_text: Whether it was given on the present title and description.
        is_expired: Whether it is older than a rule lets approvals be.
        groups: The keys of the groups that the reviewer is in.
    """

    reviewer_id: int
    name: str
    approves: bool
    is_fresh: bool
    at: datetime
    may_answer: bool = True
    is_of_present_text: bool = True
    review: int = 0
    is_expired: bool = False
    groups: frozenset[int] = frozenset()

    @property
    def counts(self) -> bool:
        """Whether it is an approval of the present facts."""
        return self.approves and self.is_fresh and not self.is_expired


@dataclass(frozen=True, slots=True)
class Facts:
    """All that conditions may ask about a request. A new condition that needs more adds a field here.

    Attributes:
        author: The author's name.
        judgements: One of each reviewer; never the author's own.
        now: The moment of judging, UTC.
        unplaced_source: Where the version's files are said to lie, if their place cannot be told from it.
        checks: What was reported on the present facts, oldest first.
        opened_at: When the request was opened for review; None for one that is only imagined.
        gates: {gate: what came of it} of those that were judged, by the expression as the rule stores it.
        blocking_threads: Who opened each of the blocking threads that are not resolved.
    """

    author: str
    judgements: tuple[Judgement, ...]
    now: datetime
    unplaced_source: str = ""
    gates: Mapping[str, GateResult] = field(default_factory=dict)
    checks: tuple[Report, ...] = ()
    opened_at: datetime | None = None
    blocking_threads: tuple[str, ...] = ()

    @property
    def approvals(self) -> tuple[Judgement, ...]:
        """Those that count."""
        return tuple(judgement for judgement in self.judgements if judgement.counts)


class Condition(ABC):
    """One thing that a rule asks for, with its settings.

    Attributes:
        key: Its name in a rule's document, in the API and in YAML.
        is_always: Whether it applies to every request, whatever the rules say.
        is_about_quality: Whether it asks how good the version is, which does not matter where it loses a target.
    """

    key: ClassVar[str]
    is_always: ClassVar[bool] = False
    is_about_quality: ClassVar[bool] = False

    @classmethod
    @abstractmethod
    def parse(cls, value: Any) -> Self:
        """Reads the settings as they stand in a rule's document.

        Raises:
            InvalidInput: the settings are wrong; `field` is the condition's key.
        """

    @classmethod
    def default(cls) -> Self:
        """Returns what holds where a rule does not name it, of a condition that is always on."""
        return cls.parse(True)

    @abstractmethod
    def as_json(self) -> Any:
        """Returns the settings as they stand in a rule's document."""

    @abstractmethod
    def stricter(self, other: Self) -> Self:
        """Returns the condition that applies where two rules both have this one."""

    def within(self, rule: "Iterable[Condition]") -> Self:
        """Returns what it asks for beside the other conditions of its rule, before rules are merged."""
        return self

    def narrowed(self, facts: Facts) -> Facts:
        """Returns the facts as the other conditions are to see them; most leave them as they are."""
        return facts

    @abstractmethod
    def unmet(self, facts: Facts) -> Unmet | None:
        """Returns what is missing, or None where the condition holds."""

    def announcement(self, facts: Facts) -> str:
        """Returns what readers should know though it holds now, as a sentence; "" for nothing."""
        return ""

    @abstractmethod
    @override
    def __str__(self) -> str:
        """Returns what is asked for in a few words: `2 approvals`."""

    @classmethod
    def form_field(cls) -> forms.Field | None:
        """Returns the field of a rule's form for the settings; None for a condition that is always on."""
        return None
