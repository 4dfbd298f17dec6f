"""Refuses what a browser must not do with its person's rights (RFC 6454; the Fetch standard).

Writes that another site's page makes, and running what MLflow serves as if it were a script of ours.

The proxy has no CSRF token to check: MLflow's UI sends none. Browsers say where a call comes from, and pages cannot
make them lie about it.
"""

from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest

from accounts.identity.callers import Caller, CallerKind
from foundation.browsers import metadata
from proxy.assets import names
from proxy.exceptions import CodeRefused, CrossOrigin

_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


def verify(request: HttpRequest, caller: Caller, method: str) -> None:
    """Passes a call that cannot have been made by another site's page in the caller's name.

    * Tokens pass: no browser adds one by itself.
    * Sessions must show that the call comes from our own origin; a browser always does.
    * Basic passwords and anonymous callers pass unless the call shows that it comes from elsewhere. A browser that
      was once given a password, or that stands in a network from which anybody may write, is as good as a session;
      programs show nothing. An Origin alone does not count against a password, since programs may set any.

    Args:
        request: For its headers.
        caller: Who made it.
        method: Of the call; see `admission.permitted`.

    Raises:
        CrossOrigin: it may come from another site.
    """
    if caller.kind is CallerKind.TOKEN or method in _SAFE_METHODS:
        return
    site = metadata.site(request)
    if site not in metadata.FROM_OUR_ORIGIN:
        raise CrossOrigin("This call was made by a page of another site.")
    if caller.kind is CallerKind.BASIC:
        return
    source = request.headers.get("Origin") or _origin(request.headers.get("Referer", ""))
    if source:
        if not _is_ours(request, source):
            raise CrossOrigin(
                "This call was made by a page of another site. "
                "If it was not, set CHECKPOINT_PUBLIC_URL to the address that people use."
            )
        return
    if caller.kind is CallerKind.SESSION and not site:
        raise CrossOrigin("This call does not say which page made it. Programs should use an API token.")


def verify_destination(request: HttpRequest, path: str) -> None:
    """Passes a call whose answer the browser only shows or reads, or that is for a file of MLflow's interface.

    Everybody may upload, and MLflow names types by file names. The policies of our pages and of MLflow's forbid the
    same; this holds for pages that somebody left open before there was one, and for service workers, which no policy
    of a page names by folder.

    Args:
        request: For its headers.
        path: Of the call; see `admission.permitted`.

    Raises:
        CodeRefused: the answer would be a script, a worker or a style sheet.
    """
    if metadata.is_service_worker(request) or (metadata.is_code(request) and not names.is_static(path)):
        raise CodeRefused


def _origin(address: str) -> str:
    try:
        parts = urlsplit(address)
    except ValueError:
        return "null"
    return f"{parts.scheme}://{parts.netloc}" if address else ""


def _is_ours(request: HttpRequest, source: str) -> bool:
    return source in {f"{request.scheme}://{request.get_host()}", settings.CHECKPOINT_PUBLIC_URL}
