"""Rows that are added and never changed."""

from typing import Any, ClassVar, NoReturn

from django.db import models
from typing_extensions import override


class AppendOnlyQuerySet(models.QuerySet):
    """Rows that are added and never changed."""

    @override
    def update(self, **kwargs: Any) -> NoReturn:
        raise TypeError("These rows are append-only.")

    @override
    def delete(self) -> NoReturn:
        raise TypeError("These rows are append-only.")

    @override
    def bulk_create(self, objs: Any, *args: Any, **kwargs: Any) -> NoReturn:
        """Refused, because it can overwrite existing rows (`update_conflicts`)."""
        raise TypeError("These rows are added one at a time.")


class AppendOnly(models.Model):
    """A row that can be added, and neither changed nor deleted afterwards."""

    objects: ClassVar[models.Manager] = AppendOnlyQuerySet.as_manager()

    class Meta:
        abstract = True

    @override
    def save(self, *args: Any, **kwargs: Any) -> None:
        """Adds the row; a second save is refused."""
        if not self._state.adding:
            raise TypeError(f"{type(self).__name__} rows are append-only.")
        # Forced, because a new object with the key of an existing row would overwrite that row.
        super().save(*args, **kwargs | {"force_insert": True})

    @override
    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise TypeError(f"{type(self).__name__} rows are append-only.")
