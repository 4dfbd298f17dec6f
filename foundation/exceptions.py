"""The base class of every refusal, and the refusals that every room may raise."""

from typing import Any


class CheckpointError(Exception):
    """A refusal with a sentence for the person who caused it.

    Attributes:
        status: The HTTP status that every door answers with.
        code: MLflow's `error_code` for it.
        message: What was wrong and what would be right.
        field: The input that was wrong, where one was.
    """

    status = 400
    code = "INVALID_PARAMETER_VALUE"

    def __init__(self, message: str, *, field: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.field = field

    def details(self) -> dict[str, Any]:
        """Returns further fields of the error's JSON body."""
        return {}


class InvalidInput(CheckpointError):
    """A value is wrong, whoever sends it and whenever."""


class NotAllowed(CheckpointError):
    """This person may not do this."""

    status = 403
    code = "PERMISSION_DENIED"


class WrongState(CheckpointError):
    """The request's state does not allow this, or somebody else was faster."""

    status = 409
    code = "INVALID_STATE"


class DatabaseBusy(CheckpointError):
    """The database did not give a row or a connection in time; nothing is wrong with what was asked."""

    status = 503
    code = "TEMPORARILY_UNAVAILABLE"
