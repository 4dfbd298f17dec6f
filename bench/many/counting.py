"""Checkpoint with a header in each answer that says how many queries it took."""

from collections.abc import Callable, Iterable
from typing import Any

from django.db import connection
from typing_extensions import override

from bench.many.looks import QUERIES
from checkpoint_project import wsgi
from proxy.wsgi import Handler

_ASIDE = ("SAVEPOINT", "RELEASE", "ROLLBACK")


class CountingHandler(Handler):
    """Counts the statements of a request until its headers are ready, savepoints not."""

    @override
    def __call__(  # type: ignore[override]  # as in the parent
        self, environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        """Answers one request."""
        count = 0

        def counted(execute: Callable[..., Any], sql: Any, *rest: Any) -> Any:
            nonlocal count
            count += not str(sql).startswith(_ASIDE)
            return execute(sql, *rest)

        def start(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
            return start_response(status, [*headers, (QUERIES, str(count))], *rest)

        with connection.execute_wrapper(counted):
            return super().__call__(environ, start)


application = CountingHandler()
wsgi.application = application
