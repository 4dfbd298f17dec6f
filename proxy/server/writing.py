"""Writes responses: the head and the first bytes of the body together."""

from typing import Any

from gunicorn import util
from gunicorn.http import wsgi


class Response(wsgi.Response):
    """Gunicorn's response, in one packet if it is small; gunicorn itself sends the head alone."""

    headers_sent: bool

    def __init__(self, req: Any, sock: Any, cfg: Any) -> None:
        super().__init__(req, sock, cfg)
        self.version = "Checkpoint"  # in the header Server
        self._head = b""

    def write(self, arg: bytes) -> None:
        """Sends a piece of the body; with b"" only the head, if that was not sent yet."""
        if arg and not self.headers_sent:
            lines = [*self.default_headers(), *(f"{name}: {value}\r\n" for name, value in self.headers), "\r\n"]
            self._head = "".join(lines).encode("latin-1")
            self.headers_sent = True
        super().write(arg)
        self._send_head()

    def _emit_body(self, data: bytes) -> None:
        head, self._head = self._head, b""
        if self.chunked:
            self.sock.sendall(b"%b%x\r\n%b\r\n" % (head, len(data), data))
        else:
            self.sock.sendall(head + data if head else data)

    def _send_head(self) -> None:
        """Sends a head without a body, for a response to HEAD."""
        head, self._head = self._head, b""
        if head:
            util.write(self.sock, head)
