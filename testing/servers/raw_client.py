"""HTTP by hand: what a test sends and what it sees are bytes, nothing is tidied up on the way."""

import json
import socket
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from testing.waiting import LONG, wait_until


@dataclass
class Exchange:
    """An answer as it came.

    Attributes:
        is_whole: Whether the body ended as its header announced.
    """

    status: int
    headers: list[tuple[str, str]]
    body: bytes
    is_whole: bool

    def header(self, name: str) -> list[str]:
        return [value for found, value in self.headers if found.lower() == name.lower()]

    def json(self) -> Any:
        return json.loads(self.body)


def wait_for_port(port: int, process: "subprocess.Popen[bytes]", log: Path) -> None:
    """Returns once the process listens; fails as soon as it has ended."""

    def listens() -> bool:
        assert process.poll() is None, log.read_text()
        try:
            with socket.create_connection(("127.0.0.1", port)):
                return True
        except OSError:
            return False

    wait_until(listens, f"listening on {port}")


def exchange(
    port: int, method: str, target: str, headers: list[tuple[str, str]], body: bytes = b"", *, timeout: float = LONG
) -> Exchange:
    with socket.create_connection(("127.0.0.1", port), timeout) as sock:
        sock.sendall(head(method, target, headers) + body)
        return read(sock, method)


def head(method: str, target: str, headers: list[tuple[str, str]]) -> bytes:
    lines = [f"{method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in headers)]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def read(sock: socket.socket, method: str) -> Exchange:
    with sock.makefile("rb") as reader:
        return _read(reader, method)


def _status(reader: Any) -> int:
    line = reader.readline()
    if not line:
        raise ConnectionResetError("The server closed the connection without an answer.")
    return int(line.split()[1])


def _read(reader: Any, method: str) -> Exchange:
    status = _status(reader)
    while status == 100:
        assert reader.readline() == b"\r\n"
        status = _status(reader)
    found = []
    while (line := reader.readline().decode("latin-1").rstrip("\r\n")) != "":
        name, _, value = line.partition(":")
        found.append((name, value.strip()))
    answer = Exchange(status, found, b"", is_whole=True)
    if method == "HEAD" or status in {204, 304}:
        return answer
    if answer.header("Transfer-Encoding") == ["chunked"]:
        answer.body, answer.is_whole = _read_chunks(reader)
    elif answer.header("Content-Length"):
        length = int(answer.header("Content-Length")[0])
        answer.body = _read_all(reader, length)
        answer.is_whole = len(answer.body) == length
    else:
        answer.body = reader.read()
    return answer


def _read_all(reader: Any, length: int) -> bytes:
    try:
        return bytes(reader.read(length))
    except ConnectionResetError:
        return b""


def _read_chunks(reader: Any) -> tuple[bytes, bool]:
    pieces = []
    try:
        while line := reader.readline():
            size = int(line, 16)
            pieces.append(reader.read(size))
            reader.readline()
            if not size:
                return b"".join(pieces), True
    except ConnectionResetError:
        pass
    return b"".join(pieces), False
