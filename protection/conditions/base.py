"""What a condition is, and the facts that it judges. Pure."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, ClassVar, Self

from django import forms
from typing_extensions import override

from protection.checks import Report
from protection.gates.base import GateResult
from protection.references import People
from registry.makers import Deed, Maker


@dataclass(frozen=True, slots=True)
class Unmet:
    """A condition that does not hold now.

    Attributes:
        code: For programs; it never changes.
        sentence: For people: what is missing, as a whole sentence.
        until: When it may begin to hold by itself; None where somebody has to do something.
        parts: The sentences that `sentence` is put together from, where several things are missing at once.
    """

    code: str
    sentence: str
    until: datetime | None = None
    parts: tuple[str, ...] = field(default=(), compare=False)

    @classmethod
    def of(cls, code: str, sentences: Iterable[str], until: datetime | None = None) -> Self:
        """Returns what is missing of several things; each is a whole sentence."""
        parts = tuple(sentences)
        return cls(code, " ".join(parts), until, parts)

    @property
    def sentences(self) -> tuple[str, ...]:
        """What is missing, one thing each."""
        return self.parts or (self.sentence,)


@dataclass(frozen=True, slots=True)
class Ending:
    """A moment from which something is no longer as it is now, of which people are told before.

    Attributes:
        code: What it is about; with the moment it names this ending for ever.
        at: The moment.
        since: Since when it is as it is.
        sentence: For people, whole.
    """

    code: str
    at: datetime
    since: datetime
    sentence: str

    @property
    def told_at(self) -> datetime:
        """From when people are told: a day before, or a quarter of the time where that is less."""
        return self.at - min(timedelta(days=1), (self.at - self.since) / 4)


@dataclass(frozen=True, slots=True)
class Record:
    """What Checkpoint itself has on record of a version, when it was last looked at.

    Attributes:
        makers: Who made it, deed by deed; empty where nobody has looked, which is to know nobody.
        held_since: {target: since when without a break} of what it holds.
    """

    makers: tuple[Maker, ...] = ()
    held_since: Mapping[str, datetime] = field(default_factory=dict)

    @classmethod
    def of_json(cls, makers: list[dict[str, Any]], held_since: dict[str, str]) -> Self:
        """Returns what a request keeps in two columns."""
        return cls(
            tuple(Maker(**{**said, "deed": Deed(said["deed"])}) for said in makers),
            {target: datetime.fromisoformat(since) for target, since in held_since.items()},
        )


NOTHING_ON_RECORD = Record()


@dataclass(frozen=True, slots=True)
class Judgement:
    """A reviewer's latest judgement that stands.

    Attributes:
        review: The primary key of the review; 0 for one that is only imagined.
        approves: Whether it is an approval; otherwise it asks for changes.
        is_fresh: Whether it was given on the present facts.
        may_answer: Whether the reviewer can still sign in and judge again.
        is_of_present_title: Whether it was given on the present title.
        is_of_present_description: Whether it was given on the present description.
        is_of_present_answers: Whether it was given on the author's present answers to what the rules ask.
        is_expired: Whether it is older than a rule lets approvals be.
        is_makers: Whether the reviewer made the version, where a rule lets no maker approve.
        is_own: Whether the request became the reviewer's own afterwards: they answer now for who asked.
        groups: The keys of the groups that the reviewer is in.
        answers: {question's key: answer} that came with it.
        is_signed: Whether its giver entered the password once more for it.
        lacks_signature: Whether a rule wants it signed, and it is not.
    """

    reviewer_id: int
    name: str
    approves: bool
    is_fresh: bool
    at: datetime
    may_answer: bool = True
    is_of_present_title: bool = True
    is_of_present_description: bool = True
    is_of_present_answers: bool = True
    review: int = 0
    is_expired: bool = False
    is_makers: bool = False
    is_own: bool = False
    groups: frozenset[int] = frozenset()
    answers: Mapping[str, str] = field(default_factory=dict)
    is_signed: bool = False
    lacks_signature: bool = False

    @property
    def counts(self) -> bool:
        """Whether it is an approval of the present facts, by somebody who may give it, and signed where wanted."""
        is_good = not self.is_expired and not self.is_makers and not self.lacks_signature
        return self.approves and self.is_fresh and is_good

    @property
    def is_answered_by_approving(self) -> bool:
        """Whether the reviewer can lift their request for changes themselves."""
        return not self.approves and self.may_answer and not self.is_makers and not self.is_own

    @property
    def is_done(self) -> bool:
        """Whether nothing more is waited for from its giver: it is on the present facts, not too old, and not unsigned.

        Of who made the version nothing is waited for, either: an approval of theirs would not count.
        """
        return self.is_fresh and not self.is_expired and not self.lacks_signature

    @property
    def predates(self) -> str:
        """What the author has changed in their words since, to follow "before"; "" where nothing."""
        match self.is_of_present_title, self.is_of_present_description:
            case False, False:
                edited = "title and description were edited"
            case False, True:
                edited = "the title was edited"
            case True, False:
                edited = "the description was edited"
            case _:
                edited = ""
        answered = "" if self.is_of_present_answers else "an answer was changed"
        return " and ".join(filter(None, (edited, answered)))


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
        answers: {question's key: the author's latest answer}.
        gates: {gate: what came of it} of those that were judged, by the expression as the rule stores it.
        record: What Checkpoint itself has on record of the version.
        barred_names: Who may not approve, beside the author.
        blocking_threads: Who opened each of the blocking threads that are not resolved.
        approved_at: When everybody had approved who has to; None while somebody has not. `Requirement.narrowed` says.
    """

    author: str
    judgements: tuple[Judgement, ...]
    now: datetime
    unplaced_source: str = ""
    gates: Mapping[str, GateResult] = field(default_factory=dict)
    checks: tuple[Report, ...] = ()
    opened_at: datetime | None = None
    record: Record = NOTHING_ON_RECORD
    barred_names: tuple[str, ...] = ()
    answers: Mapping[str, str] = field(default_factory=dict)
    blocking_threads: tuple[str, ...] = ()
    approved_at: datetime | None = None

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
        is_about_approvals: Whether it asks who approves: a waiting time begins when all of these hold.
    """

    key: ClassVar[str]
    is_always: ClassVar[bool] = False
    is_about_quality: ClassVar[bool] = False
    is_about_approvals: ClassVar[bool] = False

    @classmethod
    @abstractmethod
    def parse(cls, value: Any) -> Self:
        """Reads the settings as they stand in a rule's document.

        Raises:
            InvalidInput: the settings are wrong; `field` is the condition's key.
        """

    @classmethod
    def thaw(cls, value: Any) -> Self:
        """Reads what several rules together asked for; only each by itself had to keep within the bounds of `parse`."""
        return cls.parse(value)

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

    def barred(self, facts: Facts) -> Mapping[int, str]:
        """Returns {key of a user: why their approval would be refused}, each sentence addressed to them."""
        return {}

    @abstractmethod
    def unmet(self, facts: Facts) -> Unmet | None:
        """Returns what is missing, or None where the condition holds."""

    def announcement(self, facts: Facts) -> str:
        """Returns what readers should know though it holds now, as a sentence; "" for nothing."""
        return ""

    def endings(self, facts: Facts) -> Iterable[Ending]:
        """Returns what of it ends at a known moment that is still to come."""
        return ()

    def waits_for(self, facts: Facts) -> Iterable[People]:
        """Returns whose approval is missing, where it names people."""
        return ()

    @abstractmethod
    @override
    def __str__(self) -> str:
        """Returns what is asked for in a few words: `2 approvals`."""

    @classmethod
    def form_field(cls) -> forms.Field | None:
        """Returns the field of a rule's form for the settings; None for a condition that is always on."""
        return None


class BoundedCondition(Condition):
    """A condition of which one rule may ask only so much, while several rules together may ask for more."""

    @classmethod
    @override
    def parse(cls, value: Any) -> Self:
        return cls._read(value, is_of_one_rule=True)

    @classmethod
    @override
    def thaw(cls, value: Any) -> Self:
        return cls._read(value, is_of_one_rule=False)

    @classmethod
    @abstractmethod
    def _read(cls, value: Any, *, is_of_one_rule: bool) -> Self:
        """Reads the settings, and holds them to the bounds where they are `is_of_one_rule`.

        Raises:
            InvalidInput: the settings are wrong; `field` is the condition's key.
        """
