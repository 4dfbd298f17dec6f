"""The refusals of promote requests, one class each."""

from typing import Any

from django.urls import reverse
from typing_extensions import override

from foundation.addresses import absolute
from foundation.exceptions import CheckpointError, WrongState


class DuplicateRequest(CheckpointError):
    """An open request for the same version and target exists."""

    status = 409
    code = "RESOURCE_ALREADY_EXISTS"

    def __init__(self, message: str, *, number: int) -> None:
        super().__init__(message)
        self.number = number

    @override
    def details(self) -> dict[str, Any]:
        """Returns the number and the address of the request that asks for the same."""
        return {
            "number": self.number,
            "url": absolute(reverse("promote_requests:detail", args=[self.number])),
        }


class RuleNotMet(WrongState):
    """The request does not meet the protection rules."""


class ChampionChanged(WrongState):
    """A version other than the compared one holds the target now."""


class EvidenceChanged(WrongState):
    """The challenger's facts are no longer those that were shown."""
