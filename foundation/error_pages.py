"""Error responses that are given before or outside any view: unknown host, CSRF failure, 400, 403, 404, 500."""

import sys

from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render

from foundation import mlflow_errors
from foundation.addresses import portal_url
from foundation.browsers import htmx, metadata, policies
from foundation.browsers.htmx import Answer

UNAVAILABLE = (OperationalError, InterfaceError)
"""What Django raises where a database is locked, has no connection left, does not answer, or hung up."""
_RETRY_AFTER_SECONDS = 5
_ELSEWHERE = ("Origin checking failed", "Referer checking failed")
"""How `django.middleware.csrf` begins its reasons for a form from another origin."""


def wants_json(request: HttpRequest) -> bool:
    """Tells whether the caller is a program: an API path, or a client that does not ask for HTML."""
    parts = request.path_info.split("/")
    return "api" in parts[:3] or "ajax-api" in parts[:3] or "text/html" not in request.headers.get("Accept", "")


def unknown_host(request: HttpRequest) -> HttpResponseBase:
    """Answers a request for a host name that is not configured, and names the setting that would allow it."""
    message = (
        "This host name is not configured. Set CHECKPOINT_PUBLIC_URL to the address that people use, "
        "or add the name to CHECKPOINT_ALLOWED_HOSTS, and restart Checkpoint."
    )
    response = error(request, status=400, title="Unknown host name", message=message, code="BAD_REQUEST", bare=True)
    response.headers["Content-Security-Policy"] = policies.CONTAINED
    return response


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponseBase:
    """Answers a form whose CSRF token is missing or old, or that comes from an address which is not configured.

    Args:
        request: The request that sent the form.
        reason: Django's, which is in the log as well; only its beginning is looked at.
    """
    if reason.startswith(_ELSEWHERE):
        title, answer = "Another address", Answer.REFUSED
        setting = "CHECKPOINT_PORTAL_URL" if settings.CHECKPOINT_PORTAL_URL else "CHECKPOINT_PUBLIC_URL"
        message = (
            f"Checkpoint knows itself as {portal_url()}, and this form comes from another address. "
            f"An administrator should set {setting} to the address that people use."
        )
    else:
        title, answer = "Form expired", Answer.FORM_EXPIRED
        message = (
            "The form is too old, or this browser keeps no cookies. Nothing was done. Go back, copy what you typed, "
            "reload the page and send it again."
        )
    return error(request, status=403, title=title, message=message, code="PERMISSION_DENIED", answer=answer)


def signed_out(request: HttpRequest) -> HttpResponseBase:
    """Answers a script on a page whose person is no longer signed in. A person is led to the sign-in page instead."""
    message = "You are signed out. Nothing was done."
    return error(
        request, status=401, title="Signed out", message=message, code="UNAUTHENTICATED", answer=Answer.SIGNED_OUT
    )


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    """Answers a request that Django found malformed."""
    return error(request, status=400, title="Bad request", message="The request is malformed.", code="BAD_REQUEST")


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    """Answers somebody who is signed in but may not do this."""
    message = str(exception) or "You may not do this. An administrator can give you the right."
    return error(request, status=403, title="Not allowed", message=message, code="PERMISSION_DENIED")


def not_found(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    """Answers an unknown address below /checkpoint/, with the message of `Http404` where a view gave one."""
    message = getattr(exception, "message", "")
    message = message or "There is nothing at this address. It may have been mistyped, or the link is old."
    return error(request, status=404, title="Not found", message=message, code="RESOURCE_DOES_NOT_EXIST")


def server_error(request: HttpRequest) -> HttpResponseBase:
    """Answers an unexpected exception; the request id lets an administrator find it in the log.

    A database that is locked, full or away is no fault of this request: it may be sent again.
    """
    if isinstance(sys.exc_info()[1], UNAVAILABLE):
        return database_unavailable(request)
    message = f"Something failed on the server and was logged as request {getattr(request, 'id', 'unknown')}."
    hint = "Reload this page to try again. If it fails again, tell an administrator this number."
    return error(
        request, status=500, title="Server error", message=message, code="INTERNAL_ERROR", bare=True, hint=hint
    )


def database_unavailable(request: HttpRequest) -> HttpResponseBase:
    """Answers where the database is locked, full or away, and says when to try again."""
    response = error(
        request,
        status=503,
        title="Not available",
        message="Checkpoint's database is busy or away. Please try again in a moment.",
        code="TEMPORARILY_UNAVAILABLE",
        bare=True,
        hint="Reload this page to try again. If it goes on, tell an administrator.",
    )
    response.headers["Retry-After"] = str(_RETRY_AFTER_SECONDS)
    return response


def error(
    request: HttpRequest,
    *,
    status: int,
    title: str,
    message: str,
    code: str,
    bare: bool = False,
    hint: str = "",
    answer: Answer = Answer.REFUSED,
) -> HttpResponseBase:
    """Returns an error as a page for people, as a sentence for htmx and as MLflow's error JSON for programs.

    Args:
        request: Its path and Accept header decide between the two.
        status: HTTP status.
        title: The page's heading.
        message: What was wrong and what would be right.
        code: MLflow's `error_code`.
        bare: Renders without navigation, for errors met before the session or the database can be used.
        hint: What a person can do meanwhile. With it a bare page links to the promote requests.
        answer: What htmx is told that this is.
    """
    if htmx.is_asking(request):
        return htmx.sentence(message, status=status, answer=answer)
    if wants_json(request):
        return JsonResponse(mlflow_errors.body(code, message), status=status)
    # The navigation has the form that signs out, and in it a token that every form of ours takes. A script, which may
    # be anybody's (`checkpoint_project.middleware`), is not to find one in a refusal.
    is_bare = bare or not metadata.is_navigation(request)
    template = "error_bare.html" if is_bare else "error.html"
    context = {"title": title, "message": message, "status": status, "hint": hint}
    response: HttpResponse = render(request, template, context, status=status)
    return response
