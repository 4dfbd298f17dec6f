"""Puts Checkpoint's script and style sheet into MLflow's one HTML document, and into nothing else."""

import re
from dataclasses import dataclass
from functools import cache
from hashlib import sha256

from django.templatetags.static import static
from django.utils.html import format_html

from proxy.transfer.http1 import Headers

DOCUMENT_BYTES = 1024 * 1024
"""MLflow's document has some 700 bytes; anything above this is something else."""

ARTIFACT_FRAME = "checkpoint/artifact_frame.html"
"""The static file in which MLflow's page shows what somebody logged as HTML."""

_DOCUMENT_PATH = re.compile(r"/(?:[\w.~-]+/)*(?:index\.html)?")
_NOT_THE_UI = re.compile(r"/(?:api|ajax-api|static-files|get-artifact|model-versions|gateway|graphql)/")
_MLFLOWS_OWN_SCRIPT = re.compile(rb"<script\b[^>]*\bsrc=[\"']?[^\"'>]*static-files/", re.IGNORECASE)
_SCRIPT_SOURCES = re.compile(r"(?:^|[;,])\s*(script-src-elem|script-src|default-src)\s+([^;,]*)", re.IGNORECASE)
_ENTITY_TAG = re.compile(r'(?:W/)?"[^"]*"')
_NOT_OURS = frozenset({"content-length", "etag", "last-modified", "accept-ranges"})


def is_document_path(path: str) -> bool:
    """Tells whether MLflow may answer this path with its document: its root, below a static prefix or not.

    Paths below which artifacts lie are out: a report that somebody logged as index.html stays as it is.
    """
    return _DOCUMENT_PATH.fullmatch(path) is not None and not _NOT_THE_UI.search(path)


def adapt_request(headers: dict[str, str]) -> dict[str, str]:
    """Returns the headers with which to ask for the document: plain, whole, and by MLflow's own entity tag.

    If-Modified-Since goes: the date says nothing about the part that is put in.
    """
    dropped = {"Range", "If-Range", "If-Modified-Since", "If-None-Match"}
    asked = {name: value for name, value in headers.items() if name not in dropped}
    asked["Accept-Encoding"] = "identity"
    known = _upstream_tags(headers.get("If-None-Match", ""))
    if known:
        asked["If-None-Match"] = known
    return asked


@dataclass(frozen=True, slots=True)
class Document:
    """MLflow's document as the client gets it."""

    headers: Headers
    body: bytes


def adapt_answer(status: int, headers: Headers, body: bytes) -> Document | None:
    """Returns the document with our script before MLflow's first one; None when this is not it.

    A Content-Security-Policy is left as MLflow sent it; where it would not let the script run, nothing is put in.
    """
    values = {name.lower(): value for name, value in headers}
    if status == 304:
        return Document(_adapted(headers, None), b"")
    is_plain_html = values.get("content-type", "").lower().startswith("text/html") and "content-encoding" not in values
    found = _MLFLOWS_OWN_SCRIPT.search(body)
    if status != 200 or not is_plain_html or not found:
        return None
    if not _may_run(values.get("content-security-policy", "")):
        return Document(headers, body)
    # Before the very first script, whatever it is: ours has to wrap `fetch` before anything keeps a copy of it.
    first = re.search(rb"<script\b", body, re.IGNORECASE)
    at = first.start() if first else found.start()
    adapted = body[:at] + snippet() + body[at:]
    return Document(_adapted(headers, len(adapted)), adapted)


@cache
def snippet() -> bytes:
    """Returns what is put in."""
    return format_html(
        '<link rel="stylesheet" href="{}"><script src="{}" data-frame="{}"></script>',
        static("checkpoint/css/mlflow_ui.css"),
        static("checkpoint/js/mlflow_ui.js"),
        static(ARTIFACT_FRAME),
    ).encode()


@cache
def _mark() -> str:
    """Returns the end of our entity tags; another release of Checkpoint, with other file names, has another."""
    return f".checkpoint-{sha256(snippet()).hexdigest()[:12]}"


def _adapted(headers: Headers, length: int | None) -> Headers:
    kept = [(name, value) for name, value in headers if name.lower() not in _NOT_OURS]
    kept += [
        (name, f'{value[:-1]}{_mark()}"') for name, value in headers if name.lower() == "etag" and value[-1:] == '"'
    ]
    return kept if length is None else [*kept, ("Content-Length", str(length))]


def _upstream_tags(if_none_match: str) -> str:
    """Returns MLflow's part of those entity tags that this release made; the others match nothing any more."""
    if if_none_match.strip() == "*":
        return "*"
    end = f'{_mark()}"'
    tags = _ENTITY_TAG.findall(if_none_match)
    return ", ".join(f'{tag.removesuffix(end)}"' for tag in tags if tag.endswith(end))


def _may_run(policy: str) -> bool:
    sources = {name.lower(): allowed.lower().split() for name, allowed in _SCRIPT_SOURCES.findall(policy)}
    deciding = sources.get("script-src-elem", sources.get("script-src", sources.get("default-src")))
    return deciding is None or (("'self'" in deciding or "*" in deciding) and "'strict-dynamic'" not in deciding)
