"""The client's connection, where the WSGI server shows it, as gunicorn does."""

import select
import socket
import ssl
from typing import Any

Environ = dict[str, Any]


def connection(environ: Environ) -> socket.socket | None:
    """Returns the socket, to notice that the client hangs up and for nothing else; None where it is not to be had."""
    found: socket.socket | None = environ.get("gunicorn.socket")
    return found


def has_gone(environ: Environ) -> bool:
    """Tells whether the client hung up, as far as the WSGI server lets us look at its socket."""
    sock = connection(environ)
    if sock is None or isinstance(sock, ssl.SSLSocket):
        return False
    poll = select.poll()
    try:
        poll.register(sock, select.POLLIN)
        return bool(poll.poll(0)) and not sock.recv(1, socket.MSG_PEEK)
    except (OSError, ValueError):
        return True
