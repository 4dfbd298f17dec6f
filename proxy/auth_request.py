"""Answers a web server in front that asks whether it may pass a call to MLflow itself (nginx: `auth_request`).

The question has no body, so the answer is yes only for calls that Checkpoint would pass on without reading the body or
MLflow's answer.
After a no, the web server passes the whole call to Checkpoint, which judges it and says why.
"""

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_GET

from accounts.identity.callers import Caller
from accounts.identity.client_address import comes_from_trusted_proxy
from foundation.addresses import Site, site_of
from foundation.exceptions import CheckpointError
from proxy import admission
from proxy.exceptions import NotSignedIn
from proxy.guard.routes import Traffic
from proxy.transfer import request_line

PATH = "/checkpoint/auth-request"
"""Answered by `middleware` at once and not as a page, because a web server in front asks here about every call."""


@require_GET
def auth_request(request: HttpRequest) -> HttpResponse:
    """Answers 204 for a call that may go to MLflow as it is, 401 to unknown callers, 403 for all others.

    X-Original-Method and X-Original-URI name the call, the URI as it came; the headers that the proxy reads tell who
    makes it and from where. Only CHECKPOINT_TRUSTED_PROXIES get an answer, to be safe, although it tells nothing that
    the same credentials would not find out. Makes no database query when the credentials are in the cache. Does not
    limit the calls of one caller: only the web server knows how many are under way.
    """
    if not comes_from_trusted_proxy(request):
        raise Http404
    if site_of(request) is Site.PORTAL:
        return HttpResponse(status=403)  # nothing of MLflow's is there, which Checkpoint says itself
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
    """Returns the caller, or None if Checkpoint must handle the call, by the same steps as `views`."""
    path, _, query = request.META.get("HTTP_X_ORIGINAL_URI", "").partition("?")
    method = request_line.method({"REQUEST_METHOD": request.META.get("HTTP_X_ORIGINAL_METHOD", "")})
    admission.check_path(path)
    request_line.query({"QUERY_STRING": query})
    caller = admission.identified(request)
    route = admission.permitted(request, caller, method, path)
    # Who creates a run is recorded once MLflow has answered, and that answer has to come through here.
    return caller if route.traffic is Traffic.PASS and not route.makes else None
