"""The way to MLflow: one pool of connections per process, time-outs, and at most one second try."""

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
"""An unused connection is not used again after this: MLflow's server (uvicorn) closes its side after five."""

_REPEATABLE = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE"})


@dataclass(frozen=True, slots=True)
class Upstream:
    """Where MLflow is, and how long it may take.

    Attributes:
        netloc: For the header Host: name, and port where the address has one.
        prefix: The address's path without a trailing slash, percent-encoded as configured.
        credentials: The header with which Checkpoint itself signs in, (name, value), if it has to.
        connect_seconds: Until a connection must be there.
        read_seconds: Without a byte, until an answer is given up.
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
    """Unused connections of this process to one MLflow, the latest used first."""

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
        """Keeps a connection for the next call, or closes it when there are enough."""
        if len(self._idle) >= IDLE_CONNECTIONS:
            connection.close()
            return
        connection.client = None
        connection.idle_since = time.monotonic()
        self._idle.append(connection)

    def close_idle(self) -> None:
        """Closes the connections that nobody uses."""
        while self._idle:
            self._idle.pop().close()


@cache
def _pool(to: Upstream) -> _Pool:
    return _Pool(to)


def close_idle(to: Upstream) -> None:
    """Closes the connections to an MLflow that nobody uses; for tests that outlive theirs."""
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
    """Sends one request and returns the answer as soon as its head is here.

    A request is sent a second time only when the connection was an old one, MLflow closed it without a byte of an
    answer, and repeating does no harm: an idempotent method (RFC 9110 section 9.2.2) without a body.

    Args:
        to: Which MLflow.
        method: As it goes out.
        target: Path and query, percent-encoded, without the upstream's own prefix.
        headers: All that go out but Host and credentials; they say how the body is framed.
        body: The body's pieces as they go over the wire, chunk framing included; none of them is empty.
        client: The connection of whoever waits for the answer; when it is closed, so is MLflow's.

    Raises:
        MalformedCall: a header would end early and begin another (400).
        ClientLeft: the client hung up before the answer came (499).
        UpstreamBroken: no connection, or it broke before an answer came (502).
        UpstreamSilent: no connection or answer in time (504).
    """
    pool = _pool(to)
    lines = [f"{method} {to.prefix}{target} HTTP/1.1\r\n", f"Host: {to.netloc}\r\n"]
    lines += [f"{name}: {value}\r\n" for name, value in headers]
    lines += [f"{name}: {value}\r\n" for name, value in to.credentials]
    text = "".join(lines)
    if text.count("\n") != len(lines) or text.count("\r") != len(lines):
        # No WSGI server lets one through. If one ever did, it would be a second request of the caller's own making.
        raise MalformedCall("A header holds a line break.")
    head = f"{text}\r\n".encode("latin-1")
    # The client's first bytes are awaited before a connection is taken: one that lies waiting may be closed meanwhile.
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
        # The caller's body failed, or the process is told to stop: MLflow must see an upload that was cut, not an
        # idle connection with half a request on it.
        connection.close()
        raise
    return answer


def _transmit(connection: Connection, pieces: Iterator[bytes]) -> bool:
    """Sends a request; tells whether all of it went out.

    MLflow may answer before it has read everything, to refuse an upload for example. Then the rest stays unsent and
    its answer counts.
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
