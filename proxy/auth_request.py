"""Answers a web server in front that asks whether it may take a call to MLflow itself (nginx: `auth_request`).

The question has no body, so the answer is yes only for calls that Checkpoint would pass on without reading theirs.
Whoever gets a no hands the whole call to Checkpoint, which then judges it itself and says why.
"""

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_GET

from accounts.identity.callers import Caller
from accounts.identity.client_address import comes_from_trusted_proxy
from foundation.exceptions import CheckpointError
from proxy import admission
from proxy.exceptions import NotSignedIn
from proxy.guard.routes import Traffic
from proxy.transfer import request_line

PATH = "/checkpoint/auth-request"
"""No page of Checkpoint's: a web server in front asks here about every call, so `middleware` answers it at once."""


@require_GET
def auth_request(request: HttpRequest) -> HttpResponse:
    """Answers 204 for a call that may go to MLflow as it is, 401 to unknown callers, 403 for all others.

    The call is named by X-Original-Method and X-Original-URI, the URI as it came; who makes it and from where, by the
    headers that the proxy itself goes by. Nobody but CHECKPOINT_TRUSTED_PROXIES is answered: the answer tells nothing
    that the same credentials would not find out, but then nobody needs to wonder. Asks no database when the credentials
    are in the cache, and counts nothing: how many calls are under way only the web server knows.
    """
    if not comes_from_trusted_proxy(request):
        raise Http404
    try:
        caller = _admitted(request)
    except NotSignedIn:
        return HttpResponse(status=401)
    except CheckpointError:
        return HttpResponse(status=403)
    if caller is None:
        return HttpResponse(status=403)
    return HttpResponse(status=204, headers={"X-Checkpoint-Caller": caller.key})


def _admitted(request: HttpRequest) -> Caller | None:
    """Returns who makes the call, None if Checkpoint has to handle it, by the same steps as `views`."""
    path, _, query = request.META.get("HTTP_X_ORIGINAL_URI", "").partition("?")
    method = request_line.method({"REQUEST_METHOD": request.META.get("HTTP_X_ORIGINAL_METHOD", "")})
    admission.check_path(path)
    request_line.query({"QUERY_STRING": query})
    caller = admission.identified(request)
    route = admission.permitted(request, caller, method, path)
    return caller if route.traffic is Traffic.PASS else None
