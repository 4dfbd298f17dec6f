"""The API's own description (OpenAPI) and the page that shows it; both for signed-in people only."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from drf_spectacular.utils import OpenApiResponse, extend_schema
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework import serializers
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from typing_extensions import override

from foundation.browsers import policies

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
    """The body of every error of the API."""

    error_code = serializers.CharField(help_text="MLflow's code for it where MLflow has one.")
    message = serializers.CharField(help_text="What was wrong and what would be right.")
    field_errors = serializers.DictField(
        child=serializers.ListField(child=serializers.CharField()),
        required=False,
        help_text="{field: messages}; a field inside `target` is written target.kind.",
    )


class DuplicateSerializer(ErrorSerializer):
    """A conflict: a request for the same version and target is open, or the state does not allow the action."""

    number = serializers.IntegerField(required=False, help_text="Of the request that asks for this already.")
    url = serializers.CharField(required=False, help_text="Its page.")


class SchemaView(SpectacularAPIView):
    """The OpenAPI document: YAML, or JSON for who asks for it."""

    permission_classes = (IsAuthenticated,)


class SwaggerView(SpectacularSwaggerSplitView):
    """The document as a page, from files that Checkpoint serves.

    Its script has a URL of its own, so that the policy need not allow inline scripts; Swagger needs inline styles. It
    holds no CSRF token: any script of our origin may read it. Whoever tries a change out here enters an API token.
    """

    http_method_names = ("get", "head")  # to what is described by OPTIONS no template belongs
    permission_classes = (IsAuthenticated,)

    @extend_schema(exclude=True)
    @override
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        response: Response = super().get(request, *args, **kwargs)
        response.data["csrf_token"] = ""  # wins over the one that templates get by themselves
        response["Content-Security-Policy"] = policies.for_pages(request, inline_styles=True)
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
        summary: A few words; the method's docstring becomes the description.
        request: The serializer of the body, None where there is none.
        responses: {status: serializer} of success.
        errors: Statuses of its errors, beside 401 and 403, which every operation has.
        options: For `extend_schema`.
    """
    described: dict[int, Any] = dict(responses)
    for status in sorted({401, 403, *errors}):
        body = DuplicateSerializer if status == 409 else ErrorSerializer
        described[status] = OpenApiResponse(body, _MEANINGS[status])
    decorator: Callable[[V], V] = extend_schema(summary=summary, request=request, responses=described, **options)
    return decorator
