"""What lists and menus show of a registry, and what a model says of itself, without waiting for MLflow each time."""

from registry.lists.describing import Description, changes, described
from registry.lists.shown import Lists, forget

__all__ = ["Description", "Lists", "changes", "described", "forget"]
