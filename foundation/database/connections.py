"""The database connection of the thread that asks."""

from django.db import connections


def release() -> None:
    """Gives the thread's connection back, before it waits for something that is not the database.

    The next query takes one again. Within a transaction nothing happens: it would be lost with its connection.
    """
    for connection in connections.all(initialized_only=True):
        if connection.connection is not None and not connection.in_atomic_block:
            connection.close()
