"""Rows that are added and never changed."""

from typing import Any, ClassVar, NoReturn

from django.db import models


class AppendOnlyQuerySet(models.QuerySet):
    """Rows that are added and never changed."""

    def update(self, **kwargs: Any) -> NoReturn:
        """Is refused."""
        raise TypeError("These rows are append-only.")

    def delete(self) -> NoReturn:
        """Is refused."""
        raise TypeError("These rows are append-only.")

    def bulk_create(self, objs: Any, *args: Any, **kwargs: Any) -> NoReturn:
        """Is refused: it can be told to overwrite the rows that it meets."""
        raise TypeError("These rows are added one at a time.")


class AppendOnly(models.Model):
    """A row that can be added, and neither changed nor deleted afterwards."""

    objects: ClassVar[models.Manager] = AppendOnlyQuerySet.as_manager()

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Adds the row; a second save is refused."""
        if not self._state.adding:
            raise TypeError(f"{type(self).__name__} rows are append-only.")
        # Forced, because a new object with the key of a row that is there would overwrite that row.
        super().save(*args, **kwargs | {"force_insert": True})

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Is refused: these rows are part of the record."""
        raise TypeError(f"{type(self).__name__} rows are append-only.")
