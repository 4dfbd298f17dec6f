"""What one of many people does, and how it is answered."""

import http.client
import json
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any, Self
from urllib.parse import urlsplit

from bench.large.fill import MODEL
from bench.registry import bearer_header, session_header

API = "/checkpoint/api/promote-requests/"
TIMEOUT = 120.0


@dataclass(slots=True)
class Client:
    """Somebody with a token for the API and a session for the pages.

    Attributes:
        number: Of the person, so that no two ask for the same.
        asked: How many requests the person has made.
        newest: The number of the newest request that anybody was told of.
    """

    netloc: str
    token: dict[str, str]
    session: dict[str, str]
    number: int
    asked: int = 0
    newest: int = 0

    @classmethod
    def of(cls, url: str, person: dict[str, str], number: int) -> Self:
        return cls(urlsplit(url).netloc, bearer_header(person["token"]), session_header(person["session"]), number)

    def call(self, method: str, path: str, headers: dict[str, str], message: Any = None) -> tuple[int, bytes]:
        """Makes a call over a connection of its own and returns status and body."""
        connection = http.client.HTTPConnection(self.netloc, timeout=TIMEOUT)
        body = None if message is None else json.dumps(message).encode()
        kind = {} if body is None else {"Content-Type": "application/json"}
        try:
            connection.request(method, path, body, {**headers, **kind})
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()


def ask(client: Client, chance: Random) -> int:
    """Opens a request for an alias that nobody else asks for."""
    client.asked += 1
    target = {"kind": "alias", "name": f"p{client.number}-{client.asked}"}
    message = {"model_name": MODEL, "version": str(chance.randint(1, 300)), "target": target, "title": "Busy"}
    status, body = client.call("POST", API, client.token, message)
    if status == 201:
        client.newest = json.loads(body)["number"]
    return status


def comment(client: Client, chance: Random) -> int:
    """Says something on a request."""
    return client.call("POST", f"{API}{_some(client, chance)}/comments/", client.token, {"body": "Looks good."})[0]


def judge(client: Client, chance: Random) -> int:
    """Asks for changes of somebody's request."""
    message = {"verdict": "request_changes", "body": "Show the recall."}
    return client.call("POST", f"{API}{_some(client, chance)}/reviews/", client.token, message)[0]


def look(client: Client, chance: Random) -> int:
    """Opens a request's page."""
    return client.call("GET", f"/checkpoint/promote-requests/{_some(client, chance)}/", client.session)[0]


def look_round(client: Client, chance: Random) -> int:
    """Opens the list."""
    return client.call("GET", "/checkpoint/", client.session)[0]


def read_mlflow(client: Client, chance: Random) -> int:
    """Reads from MLflow, past all of this."""
    return client.call("GET", f"/api/2.0/mlflow/registered-models/get?name={MODEL}", client.token)[0]


def _some(client: Client, chance: Random) -> int:
    return chance.randint(1, max(client.newest, 1))


DEEDS: dict[str, Callable[[Client, Random], int]] = {
    "ask for a promotion": ask,
    "comment": comment,
    "request changes": judge,
    "a request's page": look,
    "the list": look_round,
    "read from MLflow": read_mlflow,
}
