"""What htmx is told about an answer, so that an answer replaces only what it was meant to replace.

htmx, a script on our pages, sends a form and puts a part of the answer where the form was. A sign-in page has no such
part, nor has an error page or one of a proxy in front: what somebody had typed would be gone. So each answer to htmx
says what it is, in a header, and `forms.js` leaves the form as it is unless that is a page.
"""

from collections.abc import Callable
from enum import StrEnum

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

HEADER = "X-Checkpoint-Answer"
FIELD = "X-Checkpoint-Field"
"""Names the field of the form that a sentence is about."""

GetResponse = Callable[[HttpRequest], HttpResponseBase]


class Answer(StrEnum):
    """What an answer to htmx is: a page of ours, or a sentence about why there is none."""

    PAGE = "page"
    SIGNED_OUT = "signed-out"
    FORM_EXPIRED = "form-expired"
    REFUSED = "refused"


def is_asking(request: HttpRequest) -> bool:
    """Tells whether htmx makes this call."""
    return "HX-Request" in request.headers


def sentence(message: str, *, status: int, answer: Answer, field: str = "") -> HttpResponse:
    """Returns an answer that is shown beside the form, which stays as it is, or at its field of that name."""
    headers = {HEADER: str(answer), **({FIELD: field} if field else {})}
    return HttpResponse(message, status=status, content_type="text/plain; charset=utf-8", headers=headers)


class HtmxMiddleware:
    """Marks pages as such for htmx, and lets the browser itself follow redirects.

    A browser would follow them before htmx sees them. The page would be fetched by a script, and then once more by the
    person, without the messages that are shown once.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answers one request."""
        response = self.get_response(request)
        if not is_asking(request):
            return response
        if 300 <= response.status_code < 400 and "Location" in response.headers:
            response.headers["HX-Redirect"] = response.headers["Location"]
            for header in ("Location", "Content-Length"):
                response.headers.pop(header, None)
            response.status_code = 204
        response.headers.setdefault(HEADER, Answer.PAGE)
        return response
