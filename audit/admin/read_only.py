"""Admin classes that show rows and let nobody edit them, superusers included."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from typing_extensions import override


class ReadOnly:
    """Mixin for model admins and inlines: no row is added, changed or deleted, whatever rights somebody has."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class RecordInline(ReadOnly, admin.TabularInline):
    """Rows of the record below the row that they belong to.

    Attributes:
        people: The foreign keys to people that a row shows.
    """

    extra = 0
    can_delete = False
    people: tuple[str, ...] = ()

    @override
    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).select_related(*self.people)
