"""The client's connection, where the WSGI server tells too little about it.

Two things a WSGI application cannot say or hear under granian 2.8.7 (read: its `src/wsgi/io.rs` and `types.rs`; tried):

* An iterator that fails ends a chunked answer with a proper last chunk, so that a download cut short looks whole.
* A chunked upload that the client breaks off reads as if it had ended, so that half an artifact looks whole.

Granian does not hand over the socket either, nor the client's port. But the socket is one of this process's own, and
Linux counts the bytes of each (tcp(7), TCP_INFO). So the connection is found by what it carried. With a declared
length neither happens, and gunicorn is right in both cases.
"""

import fcntl
import os
import random
import socket
import stat
import struct
import sys
import termios
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

Environ = dict[str, Any]
Peer = tuple[str, int]
"""The client's address and port."""

_ESTABLISHED = 1
_COUNTERS_AT = 120
"""Where `struct tcp_info` (linux/tcp.h, since 4.1) has tcpi_bytes_acked and tcpi_bytes_received."""

_STEP = 512
_OVERHEAD = 256  # of chunk framing and of TLS records around one piece
_ROUNDS = 20
_ROUND_SECONDS = 1.0


def is_needed(environ: Environ) -> bool:
    """Tells whether this server needs what this module does."""
    return environ.get("SERVER_SOFTWARE") == "Granian" and sys.platform == "linux"


@dataclass(frozen=True, slots=True)
class Connection:
    """One connection as the kernel sees it.

    Attributes:
        received: Bytes that came from the client since it was opened.
        written: Bytes that the server wrote to it since it was opened.
    """

    is_established: bool
    received: int
    written: int


def connections(environ: Environ) -> dict[Peer, Connection]:
    """Returns this process's connections with the request's client address; one of them is the request's own."""
    found: dict[Peer, Connection] = {}
    _each(environ, lambda peer, sock: found.__setitem__(peer, _counters(sock)))
    return found


def shut(environ: Environ, peer: Peer) -> None:
    """Ends a connection, so that nothing more is written to it."""
    _each(environ, lambda found, sock: sock.shutdown(socket.SHUT_RDWR) if found == peer else None)


def _each(environ: Environ, visit: Callable[[Peer, socket.socket], None]) -> None:
    """Shows each connection with the request's client to `visit`, as a duplicate that lives no longer than that."""
    address, port = environ.get("REMOTE_ADDR", ""), environ.get("SERVER_PORT", "")
    for name in os.listdir("/proc/self/fd"):
        try:
            if not stat.S_ISSOCK(os.fstat(int(name)).st_mode):
                continue
            with socket.socket(fileno=os.dup(int(name))) as sock:
                if sock.family not in {socket.AF_INET, socket.AF_INET6} or str(sock.getsockname()[1]) != port:
                    continue
                peer = sock.getpeername()
                if peer[0] == address:
                    visit((peer[0], peer[1]), sock)
        except OSError:
            continue  # closed since the list was made, or listening and not connected


def _counters(sock: socket.socket) -> Connection:
    info = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 256)
    acknowledged, received = struct.unpack_from("QQ", info, _COUNTERS_AT)
    (queued,) = struct.unpack("i", fcntl.ioctl(sock.fileno(), termios.TIOCOUTQ, b"\0" * 4))
    return Connection(info[0] == _ESTABLISHED, received, acknowledged + queued)


class UploadWatch:
    """Tells a chunked upload that ended from one that was broken off.

    Looks at the client's connections before the first byte is read, now and then, and at the end. The upload's own is
    among those that have received at least as much as was read of it. If one of these has gone, the upload does not
    count as whole. So an upload that was broken off is refused; rarely one that was not is refused as well, when
    another connection of the same client, as much used, was closed meanwhile, or when the client closes its sending
    half before it has the answer. Not seen: an upload broken off before
    the first look, while another connection from the same address has received as much.
    """

    _LOOK_EVERY = 4 * 1024 * 1024

    def __init__(self, environ: Environ) -> None:
        self._environ = environ
        self._suspects = set(connections(environ))
        self._looked_at = 0

    def saw(self, received: int) -> None:
        """Is told how many bytes of the body have been read so far."""
        if received - self._looked_at >= self._LOOK_EVERY:
            self._looked_at = received
            now = connections(self._environ)
            self._suspects = {peer for peer in self._suspects if peer not in now or now[peer].received >= received}

    def is_whole(self, received: int) -> bool:
        """Tells, after the end of the body, whether the client is still there to have ended it."""
        now = connections(self._environ)
        suspects = {peer for peer in self._suspects if peer not in now or now[peer].received >= received}
        return bool(suspects) and all(peer in now and now[peer].is_established for peer in suspects)


def break_off(environ: Environ) -> Iterator[bytes]:
    """Breaks the answer's connection off, so that the client sees a cut and not an end.

    Yields what has to be sent for that: line feeds in amounts that no other connection will carry at the same moment,
    by which the connection is recognised. They follow what had come of an answer that the client is about to find
    broken, and are dropped with it. Where the connection is not found, for one because the client does not read, this
    ends without having broken anything.
    """
    suspects = set(connections(environ))
    times_alone = 0
    for _ in range(_ROUNDS):
        before = connections(environ)
        amount = _STEP * random.randint(2, 64)
        yield b"\n" * amount
        matching = _wait_for(environ, suspects, before, amount)
        if not matching:
            continue
        suspects = matching
        times_alone = times_alone + 1 if len(suspects) == 1 else 0
        if times_alone == 2:
            shut(environ, suspects.pop())
            return


def _wait_for(environ: Environ, suspects: set[Peer], before: dict[Peer, Connection], amount: int) -> set[Peer]:
    """Returns those of the connections to which about that amount was written, as soon as there is one."""
    end = time.monotonic() + _ROUND_SECONDS
    while time.monotonic() < end:
        now = connections(environ)
        written = {peer: now[peer].written - before[peer].written for peer in suspects & now.keys() & before.keys()}
        matching = {peer for peer, growth in written.items() if amount <= growth <= amount + _OVERHEAD}
        if matching:
            return matching
        time.sleep(0.005)
    return set()
