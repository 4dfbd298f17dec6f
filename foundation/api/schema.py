"""The API's own description (OpenAPI) and the page that shows it; both for signed-in people only."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from drf_spectacular.utils import OpenApiResponse, extend_schema
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework import serializers
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

V = TypeVar("V", bound=Callable[..., Any])

_MEANINGS = {
    400: "The input is wrong; `field_errors` says where.",
    401: "Not signed in, or the credentials are wrong.",
    403: "This person may not do this.",
    404: "There is no such thing.",
    409: "The state, a changed champion or evidence, or a duplicate does not allow it.",
    502: "MLflow refused, failed or cannot be reached.",
    504: "MLflow took too long.",
}


class ErrorSerializer(serializers.Serializer):
    """Every refusal of the API."""

    error_code = serializers.CharField(help_text="MLflow's code for it where MLflow has one.")
    message = serializers.CharField(help_text="What was wrong and what would be right.")
    field_errors = serializers.DictField(
        child=serializers.ListField(child=serializers.CharField()),
        required=False,
        help_text="{field: messages}; a field inside `target` is written target.kind.",
    )


class DuplicateSerializer(ErrorSerializer):
    """A refusal because a request for the same version and target is open, or because the state is another."""

    number = serializers.IntegerField(required=False, help_text="Of the request that asks for this already.")
    url = serializers.CharField(required=False, help_text="Its page.")


class SchemaView(SpectacularAPIView):
    """The OpenAPI document: YAML, or JSON for who asks for it."""

    permission_classes = (IsAuthenticated,)


class SwaggerView(SpectacularSwaggerSplitView):
    """The document as a page, from files that are served here.

    Its script comes from an address of its own, so that no inline script need be allowed; Swagger's inline styles must.
    """

    permission_classes = (IsAuthenticated,)

    @extend_schema(exclude=True)
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Returns the page, or with `?script` its script."""
        response: Response = super().get(request, *args, **kwargs)
        response["Content-Security-Policy"] = (
            "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; object-src 'none'; "
            "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
        )
        return response


def operation(
    summary: str,
    *,
    request: Any = None,
    responses: Mapping[int, Any],
    errors: Iterable[int] = (),
    **options: Any,
) -> Callable[[V], V]:
    """Returns the decorator that describes an operation.

    Args:
        summary: A few words; the method's docstring says the rest.
        request: The serializer of the body, None where there is none.
        responses: {status: serializer} of what succeeds.
        errors: Statuses that it may be refused with, beside 401 and 403, which every operation may be.
        options: For `extend_schema`.
    """
    described: dict[int, Any] = dict(responses)
    for status in sorted({401, 403, *errors}):
        body = DuplicateSerializer if status == 409 else ErrorSerializer
        described[status] = OpenApiResponse(body, _MEANINGS[status])
    decorator: Callable[[V], V] = extend_schema(summary=summary, request=request, responses=described, **options)
    return decorator
