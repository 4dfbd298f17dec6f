"""Makes one call to a webhook: to the address that was judged, once, within a time and a size.

Nothing is followed and nothing is believed: a redirect is an answer like others that are no success.
"""

import io
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

from typing_extensions import override

from notifications.webhooks.addresses import AddressRefused, resolve

SECONDS = 10.0
"""For everything: connecting, sending, and the whole answer. Only the name's address has to be known before."""
MOST_BYTES = 64 * 1024
"""Of an answer that are read and kept."""
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


def post(url: str, headers: Mapping[str, str], body: bytes, *, private_allowed: bool) -> Answer:
    """Sends a body and returns what came of it; never raises for what the other side does."""
    begun = time.monotonic()
    try:
        parts = urlsplit(url)
        addresses = resolve(parts, private_allowed=private_allowed)
        deadline = time.monotonic() + SECONDS
        with _connected(parts, addresses, deadline) as connection:
            connection.settimeout(_left(deadline))
            connection.sendall(_head(parts, headers, len(body)) + body)
            return _answer(connection, deadline, begun)
    except AddressRefused as error:
        why = str(error)
    except TimeoutError:
        why = f"No whole answer within {SECONDS:g} seconds."
    except ssl.SSLError as error:
        why = f"No secure connection: {getattr(error, 'verify_message', '') or error.reason or error}."
    except (OSError, HTTPException, ValueError) as error:
        why = f"No answer: {getattr(error, 'strerror', '') or error or type(error).__name__}."
    return Answer(error=why, milliseconds=_since(begun))


def _connected(parts: SplitResult, addresses: list[Any], deadline: float) -> socket.socket:
    """Returns a connection to the first of the addresses that takes one."""
    failure: OSError = OSError("no address")
    for family, address in addresses:
        connection = socket.socket(family, socket.SOCK_STREAM)
        try:
            connection.settimeout(_left(deadline))
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
    lines = [f"POST {path} HTTP/1.1", f"Host: {host}", "Connection: close", f"Content-Length: {length}"]
    return "\r\n".join([*lines, *(f"{name}: {value}" for name, value in headers.items()), "", ""]).encode("ascii")


def _answer(connection: socket.socket, deadline: float, begun: float) -> Answer:
    response = HTTPResponse(_Timed(connection, deadline), method="POST")  # type: ignore[arg-type] # makes a file of it
    response.begin()
    body = response.read(MOST_BYTES)
    return Answer(
        status=response.status,
        headers={name: value[:1_000] for name, value in response.getheaders()[:100]},
        body=body.decode("utf-8", "replace").replace("\x00", "\ufffd"),
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


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


def _since(begun: float) -> int:
    return round((time.monotonic() - begun) * 1000)


class _Timed(io.RawIOBase):
    """Reads a socket until a moment, however little it gets each time: a time-out alone begins anew with each byte."""

    def __init__(self, connection: socket.socket, deadline: float) -> None:
        self._connection = connection
        self._deadline = deadline

    def makefile(self, mode: str) -> io.BufferedReader:
        """Returns itself as the file that `HTTPResponse` reads."""
        return io.BufferedReader(self)

    @override
    def readable(self) -> bool:
        return True

    @override
    def readinto(self, buffer: Any) -> int:
        self._connection.settimeout(_left(self._deadline))
        return self._connection.recv_into(buffer)
