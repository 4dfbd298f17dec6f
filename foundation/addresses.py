"""Where Checkpoint is: its own part of the address space, and its public address."""

from django.conf import settings

PORTAL = "/checkpoint/"
"""Everything below this path is Checkpoint's; everything else is MLflow's."""


def absolute(path: str) -> str:
    """Returns the full public address of a path."""
    return f"{settings.CHECKPOINT_PUBLIC_URL}{path}"
