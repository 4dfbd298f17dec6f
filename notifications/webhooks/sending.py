"""Makes calls to a webhook: to the address that was judged, once each, within a time and a size.

Nothing is followed and nothing is believed: a redirect is an answer like others that are no success. No proxy that
the environment names stands between: it would resolve the name itself, and nobody would have judged what it calls.
"""

import socket
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from http.client import HTTPException, HTTPResponse
from typing import Any
from urllib.parse import SplitResult, urlsplit

from foundation.texts import storable_text
from notifications.webhooks.addresses import AddressRefused, refuse_upstream, resolve
from notifications.webhooks.line import Line, NothingCame, left

SECONDS = 10.0
"""For everything: the name's address, connecting, sending, the whole answer, and a first try on a kept connection that
the receiver turns out to have ended."""
_LONGEST_WISH = timedelta(days=1)
"""That a receiver wants to be left alone for."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a call.

    Attributes:
        status: None where no answer came.
        error: Why it is no success, in words; "" for a success.
        asked_for: How long the receiver wants to be left alone.
    """

    status: int | None = None
    headers: dict[str, str] = field(default_factory=dict)
    body: str = ""
    error: str = ""
    milliseconds: int = 0
    asked_for: timedelta | None = None


class Sender:
    """Makes calls to one address, over one connection as long as the receiver keeps it.

    Use it for a batch, not longer: what a name leads to is judged when a connection is made.
    """

    def __init__(self, url: str, *, private_allowed: bool, never: str = "") -> None:
        """Calls nobody yet.

        Args:
            url: Where it is to call.
            private_allowed: Whether others than public addresses may be called.
            never: An address that is not called in any case: that of MLflow.
        """
        self._url = url
        self._never = never
        self._private_allowed = private_allowed
        self._line: Line | None = None

    def __enter__(self) -> "Sender":
        return self

    def __exit__(self, *_: object) -> None:
        self._hang_up()

    def post(self, headers: Mapping[str, str], body: bytes) -> Answer:
        """Sends a body and returns what came of it; never raises for what the other side does."""
        begun = time.monotonic()
        try:
            parts = urlsplit(self._url)
            message = _head(parts, headers, len(body)) + body
            return _answer(*self._call(parts, message, begun + SECONDS), begun)
        except AddressRefused as error:
            why = str(error)
        except TimeoutError:
            why = f"No whole answer within {SECONDS:g} seconds."
        except ssl.SSLError as error:
            why = f"No secure connection: {getattr(error, 'verify_message', '') or error.reason or error}."
        except (OSError, HTTPException, ValueError) as error:
            why = f"No answer: {getattr(error, 'strerror', '') or error or type(error).__name__}."
        self._hang_up()
        # Whatever came instead of an answer may be quoted in it.
        return Answer(error=storable_text(why), milliseconds=_since(begun))

    def _call(self, parts: SplitResult, message: bytes, deadline: float) -> tuple[HTTPResponse, bytes]:
        if self._line is not None and self._line.may_be_used():
            try:
                return self._line.call(message, deadline)
            except NothingCame:
                pass  # the receiver ended the connection at this moment: that is no answer to anything
        self._hang_up()
        addresses = resolve(parts, private_allowed=self._private_allowed)
        if self._never:
            refuse_upstream(addresses, self._never)
        self._line = Line(_connected(parts, addresses, deadline))
        return self._line.call(message, deadline)

    def _hang_up(self) -> None:
        if self._line is not None:
            self._line.close()
            self._line = None


def _connected(parts: SplitResult, addresses: list[Any], deadline: float) -> socket.socket:
    """Returns a connection to the first of the addresses that takes one."""
    failure: OSError = OSError("no address")
    for family, address in addresses:
        connection = socket.socket(family, socket.SOCK_STREAM)
        try:
            connection.settimeout(left(deadline))
            connection.connect(address)
            if parts.scheme == "https":
                return _trust().wrap_socket(connection, server_hostname=parts.hostname)
        except OSError as error:
            connection.close()
            failure = error
        else:
            return connection
    raise failure


@cache
def _trust() -> ssl.SSLContext:
    return ssl.create_default_context()


def _head(parts: SplitResult, headers: Mapping[str, str], length: int) -> bytes:
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    host = parts.netloc.rpartition("@")[2]
    lines = [f"POST {path} HTTP/1.1", f"Host: {host}", f"Content-Length: {length}"]
    return "\r\n".join([*lines, *(f"{name}: {value}" for name, value in headers.items()), "", ""]).encode("ascii")


def _answer(response: HTTPResponse, body: bytes, begun: float) -> Answer:
    return Answer(
        status=response.status,
        headers={storable_text(name): storable_text(value[:1_000]) for name, value in response.getheaders()[:100]},
        body=storable_text(body.decode("utf-8", "replace")),
        error=_failure(response),
        milliseconds=_since(begun),
        asked_for=_wish(response.getheader("Retry-After", "")),
    )


def _failure(response: HTTPResponse) -> str:
    if 200 <= response.status < 300:
        return ""
    if 300 <= response.status < 400:
        return f"It answered {response.status} and wants to be called elsewhere, which is not followed."
    return f"It answered {response.status}."


def _wish(retry_after: str) -> timedelta | None:
    is_number = retry_after.isascii() and retry_after.isdigit() and len(retry_after) < 10
    return min(timedelta(seconds=int(retry_after)), _LONGEST_WISH) if is_number else None


def _since(begun: float) -> int:
    return round((time.monotonic() - begun) * 1000)
