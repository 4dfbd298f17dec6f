"""A tiny upstream on a real socket: it says what it got byte for byte, or does what a test tells it to."""

import hashlib
import json
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType


@dataclass
class Received:
    """One request as its bytes came, with the socket to answer on."""

    method: str
    target: str
    headers: list[tuple[str, str]]
    sock: socket.socket
    body: bytearray = field(default_factory=bytearray)
    length: int = 0
    digest: str = ""
    is_whole: bool = False
    is_over: bool = False
    """Whether its body has ended, whole or not."""

    def header(self, name: str) -> list[str]:
        return [value for found, value in self.headers if found.lower() == name.lower()]

    def names(self) -> set[str]:
        return {name.lower() for name, _ in self.headers}

    def answer(self, body: bytes = b"", *, status: str = "200 OK", headers: tuple[str, ...] = ()) -> None:
        lines = [f"HTTP/1.1 {status}", *headers, f"Content-Length: {len(body)}"]
        self.sock.sendall("\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body)

    def hang_up(self) -> None:
        self.sock.shutdown(socket.SHUT_RDWR)
        self.sock.close()

    def send(self, data: bytes) -> None:
        self.sock.sendall(data)


Handler = Callable[[Received], None]


class EchoUpstream:
    """Listens on a free loopback port; answers each request with JSON that describes it, unless told otherwise."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port = self._listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.requests: list[Received] = []
        self.connections = 0
        self._handlers: dict[str, Handler] = {}
        self._early: set[str] = set()
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def settings(self) -> dict[str, str]:
        """What puts Checkpoint in front of it, which is no MLflow: it has other routes, and says no version."""
        return {"CHECKPOINT_REGISTRY_URL": self.url, "CHECKPOINT_UNKNOWN_WRITES": "pass"}

    def on(self, path: str, handler: Handler, *, before_body: bool = False) -> str:
        """Lets `handler` answer a path; with `before_body` before the request's body is read."""
        self._handlers[path] = handler
        if before_body:
            self._early.add(path)
        return path

    def last(self, path: str) -> Received:
        return next(found for found in reversed(self.requests) if found.target.split("?")[0] == path)

    @property
    def passed_on(self) -> list[Received]:
        """The requests that somebody made, without those by which Checkpoint itself looks at what is sealed."""
        return [found for found in self.requests if found.header("User-Agent") != ["checkpoint"]]

    def got(self, path: str) -> bool:
        return any(found.target.split("?")[0] == path for found in self.requests)

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._serve, args=(sock,), daemon=True).start()

    def _serve(self, sock: socket.socket) -> None:
        with sock:
            reader = sock.makefile("rb")
            try:
                while self._one(sock, reader):
                    pass
            except OSError:
                return

    def _one(self, sock: socket.socket, reader) -> bool:
        line = reader.readline().decode("latin-1").rstrip("\r\n")
        if not line:
            return False
        method, target, _ = line.split(" ")
        headers = []
        while (header := reader.readline().decode("latin-1").rstrip("\r\n")) != "":
            name, _, value = header.partition(":")
            headers.append((name, value.strip()))
        request = Received(method, target, headers, sock)
        self.requests.append(request)
        path = target.split("?")[0]
        handler = self._handlers.get(path, _echo)
        if path in self._early:
            handler(request)
            return False
        try:
            _read_body(request, reader)
        finally:
            request.is_over = True
        if not request.is_whole:
            return False
        handler(request)
        return sock.fileno() >= 0

    def close(self) -> None:
        self._listener.close()

    def __enter__(self) -> "EchoUpstream":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _read_body(request: Received, reader) -> None:
    digest = hashlib.sha256()

    def take(count: int) -> bool:
        while count:
            piece = reader.read1(min(count, 1 << 20))
            if not piece:
                return False
            digest.update(piece)
            request.length += len(piece)
            if request.length <= 1 << 20:
                request.body += piece
            count -= len(piece)
        return True

    if request.header("Transfer-Encoding") == ["chunked"]:
        while True:
            line = reader.readline()
            if not line:
                return
            size = int(line, 16)
            if not take(size):
                return
            reader.readline()
            if not size:
                break
    elif request.header("Content-Length") and not take(int(request.header("Content-Length")[0])):
        return
    request.digest = digest.hexdigest()
    request.is_whole = True


def _echo(request: Received) -> None:
    told = {
        "method": request.method,
        "target": request.target,
        "headers": request.headers,
        "length": request.length,
        "sha256": request.digest,
    }
    body = json.dumps(told).encode()
    if request.method == "HEAD":
        request.sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body))
    else:
        request.answer(body, headers=("Content-Type: application/json",))
