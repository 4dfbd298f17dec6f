"""One exception class per kind of refusal that only promote requests know."""

from typing import Any

from django.urls import reverse

from foundation.addresses import absolute
from foundation.exceptions import CheckpointError, WrongState


class DuplicateRequest(CheckpointError):
    """An open request for the same version and target exists."""

    status = 409
    code = "RESOURCE_ALREADY_EXISTS"

    def __init__(self, message: str, *, number: int) -> None:
        super().__init__(message)
        self.number = number

    def details(self) -> dict[str, Any]:
        """Says which request asks for the same, and where it is."""
        return {
            "number": self.number,
            "url": absolute(reverse("promote_requests:detail", args=[self.number])),
        }


class RuleNotMet(WrongState):
    """The protection rule asks for more than the reviews give."""


class ChampionChanged(WrongState):
    """Another version holds the target than the one that was compared."""


class EvidenceChanged(WrongState):
    """The challenger's facts are no longer those that were shown."""
