"""Groups in the admin."""

from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin
from django.contrib.auth.models import Group
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from typing_extensions import override

from accounts import standing
from accounts.admin import actions as shared

admin.site.unregister(Group)


@admin.register(Group)
class RightsAdmin(GroupAdmin):
    """Only administrators change groups; anybody else could give a right to a group of their own. Others may view."""

    @override
    def has_add_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_superuser)

    @override
    def has_change_permission(self, request: HttpRequest, obj: Group | None = None) -> bool:
        return bool(request.user.is_superuser)

    @override
    def has_delete_permission(self, request: HttpRequest, obj: Group | None = None) -> bool:
        return bool(request.user.is_superuser)

    @override
    def save_model(self, request: HttpRequest, obj: Group, form: Any, change: bool) -> None:
        setattr(request, standing.BEFORE, standing.of_group(obj))
        super().save_model(request, obj, form, change)

    @override
    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        standing.record_group(
            actor=shared.actor(request), group=form.instance, before=getattr(request, standing.BEFORE)
        )

    @override
    def delete_model(self, request: HttpRequest, obj: Group) -> None:
        with transaction.atomic():
            standing.record_deletion(actor=shared.actor(request), group=obj)
            super().delete_model(request, obj)

    @override
    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Group]) -> None:
        for group in queryset:
            self.delete_model(request, group)
