"""Labels in the admin, saved by the services, so that every change leaves an audit row."""

from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from typing_extensions import override

from audit import trail
from audit.actors import Door, actor_of
from audit.admin.refusals import RecordsRefusals
from foundation.exceptions import CheckpointError, InvalidInput
from promote_requests.models import Label
from promote_requests.services.labelling import checked_label, delete_label, save_label
from promote_requests.services.labelling.keeping import ONLY_EDITORS


class LabelForm(forms.ModelForm):
    """Name and colour."""

    class Meta:
        model = Label
        fields: ClassVar = ["name", "colour"]

    @override
    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        if not self.errors:
            try:
                values["name"], _, values["colour"] = checked_label(values["name"], values["colour"], self.instance.pk)
            except InvalidInput as wrong:
                self.add_error(wrong.field, wrong.message)
        return values


@admin.register(Label)
class LabelAdmin(RecordsRefusals, admin.ModelAdmin):
    """The labels that requests can have."""

    refusal = ONLY_EDITORS
    form = LabelForm
    list_display = ("name", "colour")
    list_filter = ("colour",)
    search_fields = ("name",)

    @override
    def save_model(self, request: HttpRequest, obj: Label, form: Any, change: bool) -> None:
        saved = save_label(actor=actor_of(request, Door.ADMIN), name=obj.name, colour=obj.colour, pk=obj.pk)
        obj.pk, obj.key = saved.pk, saved.key

    @override
    def delete_model(self, request: HttpRequest, obj: Label) -> None:
        delete_label(actor=actor_of(request, Door.ADMIN), pk=obj.pk)

    @override
    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Label]) -> None:
        """Deletes each; a refusal is shown and does not stop the others."""
        for label in queryset:
            try:
                delete_label(actor=actor_of(request, Door.ADMIN), pk=label.pk)
            except CheckpointError as refusal:
                self.message_user(request, f"{label}: {refusal.message}", messages.ERROR)

    @override
    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Shows what the service refuses although the form was valid, because somebody else was faster."""
        try:
            return super().changeform_view(request, *args, **kwargs)
        except CheckpointError as refusal:
            return self._back_to_list(request, refusal, attempt="save label")

    @override
    def delete_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return super().delete_view(request, *args, **kwargs)
        except CheckpointError as refusal:
            return self._back_to_list(request, refusal, attempt="delete label")

    def _back_to_list(self, request: HttpRequest, refusal: CheckpointError, *, attempt: str) -> HttpResponse:
        # The admin runs its views in a transaction, whose rollback has taken the service's row with it.
        trail.record_refusal(refusal, attempt=attempt, actor=actor_of(request, Door.ADMIN))
        self.message_user(request, refusal.message, messages.ERROR)
        return HttpResponseRedirect(reverse("admin:promote_requests_label_changelist"))
