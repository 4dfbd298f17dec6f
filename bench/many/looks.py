"""What is looked at, with what has to be answered."""

import http.client
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import quote, urlsplit

TIMEOUT = 300.0
QUERIES = "X-Checkpoint-Queries"
"""The header of `bench.many.counting`."""
_HTML, _JSON = "text/html", "application/json"


class WrongAnswer(Exception):
    """A look was not answered as it should be: its time would mean nothing."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What is looked at.

    Attributes:
        open: The number of a request that is open.
        promoted: Of one that is promoted.
        author: Who made the open one.
        model: Of the open one.
    """

    open: int = 0
    promoted: int = 0
    author: str = ""
    model: str = "model-00007"


@dataclass(slots=True)
class Site:
    """A Checkpoint and who looks at it.

    Attributes:
        name: The column's heading.
        url: Without a trailing slash.
        token: The header of a call with a token.
        session: The header of a browser that is signed in.
        shown: What is looked at.
    """

    name: str
    url: str
    token: dict[str, str]
    session: dict[str, str]
    shown: Shown
    connection: http.client.HTTPConnection = field(init=False)

    def __post_init__(self) -> None:
        self.connection = http.client.HTTPConnection(urlsplit(self.url).netloc, timeout=TIMEOUT)


@dataclass(frozen=True, slots=True)
class Look:
    """One thing to look at.

    Attributes:
        path: From the site.
        status: Of the right answer.
        body: Of a call that would change something in MLflow; empty for one that reads.
        is_page: Whether a browser asks, with a session; otherwise a client with a token.
        is_mlflows: Whether it is done at the empty site, too: it has nothing to do with requests.
    """

    path: Callable[[Site], str]
    status: int = 200
    body: bytes = b""
    is_page: bool = True
    is_mlflows: bool = False


@dataclass(frozen=True, slots=True)
class Took:
    """Seconds and queries of a look."""

    seconds: float
    queries: int


def take(look: Look, site: Site) -> Took:
    """Looks once.

    Raises:
        WrongAnswer: it was answered otherwise.
    """
    headers = {**(site.session if look.is_page else site.token), "Accept": _HTML if look.is_page else _JSON}
    if look.body:
        headers["Content-Type"] = _JSON
    path = look.path(site)
    began = time.monotonic()
    site.connection.request("POST" if look.body else "GET", path, look.body or None, headers)
    answer = site.connection.getresponse()
    content = answer.read()
    took = time.monotonic() - began
    if answer.status != look.status:
        raise WrongAnswer(f"{site.name}: {path} was answered with {answer.status}: {content[:500]!r}")
    return Took(took, int(answer.headers.get(QUERIES) or 0))


def _fixed(path: str) -> Callable[[Site], str]:
    return lambda site: path


def _found(words: str) -> Callable[[Site], str]:
    return lambda site: f"/checkpoint/?q={quote(words.format(author=site.shown.author, model=site.shown.model))}"


_ADMIN = "/checkpoint/admin/promote_requests/promoterequest/"
_API = "/checkpoint/api/promote-requests/"
READ = "a read from MLflow"
GUARDED = "a direct change, refused"
LOOKS = {
    "the list": Look(_fixed("/checkpoint/")),
    "promoted ones, second page": Look(_fixed("/checkpoint/?q=is%3Apromoted&page=2")),
    "search by words": Look(_found("is:promoted retrained candidate")),
    "search by model and target": Look(_found("is:promoted model:{model} target:champion")),
    "search by author": Look(_found("is:open author:{author}")),
    "search by what reviews say": Look(_found("is:open model:{model} review:required")),
    "the inbox": Look(_fixed("/checkpoint/inbox/")),
    "an open request": Look(lambda site: f"/checkpoint/promote-requests/{site.shown.open}/"),
    "a promoted request": Look(lambda site: f"/checkpoint/promote-requests/{site.shown.promoted}/"),
    "a model's page": Look(lambda site: f"/checkpoint/models/{site.shown.model}/"),
    "the admin's list": Look(_fixed(_ADMIN)),
    "the admin's desk": Look(lambda site: f"{_ADMIN}{site.shown.open}/change/"),
    "rules": Look(_fixed("/checkpoint/rules/")),
    "which rule applies": Look(lambda site: f"/checkpoint/rules/?model={site.shown.model}&target=stage%3AProduction"),
    "rule insights": Look(_fixed("/checkpoint/rules/insights/")),
    "second looks": Look(_fixed("/checkpoint/second-looks/")),
    "the list, API": Look(_fixed(_API), is_page=False),
    "an open request, API": Look(lambda site: f"{_API}{site.shown.open}/", is_page=False),
    GUARDED: Look(
        _fixed("/api/2.0/mlflow/registered-models/alias"),
        403,
        b'{"name": "model-00007", "alias": "champion", "version": "2"}',
        is_page=False,
        is_mlflows=True,
    ),
    READ: Look(_fixed("/api/2.0/mlflow/registered-models/get?name=model-00007"), is_page=False, is_mlflows=True),
}
