"""The errors and refusals of MLflow."""

from foundation.exceptions import CheckpointError


class RegistryError(CheckpointError):
    """MLflow refused, failed or could not be reached."""

    status = 502
    code = "BAD_GATEWAY"


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
