"""What a rule says of moves that are not everyday: the way back, a broken glass, the next review of a champion. Pure.

Unlike conditions, none of these stands in the way of a promotion.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Self

from foundation.exceptions import InvalidInput
from foundation.words import counted
from protection.conditions.approvals import FEWEST, MOST

ROLLBACK = "rollback"
BREAK_GLASS = "break_glass"
RE_REVIEW = "re_review"
KEYS = (ROLLBACK, BREAK_GLASS, RE_REVIEW)
"""Their names in a rule's document, in the API and in YAML."""
MOST_DAYS = 3_650
NOT_ON_THE_WAY_BACK = frozenset({"soak", "waiting_time"})
"""The conditions that cost time, which the fast track of a way back leaves out, by their keys."""


@dataclass(frozen=True, slots=True)
class Moves:
    """What one rule says, or several together.

    Attributes:
        rollback_approvals: How many approvals a way back takes; None where it takes what everything takes.
        needs_consent: Whether a second person has to consent before somebody breaks the glass.
        re_review_days: After how many days a champion is to be reviewed again; None for never.
    """

    rollback_approvals: int | None = None
    needs_consent: bool = False
    re_review_days: int | None = None

    @classmethod
    def parse(cls, document: Any) -> Self:
        """Reads `{rollback: {approvals}, break_glass: {consent}, re_review: {days}}`; each may be left out.

        Raises:
            InvalidInput: it is no such document; `field` is the key that is wrong.
        """
        if not isinstance(document, Mapping) or not document.keys() <= set(KEYS):
            raise InvalidInput(f"Known are {', '.join(KEYS)}.", field=ROLLBACK)
        return cls(
            _number(document, ROLLBACK, "approvals", FEWEST, MOST),
            _consent(document),
            _number(document, RE_REVIEW, "days", 1, MOST_DAYS),
        )

    @classmethod
    def merged(cls, said: Iterable["Moves"]) -> Self:
        """Returns what several rules together say: the fast track where all have one, otherwise the stricter."""
        every = list(said)
        approvals = [one.rollback_approvals for one in every]
        days = [one.re_review_days for one in every if one.re_review_days is not None]
        has_track = bool(every) and all(count is not None for count in approvals)
        return cls(
            max((count for count in approvals if count is not None), default=None) if has_track else None,
            any(one.needs_consent for one in every),
            min(days, default=None),
        )

    def as_document(self) -> dict[str, Any]:
        """Returns what `parse` reads, without what is not said."""
        found: dict[str, Any] = {}
        if self.rollback_approvals is not None:
            found[ROLLBACK] = {"approvals": self.rollback_approvals}
        if self.needs_consent:
            found[BREAK_GLASS] = {"consent": True}
        if self.re_review_days is not None:
            found[RE_REVIEW] = {"days": self.re_review_days}
        return found

    def described(self) -> dict[str, str]:
        """Returns {what: value} in words; "" for what is not said."""
        back, days = self.rollback_approvals, self.re_review_days
        return {
            "way back": "" if back is None else f"{counted(back, 'approval')}, without waiting",
            "breaking the glass": "with a second person's consent" if self.needs_consent else "",
            "re-review": "" if days is None else f"every {counted(days, 'day')}",
        }


NOTHING_SAID = Moves()


def _number(document: Mapping[str, Any], key: str, name: str, fewest: int, most: int) -> int | None:
    said = document.get(key)
    if said is None:
        return None
    value = said.get(name) if isinstance(said, Mapping) and set(said) == {name} else None
    if isinstance(value, bool) or not isinstance(value, int) or not fewest <= value <= most:
        raise InvalidInput(f"Write {{{name}: a whole number from {fewest} to {most}}}.", field=key)
    return value


def _consent(document: Mapping[str, Any]) -> bool:
    said = document.get(BREAK_GLASS)
    if said is None:
        return False
    value = said.get("consent") if isinstance(said, Mapping) and set(said) == {"consent"} else None
    if not isinstance(value, bool):
        raise InvalidInput("Write {consent: true} or {consent: false}.", field=BREAK_GLASS)
    return value
