"""What every view of the API shares."""

from typing import Any

from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.views import APIView
from typing_extensions import override

from foundation.api.errors import LengthRequired, UnknownRoute
from foundation.api.inputs import QuerySerializer
from foundation.api.parsers import StrictJSONParser


class ApiView(APIView):
    """A view for signed-in callers that answers refusals in the API's error shape.

    NUL is refused in the path and the query, because PostgreSQL refuses it in any text. In bodies the fields refuse it.
    """

    metadata_class = None
    parser_classes = (StrictJSONParser,)

    @override
    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if "\x00" in request.path:
            raise UnknownRoute
        if "HTTP_TRANSFER_ENCODING" in request.META and not request.META.get("CONTENT_LENGTH"):
            raise LengthRequired
        for name, values in request.query_params.lists():
            if any("\x00" in value for value in values):
                raise ValidationError({name: ["NUL characters are not allowed."]})

    @override
    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        """Keeps every response out of caches: it is for this caller and this moment."""
        finished = super().finalize_response(request, response, *args, **kwargs)
        finished.headers.setdefault("Cache-Control", "no-store")
        return finished


class UnknownRouteView(ApiView):
    """Answers unknown addresses below the API, whatever the method, in the API's error shape."""

    @override
    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        raise UnknownRoute


def checked(serializer_class: type[QuerySerializer], data: Any) -> dict[str, Any]:
    """Returns the values of a body or query; ValidationError names what is wrong."""
    serializer = serializer_class(data=data)
    serializer.is_valid(raise_exception=True)
    values: dict[str, Any] = serializer.validated_data
    return values
