"""What the guard reads in an address of a skill or MCP server, against the routers of the installed MLflow.

MLflow's routes take any number of slashes, so that one address may fit several. Made-up addresses are given to both:
whatever MLflow would change, the guard has read as the same change of the same entry, or has let nothing pass.
"""

import random
import re
import warnings
from collections import Counter
from importlib import metadata
from urllib.parse import quote, unquote

import pytest
from starlette.routing import compile_path

from proxy.guard import entries
from proxy.guard.known_writes import Traffic
from proxy.guard.messages import UnreadableCall
from proxy.guard.routes import classify, path_fault
from proxy.tests.test_route_table import fastapi_routes

CASES = 20_000
METHODS = ("POST", "PUT", "PATCH", "DELETE")
ROOTS = ("/api/3.0/mlflow/", "/ajax-api/3.0/mlflow/")
NAMES = (
    "skills/reader",
    "skills/@team/reader",
    "skills/versions",
    "mcp-servers/com.example/own",
    "mcp-servers/own",
    "skills/bulk-register",
)
WORDS = (
    *("aliases", "versions", "tags", "endpoints", "skills", "mcp-servers", "copy", "bulk-register", "latest", ""),
    *("champion", "1", "01", "1.0.0", "2.0.0", "reader", "@team", "@", "own", "com.example", "checkpoint.approved_by"),
)
TAILS = (
    "versions",
    "aliases",
    "aliases/champion",
    "versions/1",
    "versions/1.0.0",
    "versions/1.0.0/tags",
    "versions/1/tags/k",
    "",
)
# What MLflow's handlers do that is judged -> how the guard may call it.
JUDGED = {
    "alias": {"set-entry-alias", "delete-entry-alias"},
    "update_version": {"update-entry-version"},
    "delete_version": {"delete-entry-version"},
    "delete_entry": {"delete-entry"},
    "tag": {"tag-version", "tag-entry"},
    "create_version": {"register-entry"},
    "bulk_registers": {"register-entries"},
}
_BODY = b'{"alias": "champion", "version": "1.0.0", "key": "k", "value": "v"}'
BODIES = {
    "create_version": b'{"status": "draft"}',
    "bulk_registers": b'{"organization": "team", "skills": [{"name": "reader"}]}',
}
SKILLS_ALONE = {"bulk_registers"}
"""What MLflow 3.17 has nothing of."""


def kind_of(handler):
    """Says what a handler of MLflow's changes that is judged; None for what passes."""
    name = re.sub(r"_organization|_mcp_server|_skill", "", handler.__name__)
    if name.endswith(("_alias", "_tag")):
        return name.rpartition("_")[2]
    if name == "delete":
        return "delete_entry"
    return name if name in JUDGED else None


def here():
    """Returns what of `JUDGED` the installed MLflow does."""
    return JUDGED.keys() - (SKILLS_ALONE if metadata.version("mlflow").startswith("3.17.") else set())


@pytest.fixture(scope="module")
def mlflow():
    """Gives a function that says of a call what MLflow would do: the kind and the parameters, or None."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        table = [
            (method, compile_path(path)[0], handler)
            for method, path, handler in fastapi_routes()
            if "/skills" in path or "/mcp-servers" in path
        ]
    assert {kind_of(handler) for _, _, handler in table} >= here()

    def find(method, path):
        for route_method, expression, handler in table:
            found = expression.match(path) if route_method == method else None
            if found:
                kind = kind_of(handler)
                return (kind, found.groupdict()) if kind else None
        return None

    return find


def made_up(chance):
    """Returns a call: a name and words of MLflow's routes, some of them encoded."""
    segments = chance.choice(NAMES).split("/")
    segments += chance.choice([chance.choice(TAILS).split("/"), chance.choices(WORDS, k=chance.randrange(6))])
    if chance.random() < 0.3:
        segments.insert(chance.randrange(1, len(segments) + 1), chance.choice(WORDS))
    path = segments[0]
    for segment in segments[1:]:
        path += chance.choice(["/"] * 12 + ["%2F", "%252F", "//"])
        how = chance.random()
        if how < 0.05 and segment:
            segment = f"%{ord(segment[0]):02X}{segment[1:]}"
        elif how < 0.07:
            segment = quote(quote(segment, safe=""), safe="").replace("a", "%61")
        elif how < 0.09:
            segment = segment.title()
        elif how < 0.11:
            segment += chance.choice(["%0A", "%20", "%3F", "%23", "%00", "%C4%B1"])
        path += segment
    return chance.choice(METHODS), chance.choice(ROOTS) + path


def test_what_mlflow_would_change_is_read_alike_or_not_passed_on(mlflow):
    chance, seen = random.Random(20261127), Counter()
    for _ in range(CASES):
        method, path = made_up(chance)
        done = mlflow(method, unquote(path))
        if done is None or path_fault(path):
            continue
        kind, named = done
        if "" in named.values():  # nothing is called so: MLflow finds nothing
            continue
        route = classify(method, path)
        seen[kind, str(route.traffic)] += 1
        if route.traffic in {Traffic.FORBIDDEN, Traffic.UNKNOWN}:
            continue
        assert route.traffic is Traffic.GUARDED, (method, path, route)
        assert route.operation in entries.OPERATIONS, (method, path, route)
        try:
            call = entries.read(method, path, BODIES.get(kind, _BODY))
        except UnreadableCall:
            seen["refused"] += 1
            continue
        assert call.operation in JUDGED[kind], (method, path, call)
        seen["read", kind] += 1
        if kind == "bulk_registers":
            assert call.message == {"entries": [{"name": "skill:@team/reader", "status": "active"}]}
            continue
        organization = named.get("organization")
        name = f"@{organization}/{named['name']}" if organization else named["name"]
        assert call.message["name"].partition(":")[2] == name, (method, path, call)
        for field in ("version", "alias", "key"):
            if field in named:
                assert call.message[field] == named[field], (method, path, call)
    assert {kind for kind in here() if not seen["read", kind]} == set(), seen
