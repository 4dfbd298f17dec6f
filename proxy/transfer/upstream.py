"""Sends requests to MLflow: one pool of connections per process, time-outs, and at most one repetition."""

import socket
import ssl
import time
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from itertools import chain

from proxy.exceptions import MalformedCall, UpstreamBroken, UpstreamSilent
from proxy.transfer.http1 import Answer, Connection

IDLE_CONNECTIONS = 64
"""How many unused connections are kept; more may be open at once while calls are under way."""

IDLE_SECONDS = 4.0
"""After this an unused connection is not used again: MLflow's server (uvicorn) closes it after five."""

_REPEATABLE = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE"})


@dataclass(frozen=True, slots=True)
class Upstream:
    """Where MLflow is, and how long it may take.

    Attributes:
        netloc: For the header Host: name, and port where the address has one.
        prefix: The address's path without a trailing slash, percent-encoded as configured.
        credentials: The header with Checkpoint's own credentials, (name, value), if it has any.
        connect_seconds: The time-out of a connection.
        read_seconds: The time-out of a read without a byte.
    """

    is_tls: bool
    host: str
    port: int
    netloc: str
    prefix: str
    credentials: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    connect_seconds: float = 5.0
    read_seconds: float = 300.0


class _Pool:
    """Unused connections of this process to one MLflow, the last used first."""

    def __init__(self, to: Upstream) -> None:
        self.to = to
        self._idle: deque[Connection] = deque()
        self._tls = ssl.create_default_context() if to.is_tls else None

    def take(self) -> Connection:
        """Returns a connection that MLflow has not closed, an unused one if there is any."""
        oldest = time.monotonic() - IDLE_SECONDS
        while self._idle:
            try:
                connection = self._idle.pop()
            except IndexError:  # another thread took it between the two lines
                break
            if connection.idle_since > oldest and not connection.is_readable():
                connection.is_reused = True
                return connection
            connection.close()
        return self.connect()

    def connect(self) -> Connection:
        """Returns a new connection.

        Raises:
            UpstreamBroken: MLflow cannot be reached.
            UpstreamSilent: it did not answer in time.
        """
        try:
            sock = socket.create_connection((self.to.host, self.to.port), self.to.connect_seconds)
            if self._tls is not None:
                sock = self._tls.wrap_socket(sock, server_hostname=self.to.host)
        except TimeoutError as error:
            raise UpstreamSilent("MLflow did not accept a connection in time.") from error
        except OSError as error:
            raise UpstreamBroken("MLflow cannot be reached.") from error
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.settimeout(self.to.read_seconds)
        return Connection(sock)

    def give_back(self, connection: Connection) -> None:
        """Keeps a connection for the next call, or closes it if there are enough."""
        if len(self._idle) >= IDLE_CONNECTIONS:
            connection.close()
            return
        connection.client = None
        connection.idle_since = time.monotonic()
        self._idle.append(connection)

    def close_idle(self) -> None:
        """Closes the unused connections."""
        while self._idle:
            self._idle.pop().close()


@cache
def _pool(to: Upstream) -> _Pool:
    return _Pool(to)


def close_idle(to: Upstream) -> None:
    """Closes the unused connections to an MLflow; for tests that stop their MLflow."""
    _pool(to).close_idle()


def send(
    to: Upstream,
    method: str,
    target: str,
    headers: Iterable[tuple[str, str]],
    *,
    body: Iterator[bytes] | None = None,
    client: socket.socket | None = None,
) -> Answer:
    """Sends one request and returns the response as soon as its head has arrived.

    A request is sent a second time only if the connection was an old one, MLflow closed it before the first byte of a
    response, and repeating does no harm: an idempotent method (RFC 9110 section 9.2.2) without a body.

    Args:
        to: The MLflow.
        method: As it goes out.
        target: Path and query, percent-encoded, without the upstream's own prefix.
        headers: All headers but Host and credentials; they say how the body is framed.
        body: The body's pieces as they go over the wire, chunk framing included; none of them is empty.
        client: The connection of the client that waits for the response; when it is closed, so is MLflow's.

    Raises:
        MalformedCall: a header holds a line break (400).
        ClientLeft: the client hung up before the response came (499).
        UpstreamBroken: no connection, or it broke before a response came (502).
        UpstreamSilent: no connection or response in time (504).
    """
    pool = _pool(to)
    lines = [f"{method} {to.prefix}{target} HTTP/1.1\r\n", f"Host: {to.netloc}\r\n"]
    lines += [f"{name}: {value}\r\n" for name, value in headers]
    lines += [f"{name}: {value}\r\n" for name, value in to.credentials]
    text = "".join(lines)
    if text.count("\n") != len(lines) or text.count("\r") != len(lines):
        # No WSGI server lets one through. If one did, a caller could smuggle in a second request.
        raise MalformedCall("A header holds a line break.")
    head = f"{text}\r\n".encode("latin-1")
    # Waits for the client's first bytes before it takes a connection, which MLflow might close meanwhile.
    pieces = None if body is None else chain((head + next(body, b""),), body)
    connection = pool.take()
    try:
        return _exchange(pool, connection, method, pieces or iter((head,)), client)
    except UpstreamBroken as error:
        if not (error.unanswered and connection.is_reused and pieces is None and method in _REPEATABLE):
            raise
    return _exchange(pool, pool.connect(), method, iter((head,)), client)


def _exchange(
    pool: _Pool, connection: Connection, method: str, pieces: Iterator[bytes], client: socket.socket | None
) -> Answer:
    try:
        is_whole = _transmit(connection, pieces)
        connection.client = client
        answer = Answer(connection, method, pool.give_back if is_whole else _discard)
    except TimeoutError as error:
        connection.close()
        raise UpstreamSilent("MLflow did not answer in time.") from error
    except UpstreamBroken:
        connection.close()
        raise
    except OSError as error:
        connection.close()
        raise UpstreamBroken("The connection to MLflow broke before it answered.", unanswered=True) from error
    except BaseException:
        # The caller's body failed, or the process is stopping: MLflow must see an upload that was cut off, not an idle
        # connection with half a request on it.
        connection.close()
        raise
    return answer


def _transmit(connection: Connection, pieces: Iterator[bytes]) -> bool:
    """Sends a request; tells whether all of it was sent.

    MLflow may answer before it has read everything, for example to refuse an upload. Then the rest is not sent, and
    its response counts.
    """
    sock = connection.sock
    try:
        sock.sendall(next(pieces))
        for piece in pieces:
            if connection.is_readable():
                return False
            sock.sendall(piece)
    except (BrokenPipeError, ConnectionResetError):
        if not connection.is_readable():
            raise
        return False
    return True


def _discard(connection: Connection) -> None:
    connection.close()
