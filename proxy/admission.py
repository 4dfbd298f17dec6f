"""Whether a call may be made at all, before anybody looks at what it would change.

The proxy's view asks, and so does the view that a web server in front asks (`auth_request`): one rule for both.
"""

from typing import Any

from django.conf import settings
from django.http import HttpRequest

from accounts.identity.authentication import identify
from accounts.identity.callers import Caller, CallerKind, InvalidCredentials
from accounts.identity.callers import TooManyAttempts as TooManyPasswords
from foundation import health
from proxy import exceptions, origin
from proxy.guard import routes, unknown_writes
from proxy.guard.routes import Route, Traffic

_READ_BELOW = ("/api/", "/ajax-api/")


def without_doubled_slash(method: str, path: str) -> str:
    """Returns the path of a read of MLflow's API, or of a probe, with one slash where a base address ends in one.

    The path that is returned is the one that is judged, sent and logged. What the call is decides, not its method:
    clients search by POST. Any other doubled slash is refused, and so is every one of a call that may change something:
    two servers could read it differently.
    """
    single = path[1:]
    if not single.startswith(_READ_BELOW) and single not in health.MLFLOWS:
        return path
    is_read = not routes.path_fault(single) and routes.classify(method, single).is_read
    return single if is_read else path


def check_path(path: str) -> None:
    """Passes a path that all servers read alike.

    Raises:
        MalformedCall: two servers could read it differently.
    """
    fault = routes.path_fault(path)
    if fault:
        raise exceptions.MalformedCall(fault)


def identified(request: HttpRequest) -> Caller:
    """Returns who calls; see `accounts.identity.authentication.identify`.

    Raises:
        NotSignedIn: the credentials open nothing.
        TooManyAttempts: too many wrong passwords.
    """
    try:
        return identify(request)
    except TooManyPasswords as error:
        raise exceptions.TooManyAttempts(error.message, error.retry_after) from error
    except InvalidCredentials as error:
        raise exceptions.NotSignedIn(error.message) from error


def permitted(request: HttpRequest, caller: Caller, method: str, path: str) -> Route:
    """Returns what the call is, if this caller may make such a call and does so from where they may.

    Args:
        request: For the headers that say where the call comes from.
        caller: From `identified`.
        method: Of the call; in a question about another call not the request's own.
        path: One that passed `check_path`.

    Raises:
        NotSignedIn: only somebody who is signed in may.
        CrossOrigin: it may come from another site's page.
        CodeRefused: a browser would run the answer, and it is not MLflow's own.
        UntestedMlflow: nobody knows what it would change in the MLflow that is there.
        RegistryError: MLflow had to be asked for its version and did not answer.
    """
    origin.verify_destination(request, path)
    classified = routes.classify(method, path)
    route = unknown_writes.settled(classified)
    if not health.is_probe_of_mlflow(method, path):
        _authorise(caller, route)
    origin.verify(request, caller, method)
    # Told only of callers who may make calls: the words of a path are the caller's own.
    unknown_writes.tell_of(classified, method, path)
    unknown_writes.require_tested_mlflow(route)
    return route


def _authorise(caller: Caller, route: Route) -> None:
    """Lets anonymous callers as far as CHECKPOINT_ANONYMOUS says; `write` lets the guard judge them like all others."""
    if caller.kind is not CallerKind.ANONYMOUS:
        return
    extent: Any = settings.CHECKPOINT_ANONYMOUS
    if extent == "write" and route.traffic not in {Traffic.FORBIDDEN, Traffic.UNKNOWN}:
        return
    if extent == "read" and route.is_read:
        return
    raise exceptions.NotSignedIn(
        "Sign in to Checkpoint, or send an API token: MLFLOW_TRACKING_TOKEN, "
        "or MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD."
    )
