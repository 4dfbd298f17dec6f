"""Reads what MLflow says that it made. Pure; an answer that is not understood says nothing."""

import json
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from audit.making.models import LONGEST_ID, Kind
from registry.places import models_path, version_number

_RUN_ID = re.compile(r"(?<![0-9a-zA-Z-])[0-9a-f]{32}(?![0-9a-zA-Z])", re.IGNORECASE)
_MODEL_ID = re.compile(r"(?<![0-9a-zA-Z])m-[0-9a-f]{32}(?![0-9a-zA-Z])", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Thing:
    """A run or logged model that MLflow says it made."""

    kind: Kind
    thing_id: str
    source_run: str = ""


@dataclass(frozen=True, slots=True)
class Version:
    """A version that MLflow says it made.

    Attributes:
        created_ms: Milliseconds since 1970, by MLflow's clock.
        source: As it was asked for, or else as MLflow has it.
        parts: {id: (what it is, whether the version names it)} of runs and logged models.
    """

    name: str
    version: str
    created_ms: int
    source: str
    parts: tuple[tuple[str, Kind, bool], ...]

    @property
    def is_copy(self) -> bool:
        """Whether its source is a version rather than a run, a logged model or a place."""
        path = models_path(self.source)
        return path is not None and not (len(path) == 1 and _MODEL_ID.fullmatch(path[0]))

    @property
    def original(self) -> tuple[str, str] | None:
        """The (model, version) that it is a copy of; None where its source names none for sure."""
        path = models_path(self.source)
        version = version_number(path[1]) if path and len(path) == 2 and path[0] else ""
        return (path[0], version) if path and version else None


def parts_of(run_id: str, model_id: str, *sources: str) -> tuple[tuple[str, Kind, bool], ...]:
    """Returns what a version is made of: what it names, and the ids that stand in its sources."""
    found: dict[str, tuple[str, Kind, bool]] = {}
    for kind, expression, named in ((Kind.RUN, _RUN_ID, run_id), (Kind.LOGGED_MODEL, _MODEL_ID, model_id)):
        if 0 < len(named) <= LONGEST_ID:
            # MLflow makes ids in lower case; a database may find them in any.
            name = named.lower() if expression.fullmatch(named) else named
            found[name] = (name, kind, True)
    for source in sources:
        for kind, expression in ((Kind.RUN, _RUN_ID), (Kind.LOGGED_MODEL, _MODEL_ID)):
            # A server of artifacts unquotes what a client quoted, some of them twice.
            for text in dict.fromkeys((source, unquote(source), unquote(unquote(source)))):
                for name in expression.findall(text)[:20]:
                    found.setdefault(name.lower(), (name.lower(), kind, False))
    return tuple(found.values())


def read_thing(kind: Kind, content: bytes) -> Thing | None:
    """Returns the run or logged model that an answer is about; None where it is about none."""
    info = _object(_object(_loaded(content), "run" if kind is Kind.RUN else "model"), "info")
    named = _text(info, "run_id") or _text(info, "run_uuid") if kind is Kind.RUN else _text(info, "model_id")
    if not 0 < len(named) <= LONGEST_ID:
        return None
    source_run = _text(info, "source_run_id") if kind is Kind.LOGGED_MODEL else ""
    return Thing(kind, named, source_run if len(source_run) <= LONGEST_ID else "")


def read_version(content: bytes, asked: bytes = b"") -> Version | None:
    """Returns the version that an answer is about; None where it is about none.

    Args:
        content: MLflow's answer.
        asked: The message of the call: MLflow may answer with the place that a source led to.
    """
    found = _object(_loaded(content), "model_version")
    name, version = _text(found, "name"), _text(found, "version")
    created = _text(found, "creation_timestamp")
    is_told = re.fullmatch("[1-9][0-9]{0,14}", created)
    if not is_told or not 0 < len(name) <= 256 or not re.fullmatch("[1-9][0-9]{0,8}", version):
        return None
    message = _loaded(asked) if asked else {}
    answered, wished = _text(found, "source"), _text(message, "source")
    parts = parts_of(
        _text(found, "run_id") or _text(message, "run_id"),
        _text(found, "model_id") or _text(message, "model_id"),
        answered,
        wished,
    )
    return Version(name, version, int(created), wished or answered, parts)


def read_edited(content: bytes) -> tuple[str, str, int] | None:
    """Returns the (model, version, when MLflow changed it last in milliseconds) that an answer is about, or None."""
    found = _object(_loaded(content), "model_version")
    changed = _text(found, "last_updated_timestamp")
    if not re.fullmatch("[1-9][0-9]{0,14}", changed):
        return None
    return _text(found, "name"), _text(found, "version"), int(changed)


def _loaded(content: bytes) -> dict[str, Any]:
    try:
        value = json.loads(content)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _object(found: dict[str, Any], field: str) -> dict[str, Any]:
    value = found.get(field)
    return value if isinstance(value, dict) else {}


def _text(found: dict[str, Any], field: str) -> str:
    head, *tail = field.split("_")
    value = found.get(field, found.get(head + "".join(word.title() for word in tail)))
    return value if isinstance(value, str) else str(value) if type(value) is int else ""
