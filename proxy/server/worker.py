"""The worker of the production server: gunicorn's threads, each of which keeps its connection for a while.

Gunicorn's own threaded worker gives every connection back to its main thread after each request, which costs three
changes of thread per request. Here a thread waits a moment for the connection's next request, while there are spare
threads, and then gives the connection back.
"""

import errno
import json
import math
import select
import selectors
import socket
import time
from concurrent.futures import Future
from functools import partial
from typing import Any

from django.conf import settings
from gunicorn import util
from gunicorn.http import errors, wsgi
from gunicorn.workers import gthread

from foundation import logs
from foundation.exceptions import CheckpointError
from proxy.server.reading import Parser
from proxy.server.writing import Response

STAY_SECONDS = 1.0
"""How long a thread waits for its connection's next request; this may delay a worker's stop by as much."""

LINGER_SECONDS = 2.0
"""How long a stopping worker keeps connections that have no request. Whoever has one open uses it, or loses nothing."""
STOPPING_LOOKS_SECONDS = 0.2


class Connection(gthread.TConn):
    """A client's connection."""

    parser: Parser
    _is_closed = False

    def init(self) -> None:
        """Prepares the connection for its first request."""
        is_new = not self.initialized
        super().init()
        if is_new and not self.is_http2:
            self.parser = Parser(self.cfg, self.sock, self.client)

    def end(self) -> None:
        """Ends the connection so that the client gets all of the last response; takes two seconds at most."""
        self._is_closed = True
        self.sock.setblocking(True)
        util.close_graceful(self.sock)

    def close(self, graceful: bool = False) -> None:
        """Closes the connection, unless it was ended: gunicorn's own would do that in the main thread."""
        if not self._is_closed:
            super().close(graceful)


class Worker(gthread.ThreadWorker):
    """Answers requests in threads."""

    _idle_until = math.inf

    def init_process(self) -> None:
        """Runs in the worker process until it ends."""
        # Gunicorn looks up each setting slowly, a dozen times per request. From here on they no longer change.
        self.cfg.__dict__.update({name: setting.get() for name, setting in self.cfg.settings.items()})
        super().init_process()

    def accept(self, listener: socket.socket) -> None:
        """Takes a new connection and gives it to a thread."""
        try:
            sock, client = listener.accept()
        except OSError as error:
            if error.errno in {errno.EAGAIN, errno.ECONNABORTED}:
                return  # another worker was quicker, or the client has gone
            raise
        self.nr_conns += 1
        self.enqueue_req(Connection(self.cfg, sock, client, listener.getsockname()))

    def set_accept_enabled(self, enabled: bool) -> None:
        """Starts or stops accepting connections; a worker that stops takes those that wait, and then listens no more.

        Whoever connects later is refused at once, and goes to another replica. Gunicorn would leave the door open until
        everything has ended, and nobody behind it.
        """
        if not self.alive:
            self._take_who_waits()
        super().set_accept_enabled(enabled)
        if not self.alive:
            for listener in self.sockets:
                listener.close()
            self._idle_until = time.monotonic() + LINGER_SECONDS

    def _take_who_waits(self) -> None:
        for listener in self.sockets:
            taken = -1
            while taken < self.nr_conns < self.worker_connections:
                taken = self.nr_conns
                self.accept(listener)

    def finish_request(self, conn: Any, fs: "Future[Any]") -> None:
        """Keeps a connection for its next request; a moment only in a worker that stops, and gunicorn not at all.

        Its last answer may have been sent before the stop, and said that the connection stays.
        """
        if self.alive or fs.cancelled() or fs.exception() is not None or not fs.result():
            super().finish_request(conn, fs)
            return
        conn.sock.setblocking(False)
        conn.data_ready = True  # once it is readable
        conn.timeout = self._idle_until
        self.keepalived_conns.append(conn)
        self.poller.register(conn.sock, selectors.EVENT_READ, partial(self.on_client_socket_readable, conn))

    def wait_for_and_dispatch_events(self, timeout: float) -> None:
        """Waits for requests and for what threads have done; in a worker that stops, connections without one end soon.

        Not at once: a request may be on its way. It is answered, and the answer says that the connection ends.
        """
        if self.alive or not self.sockets:
            super().wait_for_and_dispatch_events(timeout)
            return
        for conn in (*self.keepalived_conns, *self.pending_conns):
            conn.timeout = min(conn.timeout, self._idle_until)
        super().wait_for_and_dispatch_events(min(timeout, STOPPING_LOOKS_SECONDS))

    def handle(self, conn: Any) -> Any:
        """Answers a connection's requests for as long as they come without a pause; called in a thread.

        Returns:
            Whether the connection may be kept, or what gunicorn returns if no request has come yet.
        """
        keeps = self._handle_one(conn)
        while keeps is True and self._next_has_come(conn):
            keeps = self._handle_one(conn)
        if keeps is False:
            conn.end()
        return keeps

    def _handle_one(self, conn: Any) -> Any:
        try:
            return super().handle(conn)
        finally:
            logs.request_id.set("")

    def _next_has_come(self, conn: Any) -> bool:
        if not self.alive:
            return False
        if conn.parser.has_more:
            return True
        # Half of the threads stay free for connections that have a request already.
        busy = self.nr_conns - len(self.keepalived_conns) - len(self.pending_conns)
        seconds = STAY_SECONDS if busy <= self.cfg.threads // 2 else 0.0
        poll = select.poll()
        poll.register(conn.sock, select.POLLIN)
        return bool(poll.poll(seconds * 1000))

    def handle_request(self, req: Any, conn: Any) -> bool:
        """Answers one request; tells whether the connection may be kept."""
        response, environ = wsgi.create(req, conn.sock, conn.client, conn.server, self.cfg, response_class=Response)
        environ["wsgi.multithread"] = True
        if not self.alive or len(self.keepalived_conns) >= self.max_keepalived:
            response.force_close()
        pieces = self.wsgi(environ, response.start_response)
        try:
            for piece in pieces:
                response.write(piece)
            response.close()
        except ConnectionError:
            return False  # the client has gone; the access log says so
        except (CheckpointError, TimeoutError) as error:
            # The head has announced more than will come. Ending the connection here shows that to the client.
            self.log.warning("An answer was broken off: %s", error or "the client took too long.")
            return False
        except Exception:
            if not response.headers_sent:
                raise
            self.log.exception("An answer failed in the middle and was broken off")
            return False
        finally:
            if hasattr(pieces, "close"):
                pieces.close()
        return not response.should_close()

    def handle_error(self, req: Any, client: socket.socket, addr: Any, exc: Exception) -> None:
        """Answers a malformed request, or one that failed, with MLflow's error JSON; closes nothing."""
        status, code, text = _explained(exc)
        if status == 500:
            self.log.error("A request failed", exc_info=exc)
        else:
            self.log.info("No request from %s: %s", addr[0] if addr else "a local client", type(exc).__name__)
        content = json.dumps({"error_code": code, "message": text}).encode()
        head = (
            f"HTTP/1.1 {status} {_REASONS[status]}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(content)}\r\nCache-Control: no-store\r\nConnection: close\r\n\r\n"
        )
        try:
            client.sendall(head.encode("ascii") + content)
        except OSError:
            self.log.debug("Nobody was there to be told.")


_REASONS = {
    400: "Bad Request",
    417: "Expectation Failed",
    431: "Request Header Fields Too Large",
    500: "Internal Server Error",
    501: "Not Implemented",
}


def _explained(error: Exception) -> tuple[int, str, str]:
    """Returns status, error code and sentence; repeats nothing that came from the client."""
    if isinstance(error, errors.LimitRequestHeaders | errors.LimitRequestLine):
        text = (
            f"The address and headers are longer than {settings.CHECKPOINT_HEADER_BYTES} bytes "
            "(CHECKPOINT_HEADER_BYTES), or one of them is too long, or there are too many."
        )
        return 431, "REQUEST_LIMIT_EXCEEDED", text
    if isinstance(error, errors.UnsupportedTransferCoding):
        return 501, "BAD_REQUEST", "The body must be sent with its length, or chunked."
    if isinstance(error, errors.ExpectationFailed):
        return 417, "BAD_REQUEST", "The header Expect asks for something else than 100-continue."
    if isinstance(error, errors.ParseException):
        return 400, "BAD_REQUEST", "This is not an HTTP request, or one that could be read in two ways."
    return 500, "INTERNAL_ERROR", "The request failed. The server's log says why."
