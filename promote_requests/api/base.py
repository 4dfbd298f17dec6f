"""What every view of the API shares."""

from typing import TYPE_CHECKING, Any, cast

from django.http import HttpRequest
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.request import Request
from rest_framework.views import APIView

from promote_requests import services
from promote_requests.api.errors import LengthRequired, UnknownRoute
from promote_requests.api.parsers import StrictJSONParser
from promote_requests.api.representations import PromoteRequestSerializer
from promote_requests.api.serializers import StrictSerializer
from promote_requests.models import PromoteRequest

if TYPE_CHECKING:
    from accounts.models import User


class ApiView(APIView):
    """A view for signed-in callers that answers refusals in the API's one shape.

    NUL is refused wherever it comes from, because PostgreSQL refuses it in any text; in bodies the fields do that.
    """

    metadata_class = None
    parser_classes = (StrictJSONParser,)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Checks the caller, then what every address has to keep to."""
        super().initial(request, *args, **kwargs)
        if "\x00" in request.path:
            raise UnknownRoute
        if "HTTP_TRANSFER_ENCODING" in request.META and not request.META.get("CONTENT_LENGTH"):
            raise LengthRequired
        for name, values in request.query_params.lists():
            if any("\x00" in value for value in values):
                raise ValidationError({name: ["NUL characters are not allowed."]})

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        """Keeps every answer out of caches: it is for this caller, as things stand now."""
        finished = super().finalize_response(request, response, *args, **kwargs)
        finished.headers.setdefault("Cache-Control", "no-store")
        return finished


class UnknownRouteView(ApiView):
    """Answers addresses below the API that lead nowhere, in the API's own shape."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Refuses every method alike."""
        super().initial(request, *args, **kwargs)
        raise UnknownRoute


def actor_of(request: Request) -> "User":
    """Returns the caller; the permission class has let nobody else in."""
    return cast("User", request.user)


def request_id_of(request: Request | HttpRequest) -> str:
    """Returns the id under which the log knows this call."""
    return str(getattr(request, "id", ""))


def checked(serializer_class: type[StrictSerializer], data: Any) -> dict[str, Any]:
    """Returns the values of a body or query; ValidationError names what is wrong."""
    serializer = serializer_class(data=data)
    serializer.is_valid(raise_exception=True)
    values: dict[str, Any] = serializer.validated_data
    return values


def load(number: int) -> PromoteRequest:
    """Returns a request with its people and reviews; NotFound when there is none."""
    found = PromoteRequest.objects.with_people().filter(pk=number).first()
    if found is None:
        raise NotFound(f"There is no promote request #{number}.")
    return found


def context_for(request: Request) -> dict[str, Any]:
    """Returns what `PromoteRequestSerializer` needs to know, with the rules loaded once."""
    return {"viewer": request.user, "rules": services.enabled_rules(), "request": request}


def state_of(request: Request, promote_request: PromoteRequest) -> dict[str, Any]:
    """Returns a request as it is in the database now, for the caller."""
    return dict(PromoteRequestSerializer(load(promote_request.pk), context=context_for(request)).data)
