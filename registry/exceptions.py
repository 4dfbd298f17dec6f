"""The errors and refusals of MLflow."""

from foundation.exceptions import CheckpointError


class RegistryError(CheckpointError):
    """MLflow refused, failed or could not be reached.

    Attributes:
        may_be_done: Whether MLflow may do what it was asked all the same, now or later: it got the call, or may have
            got it, and gave no answer.
    """

    status = 502
    code = "BAD_GATEWAY"

    def __init__(self, message: str, *, may_be_done: bool = False) -> None:
        """Takes a sentence for people, as every error of Checkpoint's does."""
        super().__init__(message)
        self.may_be_done = may_be_done


class RegistryUnreachable(RegistryError):
    """No connection to MLflow, or it broke."""


class RegistryTimeout(RegistryError):
    """MLflow took too long."""

    status = 504
    code = "GATEWAY_TIMEOUT"


class RegistryNotFound(RegistryError):
    """MLflow knows no such model, version or alias."""

    status = 404
    code = "RESOURCE_DOES_NOT_EXIST"


class RegistryRefused(RegistryError):
    """MLflow understood the call and refused it; the message is MLflow's."""
