"""The page that says what Checkpoint guards in the MLflow that is there, for whoever is signed in."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from proxy.guard import mlflow_found, sightings
from proxy.guard.known_writes import TABLE, Traffic, Write
from proxy.guard.wording import FORBIDDEN, REFUSED_WHEN
from registry.exceptions import RegistryError


@dataclass(frozen=True, slots=True)
class Row:
    """A call that Checkpoint judges or refuses, and when it is refused."""

    call: str
    traffic: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Subject:
    """A group of calls: those that are judged, and those that pass unread."""

    name: str
    judged: list[Row]
    passed: list[str]


@require_safe
def coverage(request: HttpRequest) -> HttpResponse:
    """Shows what was found of MLflow just now, and what becomes of each of its writes."""
    try:
        found, failure = mlflow_found.findings(), ""
    except RegistryError as error:
        found, failure = [], error.message
    context = {
        "findings": found,
        "failure": failure,
        "subjects": list(subjects()),
        "sightings": sightings.recent(),
    }
    return render(request, "proxy/coverage.html", context)


def subjects() -> Iterator[Subject]:
    """Yields the table of known writes by subject, in the table's order; calls of one path are one row."""
    for name, writes in groupby(sorted(TABLE, key=_subject_number), key=lambda write: write.subject):
        rows = list(writes)
        judged = [write for write in rows if write.traffic is not Traffic.PASS]
        yield Subject(
            name,
            [
                Row(_call(list(same)), key[1].value, FORBIDDEN.get(key[2]) or REFUSED_WHEN[key[2]])
                for key, same in groupby(judged, key=lambda write: (write.path, write.traffic, write.operation))
            ],
            [_call([write]) for write in rows if write.traffic is Traffic.PASS and not write.is_read],
        )


_SUBJECTS = list(dict.fromkeys(write.subject for write in TABLE))


def _subject_number(write: Write) -> int:
    return _SUBJECTS.index(write.subject)


def _call(writes: list[Write]) -> str:
    methods = ", ".join(write.method for write in writes)
    since = f" ({writes[0].since})" if writes[0].since else ""
    return f"{methods} {writes[0].path}{since}"
