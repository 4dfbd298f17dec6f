"""Freeze windows and owners in the admin, saved by the services, so that every change leaves an audit row."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from typing_extensions import override

from audit import trail
from audit.actors import Door, actor_of
from audit.admin.lookups import SearchesNoJson
from audit.admin.refusals import RecordsRefusals
from foundation.exceptions import CheckpointError
from promote_requests.admin.meanwhile import SAVED, told_of_change, warn
from protection.forms.entries import FreezeWindowForm, OwnershipForm
from protection.models import FreezeWindow, Ownership
from protection.permissions import only_editors_of
from protection.references import People
from protection.rulebook import changed_meanwhile, delete_entry, save_entry


class _EntryAdmin(RecordsRefusals, SearchesNoJson, admin.ModelAdmin):
    """Writes rows by the services; what they refuse is a message on the list."""

    @override
    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        save_entry(actor=actor_of(request, Door.ADMIN), entry=obj)
        setattr(request, SAVED, obj)

    @override
    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        delete_entry(actor=actor_of(request, Door.ADMIN), entry=obj)

    @override
    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        """Deletes each row; a refusal is shown and does not stop the others."""
        for entry in queryset:
            try:
                delete_entry(actor=actor_of(request, Door.ADMIN), entry=entry)
            except CheckpointError as refusal:
                self.message_user(request, f"{entry}: {refusal.message}", messages.ERROR)

    @override
    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Shows what the service refuses although the form was valid, because somebody else was faster."""
        try:
            response = super().changeform_view(request, *args, **kwargs)
            warn(request)
            return response
        except CheckpointError as refusal:
            return self._back_to_list(request, refusal, attempt=f"save {self.opts.verbose_name}")

    @override
    def delete_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return super().delete_view(request, *args, **kwargs)
        except CheckpointError as refusal:
            return self._back_to_list(request, refusal, attempt=f"delete {self.opts.verbose_name}")

    def _back_to_list(self, request: HttpRequest, refusal: CheckpointError, *, attempt: str) -> HttpResponse:
        # The admin runs its views in a transaction, whose rollback has taken the service's row with it.
        trail.record_refusal(refusal, attempt=attempt, actor=actor_of(request, Door.ADMIN))
        self.message_user(request, refusal.message, messages.ERROR)
        return HttpResponseRedirect(reverse(f"admin:protection_{self.opts.model_name}_changelist"))


class _AdminFreezeWindowForm(FreezeWindowForm):
    """The form in the admin, which says at once that somebody else was faster."""

    @override
    def clean(self) -> dict[str, Any]:
        values = super().clean()
        told_of_change(self, changed_meanwhile)
        return values


@admin.register(FreezeWindow)
class FreezeWindowAdmin(_EntryAdmin):
    """Freeze windows for many rules."""

    refusal = only_editors_of(FreezeWindow)
    list_display = ("name", "start", "end", "timezone", "target_pattern", "model_pattern", "workspace_pattern")
    search_fields = ("name", "model_pattern", "target_pattern")
    form = _AdminFreezeWindowForm


class _AdminOwnershipForm(OwnershipForm):
    """The form in the admin, which says at once that somebody else was faster."""

    @override
    def clean(self) -> dict[str, Any]:
        values = super().clean()
        told_of_change(self, changed_meanwhile)
        return values


@admin.register(Ownership)
class OwnershipAdmin(_EntryAdmin):
    """Who owns which models."""

    refusal = only_editors_of(Ownership)
    list_display = ("section", "model_pattern", "workspace_pattern", "owners", "approvals")
    list_filter = ("section",)
    search_fields = ("section", "model_pattern")
    form = _AdminOwnershipForm

    @admin.display(description="owners")
    def owners(self, row: Ownership) -> str:
        return str(People.parse(row.people, field="people"))
