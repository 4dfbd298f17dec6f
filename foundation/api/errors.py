"""One JSON shape for every error: `{"error_code", "message", "field_errors"?}`, whoever raised it.

Some errors add fields of their own (`CheckpointError.details`). An exception that is not mapped here is a bug;
`error_pages.server_error` answers it, in the same shape.
"""

import math
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, JsonResponse
from rest_framework import exceptions

from foundation.exceptions import CheckpointError

CODES = {
    HTTPStatus.BAD_REQUEST: "INVALID_PARAMETER_VALUE",
    HTTPStatus.UNAUTHORIZED: "UNAUTHENTICATED",
    HTTPStatus.FORBIDDEN: "PERMISSION_DENIED",
    HTTPStatus.NOT_FOUND: "RESOURCE_DOES_NOT_EXIST",
    HTTPStatus.METHOD_NOT_ALLOWED: "METHOD_NOT_ALLOWED",
    HTTPStatus.NOT_ACCEPTABLE: "NOT_ACCEPTABLE",
    HTTPStatus.LENGTH_REQUIRED: "LENGTH_REQUIRED",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "REQUEST_TOO_LARGE",
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: "UNSUPPORTED_MEDIA_TYPE",
    HTTPStatus.TOO_MANY_REQUESTS: "REQUEST_LIMIT_EXCEEDED",
}
"""MLflow's `error_code` for each status, where MLflow has one."""


class BodyTooLarge(exceptions.APIException):
    """The body has more bytes than the API reads."""

    status_code = HTTPStatus.REQUEST_ENTITY_TOO_LARGE


class LengthRequired(exceptions.APIException):
    """The body has no Content-Length, so that it would be read as empty and its content ignored."""

    status_code = HTTPStatus.LENGTH_REQUIRED
    default_detail = "Send the body with its Content-Length; chunked bodies are not read here."


class UnknownRoute(exceptions.NotFound):
    """The API has nothing at this address."""

    default_detail = "The API has nothing at this address. Addresses end with a slash; schema/ lists them."


def exception_handler(error: Exception, context: dict[str, Any]) -> JsonResponse | None:
    """Returns the response to a refusal, or None for a bug.

    The response is always JSON, whatever format the caller asked for.
    """
    if isinstance(error, CheckpointError):
        return JsonResponse(body_of(error), status=error.status)
    if isinstance(error, Http404):
        error = exceptions.NotFound(*error.args)
    elif isinstance(error, PermissionDenied):
        error = exceptions.PermissionDenied(*error.args)
    if not isinstance(error, exceptions.APIException):
        return None
    response = JsonResponse(_body_of_framework_error(error), status=error.status_code)
    if challenge := getattr(error, "auth_header", None):
        response["WWW-Authenticate"] = challenge
    if wait := getattr(error, "wait", None):
        response["Retry-After"] = str(math.ceil(wait))
    return response


def body_of(error: CheckpointError) -> dict[str, Any]:
    """Returns the JSON body of a refusal."""
    body: dict[str, Any] = {"error_code": error.code, "message": error.message}
    if error.field:
        body["field_errors"] = {error.field: [error.message]}
    return body | error.details()


def _body_of_framework_error(error: exceptions.APIException) -> dict[str, Any]:
    code = CODES.get(HTTPStatus(error.status_code), "INTERNAL_ERROR")
    if isinstance(error, exceptions.ParseError):
        code = "MALFORMED_REQUEST"
    elif isinstance(error, UnknownRoute):
        code = "ENDPOINT_NOT_FOUND"
    if not isinstance(error, exceptions.ValidationError):
        return {"error_code": code, "message": str(error.detail)}
    field_errors: dict[str, list[str]] = {}
    for field, message in _flat(error.detail):
        field_errors.setdefault(field, []).append(message)
    summary = " ".join(
        f"{field}: {message}" if field else message for field, messages in field_errors.items() for message in messages
    )
    named = {field: messages for field, messages in field_errors.items() if field}
    return {"error_code": code, "message": summary} | ({"field_errors": named} if named else {})


def _flat(detail: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Yields (dotted field, message) for each message; the field is "" for what concerns the whole body."""
    match detail:
        case dict():
            for key, inner in detail.items():
                step = "" if key == "non_field_errors" else str(key)
                yield from _flat(inner, ".".join(part for part in (path, step) if part))
        case list():
            for inner in detail:
                yield from _flat(inner, path)
        case _:
            yield path, str(detail)
