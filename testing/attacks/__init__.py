"""The attack corpus: calls that must leave the registry unchanged, as data.

The stage is a model `$MODEL` of which version 1 is in Production with the alias `champion` and version 2 holds
nothing, under the shipped rules; likewise the MCP server `$SERVER` and, where MLflow has skills, `$SKILL`, alone and
in the organization `@team`: version 1 is active with the alias `champion`, version 2 a draft. Version 1 was made by
the run `$RUN` in `$EXPERIMENT`, which has an artifact `weights.bin`, and is the logged model `$LOGGED`, which has an
artifact `MLmodel`. `*.json` hold calls of a well-behaved client; `wire.json` holds raw requests that no client
library would send, and what is smuggled in them. `browsers.json` holds what a page would have a browser do with
artifacts that somebody uploaded: the files of `UPLOADS`.
"""

import base64
import gzip
import json
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
PADDING = "x" * 500_000
NESTING = "[" * 20_000 + "]" * 20_000
SMUGGLED = "POST /api"
ELSEWHERE = {"wire.json", "browsers.json"}
_MARK = (
    "if (self.document) document.title = 'script ran'; else if (self.postMessage) postMessage('script ran'); "
    "else self.onconnect = (event) => event.ports[0].postMessage('script ran');"
)
"""Tells as a script, as a worker and as a shared worker that it ran."""
UPLOADS = {
    **{f"evil.{ending}": _MARK for ending in ("mjs", "es", "JS", "js")},
    **{f"{name}.html": f"<script>{_MARK}</script>" for name in ("evil", "index")},
    "static-files/evil.js": _MARK,
    "evil.svg": f'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><script>{_MARK}</script></svg>',
    "evil.xhtml": f'<html xmlns="http://www.w3.org/1999/xhtml"><script>{_MARK}</script></html>',
    "evil.css": "body { display: none }",
    "evil.xsl": '<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform"/>',
}
"""{path below a run's artifacts: content}: each would run, or change a page, if a browser took it for what it is."""


@dataclass(frozen=True)
class Attack:
    """One call.

    Attributes:
        expect: `path` (400 for the path alone), `bad input` (400), `refused` (403), or `harmless` (passed on: MLflow
            itself does nothing).
        path: With its query.
        is_chunked: To be sent without a length.
        since: The first MLflow that has what is attacked, as `3.18`; before, it is not found. Empty where all have it.
    """

    name: str
    why: str
    expect: str
    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    is_chunked: bool
    since: str = ""


@dataclass(frozen=True)
class BrowserAttack:
    """What a browser asks for, because a page that somebody else controls has it do so.

    Attributes:
        expect: `refused` (403), or `contained` (passed on so that it runs nowhere).
        headers: Which every browser, or an older one, adds by itself.
    """

    name: str
    why: str
    expect: str
    path: str
    headers: dict[str, str]


@dataclass(frozen=True)
class WireAttack:
    """One raw request, and whatever follows it on the connection."""

    name: str
    why: str
    raw: bytes


def load(model: str, *, run: str = "run1", logged: str = "m-1", experiment: str = "1", only: str = "*") -> list[Attack]:
    """Returns the calls against a model, of the files whose name matches `only`."""
    stage = {
        "$MODEL": model,
        "$SERVER": server_of(model),
        "$SKILL": skill_of(model),
        "$RUN": run,
        "$LOGGED": logged,
        "$EXPERIMENT": experiment,
    }
    files = sorted(HERE.glob(f"{only}.json"))
    rows = [row for file in files if file.name not in ELSEWHERE for row in json.loads(file.read_text())]
    return [
        Attack(
            name=row["name"],
            why=row["why"],
            expect=row["expect"],
            method=row["method"],
            path=_put(row["path"], stage),
            headers=row["headers"],
            body=_body(row, stage),
            is_chunked=row.get("chunked", False),
            since=row.get("since", ""),
        )
        for row in rows
    ]


def server_of(model: str) -> str:
    """Returns the name of the MCP server that stands on the stage with a model."""
    return f"com.example/{model}"


def skill_of(model: str) -> str:
    """Returns the name of the skills that stand on the stage with a model."""
    return model.lower()


def load_browsers(*, run: str, experiment: str) -> list[BrowserAttack]:
    """Returns what browsers ask for of a run that has the artifacts `UPLOADS`."""
    stage = {"$FOLDER": f"{experiment}/{run}/artifacts", "$RUN": run}
    return [
        BrowserAttack(row["name"], row["why"], row["expect"], _put(row["path"], stage), row["headers"])
        for row in json.loads((HERE / "browsers.json").read_text())
    ]


def load_wire(model: str, *, host: str, authorization: str) -> list[WireAttack]:
    """Returns the raw requests against a model of the server at `host`."""
    return [
        WireAttack(row["name"], row["why"], _raw(row["raw"], model, host, authorization))
        for row in json.loads((HERE / "wire.json").read_text())
    ]


def _put(text: str, stage: dict[str, str]) -> str:
    for word, name in stage.items():
        text = text.replace(word, name)
    return text


def _body(row: dict, stage: dict[str, str]) -> bytes:
    if "body_base64" in row:
        return base64.b64decode(row["body_base64"])
    text = _put(row.get("body", ""), stage).replace("$PADDING", PADDING).replace("$NESTING", NESTING)
    encoding = row.get("encoding", "utf-8")
    return gzip.compress(text.encode(), mtime=0) if encoding == "gzip" else text.encode(encoding)


def _raw(text: str, model: str, host: str, authorization: str) -> bytes:
    text = text.replace("$MODEL", model).replace("$HOST", host).replace("$AUTHORIZATION", authorization)
    message = text[text.rindex("{") :]
    text = text.replace("$LENGTH", str(len(message)))
    if "$SMUGGLED_LENGTH" in text:
        text = text.replace("$SMUGGLED_LENGTH", str(len(text) - text.index(SMUGGLED)))
    return text.encode("latin-1")
