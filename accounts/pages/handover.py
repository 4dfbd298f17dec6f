"""The three steps that sign a browser in at MLflow's own origin; see `accounts.identity.handover`."""

from urllib.parse import urlencode

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from accounts.exceptions import LinkInvalid
from accounts.identity import handover, sessions
from accounts.identity.authentication import identify
from accounts.identity.callers import CallerKind, InvalidCredentials
from foundation import error_pages
from foundation.addresses import PORTAL, Site, absolute, own_path, site_of


@login_not_required
@require_GET
@never_cache
def enter(request: HttpRequest) -> HttpResponse:
    """At MLflow's origin: gives the browser a secret and sends it to the pages."""
    _require(request, Site.MLFLOW)
    secret = handover.secret(request.COOKIES.get(settings.CHECKPOINT_ARRIVAL_COOKIE_NAME, ""))
    query = {"proof": handover.proof(secret), "next": _path(request.GET.get("next", ""))}
    response = HttpResponseRedirect(f"{absolute(reverse('accounts:hand_over'))}?{urlencode(query)}")
    _set_cookie(response, settings.CHECKPOINT_ARRIVAL_COOKIE_NAME, secret, handover.SECRET_SECONDS)
    return response


@require_GET
@never_cache
def hand_over(request: HttpRequest) -> HttpResponseBase:
    """At the pages' origin, to somebody who is signed in: sends the browser back with a code."""
    _require(request, Site.PORTAL)
    try:
        code = handover.issue(
            session_key=request.session.session_key or "",
            proof_of_browser=request.GET.get("proof", ""),
            next_path=_path(request.GET.get("next", "")),
        )
    except LinkInvalid as error:
        return _refused(request, error)
    address = f"{settings.CHECKPOINT_PUBLIC_URL}{reverse('accounts:arrive')}"
    return HttpResponseRedirect(f"{address}?{urlencode({'code': code})}")


@login_not_required
@require_GET
@never_cache
def arrive(request: HttpRequest) -> HttpResponseBase:
    """At MLflow's origin: takes the code, and begins the session that reaches MLflow."""
    _require(request, Site.MLFLOW)
    try:
        arrival = handover.redeem(
            request.GET.get("code", ""), request.COOKIES.get(settings.CHECKPOINT_ARRIVAL_COOKIE_NAME, "")
        )
        key, expires_at = sessions.begin_at_mlflow(arrival.session_key)
    except (LinkInvalid, InvalidCredentials) as error:
        # The other tab of two that began together was here before.
        return HttpResponseRedirect("/") if _is_signed_in(request) else _refused(request, error)
    response = HttpResponseRedirect(arrival.next_path)
    seconds = int((expires_at - timezone.now()).total_seconds())
    _set_cookie(response, settings.CHECKPOINT_MLFLOW_COOKIE_NAME, key, seconds)
    response.delete_cookie(settings.CHECKPOINT_ARRIVAL_COOKIE_NAME, samesite="Lax")
    return response


def _require(request: HttpRequest, site: Site) -> None:
    if site_of(request) is not site:
        raise Http404


def _is_signed_in(request: HttpRequest) -> bool:
    try:
        return identify(request).kind is CallerKind.SESSION
    except InvalidCredentials:
        return False


def _path(wanted: str) -> str:
    """Returns a path of MLflow's; "/" for whatever else an address may ask for."""
    path = own_path(wanted)
    return path if path and not path.startswith(PORTAL) else "/"


def _set_cookie(response: HttpResponse, name: str, value: str, seconds: int) -> None:
    response.set_cookie(
        name, value, max_age=seconds, secure=settings.SESSION_COOKIE_SECURE, httponly=True, samesite="Lax"
    )


def _refused(request: HttpRequest, error: LinkInvalid | InvalidCredentials) -> HttpResponseBase:
    # Without navigation: at MLflow's origin no page shows who is signed in or has a form.
    return error_pages.error(
        request, status=400, title="Signing in", message=error.message, code="BAD_REQUEST", bare=True
    )
