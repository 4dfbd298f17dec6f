"""Django's WSGI handler, with the path as it came and small responses in one piece."""

from collections.abc import Callable, Iterable
from typing import Any

from django.core.handlers.wsgi import WSGIHandler, WSGIRequest
from django.http import HttpResponse
from typing_extensions import override

from proxy.transfer.request_line import WIRE_PATH
from proxy.transfer.responses import ProxiedResponse


class ProxyRequest(WSGIRequest):
    """A request that keeps the path's bytes."""

    def __init__(self, environ: dict[str, Any]) -> None:
        environ[WIRE_PATH] = environ.get("PATH_INFO", "")
        super().__init__(environ)


class Handler(WSGIHandler):
    """Returns a complete response as a list: the server then sends head and body at once, and asks for no more."""

    request_class = ProxyRequest

    @override
    def __call__(  # type: ignore[override]  # the stubs promise a response where PEP 3333 asks for any iterable
        self, environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        """Answers one request."""
        response: Any = super().__call__(environ, start_response)
        content: bytes | None = None
        if isinstance(response, ProxiedResponse):
            content = response.whole()
        elif isinstance(response, HttpResponse):
            content = b"".join(response)
        if content:
            # Before it is sent: a client that takes its time would else keep the request's database connection.
            response.close()
            return [content]
        answer: Iterable[bytes] = response
        return answer
