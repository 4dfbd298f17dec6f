"""Checks the address on which a server will listen."""

import errno
import os
import socket

from foundation.env import ConfigurationError


def require_free(host: str, port: int) -> None:
    """Refuses an address that is in use, or on which this machine or user cannot listen.

    Checked before gunicorn starts, because gunicorn tries five times, seconds apart, before it reports this.

    Raises:
        ConfigurationError: one line that names the address and what to do.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except (socket.gaierror, UnicodeError):  # the second: a label of a name is too long
        raise ConfigurationError(f"{host} is not an address of this machine: use --host 0.0.0.0 for all.") from None
    with socket.socket(family, kind, protocol) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(address)
        except OSError as error:
            raise ConfigurationError(_explained(error, host, port)) from None


def processors() -> int:
    """Returns how many processors this process may use, which in a container is fewer than the machine has."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _explained(error: OSError, host: str, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"port {port} is in use: stop what listens there, or choose another with --port."
    if error.errno == errno.EACCES:
        return f"port {port} is reserved for root: choose one above 1023 with --port."
    return f"{host}:{port} cannot be listened on: {error.strerror}."
