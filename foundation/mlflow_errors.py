"""The JSON of an error as MLflow's clients read it (3.17: `mlflow/error_classification.py`)."""

from typing import Any

_OURS, _THEIRS = "XXM00", "KAM00"
"""MLflow's SQLSTATEs for a fault of the server and of the caller."""
_KINDS = {
    "BAD_REQUEST": (_THEIRS, "INVALID_PARAMETER_VALUE"),
    "ENDPOINT_NOT_FOUND": (_THEIRS, "RESOURCE_NOT_FOUND"),
    "FEATURE_DISABLED": (_THEIRS, "FEATURE_DISABLED"),
    "INTERNAL_ERROR": (_OURS, "CLIENT_INTERNAL_ERROR"),
    "INVALID_PARAMETER_VALUE": (_THEIRS, "INVALID_PARAMETER_VALUE"),
    "INVALID_STATE": (_OURS, "CLIENT_INTERNAL_ERROR"),
    "NOT_FOUND": (_THEIRS, "RESOURCE_NOT_FOUND"),
    "PERMISSION_DENIED": (_THEIRS, "PERMISSION_DENIED"),
    "RESOURCE_ALREADY_EXISTS": (_THEIRS, "RESOURCE_ALREADY_EXISTS"),
    "RESOURCE_DOES_NOT_EXIST": (_THEIRS, "RESOURCE_NOT_FOUND"),
    "TEMPORARILY_UNAVAILABLE": (_OURS, "CLIENT_INTERNAL_ERROR"),
}
"""{error_code: (sqlstate, error_class)}; of other codes MLflow says neither."""


def body(code: str, message: str) -> dict[str, Any]:
    """Returns an error's JSON, with `sqlstate` and `error_class` where MLflow has them for this `error_code`."""
    found: dict[str, Any] = {"error_code": code, "message": message}
    if code in _KINDS:
        found["sqlstate"], found["error_class"] = _KINDS[code]
    return found
