"""Tells a load balancer or container engine whether this process can do its work."""

import logging

from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponseNotAllowed, JsonResponse
from django.http.response import HttpResponseBase

PATH = "/checkpoint/healthz"
MLFLOWS = frozenset({"/health", "/version"})
"""What probes ask of MLflow. Its answers tell nothing about anybody or anything, so they pass for everybody."""

logger = logging.getLogger("checkpoint.health")


def is_probe_of_mlflow(method: str | None, path: str) -> bool:
    """Tells whether a call only asks whether MLflow is there; `path` without the query."""
    return path in MLFLOWS and method in {"GET", "HEAD"}


def healthz(request: HttpRequest) -> HttpResponseBase:
    """Answers 200 when the database answers, 503 when it does not; anybody may ask, so it tells nothing else.

    MLflow is left out on purpose: taking every replica out of service because MLflow is down would replace a clear 502
    with no answer at all.
    """
    if request.method not in {"GET", "HEAD"}:
        return HttpResponseNotAllowed(["GET", "HEAD"])
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError as error:
        # One line a minute for whoever asks, as of every call (`logs.OneLinePerMinute`): probes come every few seconds.
        about = {"request": request, "is_of_database": True}
        logger.error("The database does not answer: %s", str(error).split("\n")[0], extra=about)
        response = JsonResponse({"status": "unavailable", "database": "does not answer"}, status=503)
        response._has_been_logged = True  # type: ignore[attr-defined]  # or Django would log it once more
    else:
        response = JsonResponse({"status": "ok", "database": "answers"})
    response["Cache-Control"] = "no-store"
    return response
