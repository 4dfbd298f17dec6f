"""The condition that no reviewer's request for changes is open."""

from dataclasses import dataclass
from typing import Any, ClassVar, Self

from typing_extensions import override

from foundation.exceptions import InvalidInput
from foundation.words import inflected, listed
from protection.conditions.base import Condition, Facts, Unmet


@dataclass(frozen=True, slots=True)
class ChangesRequested(Condition):
    """A request for changes blocks until the same reviewer approves, or somebody with the right dismisses it."""

    key: ClassVar[str] = "changes_requested"
    is_always: ClassVar[bool] = True

    @classmethod
    @override
    def parse(cls, value: Any) -> Self:
        """Reads `true`: this condition has no settings and cannot be switched off."""
        if value is not True:
            raise InvalidInput("A request for changes always blocks: this cannot be switched off.", field=cls.key)
        return cls()

    @override
    def as_json(self) -> bool:
        return True

    @override
    def stricter(self, other: Self) -> Self:
        return self

    @override
    def unmet(self, facts: Facts) -> Unmet | None:
        """Names whose request for changes stands, and who can lift those of people who are no longer here."""
        blocking = [judgement for judgement in facts.judgements if not judgement.approves]
        if not blocking:
            return None
        present = [judgement.name for judgement in blocking if judgement.is_answered_by_approving]
        gone = [judgement.name for judgement in blocking if not judgement.may_answer]
        barred = [each for each in blocking if each.may_answer and not each.is_answered_by_approving]
        own = [judgement.name for judgement in barred if judgement.is_own]
        makers = [judgement.name for judgement in barred if not judgement.is_own]
        sentences = []
        if present:
            verb = inflected(len(present), "has", "have")
            sentences.append(f"{listed(present)} asked for changes and {verb} to approve first.")
        if gone:
            accounts = inflected(len(gone), "the account is", "the accounts are")
            sentences.append(
                f"{listed(gone)} asked for changes, and {accounts} deactivated: "
                "somebody with the right has to dismiss it."
            )
        if own:
            answer = inflected(len(own), "answers", "answer")
            sentences.append(
                f"{listed(own)} asked for changes and {answer} for {facts.author} now, so may not approve: "
                "somebody with the right has to dismiss it."
            )
        if makers:
            sentences.append(
                f"{listed(makers)} asked for changes and may not approve what they made: "
                "somebody with the right has to dismiss it."
            )
        return Unmet.of("changes_requested", sentences)

    @override
    def __str__(self) -> str:
        return "no request for changes"
