"""The backend, which Django finds by this module's name."""

import weakref
from typing import Any

from django.db.backends.postgresql import base
from typing_extensions import override

from checkpoint_project.postgresql import slots


class DatabaseWrapper(base.DatabaseWrapper):
    """A thread's connection, one of a bounded number.

    Threads are many, since most wait for MLflow or for a client; PostgreSQL's connections are few, and all processes
    and replicas share them.
    """

    _give_back: weakref.finalize | None = None

    @override
    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        slots.take()
        try:
            connection = super().get_new_connection(conn_params)
        except BaseException:
            slots.give_back()
            raise
        self._give_back = slots.until_gone(connection)
        return connection

    def _close(self) -> None:
        try:
            super()._close()  # type: ignore[misc]  # the stubs lack it
        finally:
            if self._give_back is not None:
                self._give_back()
                self._give_back = None
