"""One exception class per kind of refusal; `api.errors` and `views` map them to HTTP through `status`."""


class PromoteRequestError(Exception):
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


class InvalidInput(PromoteRequestError):
    """A value cannot be right, whoever sends it and whenever."""


class DuplicateRequest(PromoteRequestError):
    """An open request for the same version and target exists."""

    status = 409
    code = "RESOURCE_ALREADY_EXISTS"

    def __init__(self, message: str, *, number: int) -> None:
        super().__init__(message)
        self.number = number


class NotAllowed(PromoteRequestError):
    """This person may not do this."""

    status = 403
    code = "PERMISSION_DENIED"


class WrongState(PromoteRequestError):
    """The request's state does not allow this, or somebody else was faster."""

    status = 409
    code = "INVALID_STATE"


class RuleNotMet(WrongState):
    """The protection rule asks for more than the reviews give."""


class ChampionChanged(WrongState):
    """Another version holds the target than the one that was compared."""


class EvidenceChanged(WrongState):
    """The challenger's facts are no longer those that were shown."""


class RegistryError(PromoteRequestError):
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
