"""Records in the trail what Django's admin refuses by itself, before any service is called."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from typing_extensions import override

from audit import trail
from audit.actors import Door, actor_of
from audit.trail import NOTHING, About
from foundation.exceptions import NotAllowed

if TYPE_CHECKING:
    from django.contrib.admin import ModelAdmin

    _Base = ModelAdmin[Any]
else:
    _Base = object

_NAMED = 200
"""The most characters of the chosen action and of the chosen keys that a row repeats."""


class RecordsRefusals(_Base):
    """Mixin for model admins; put it first. Only POST counts as an attempt.

    Attributes:
        refusal: The message for somebody who may view the rows but not do this.
    """

    refusal = "This is the record: it is read here, and nobody changes it."

    @override
    def changelist_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Refuses actions that the list does not offer, which Django would ignore without a word."""
        action = request.POST.get("action", "")
        with self._recording(request, action or "list", ", ".join(request.POST.getlist(ACTION_CHECKBOX_NAME))):
            if action and self.has_view_permission(request) and action not in self.get_actions(request):
                raise PermissionDenied
            return super().changelist_view(request, *args, **kwargs)

    @override
    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, *args: Any, **kwargs: Any
    ) -> HttpResponse:
        with self._recording(request, "change" if object_id else "add", object_id or ""):
            return super().changeform_view(request, object_id, *args, **kwargs)

    @override
    def delete_view(self, request: HttpRequest, object_id: str, *args: Any, **kwargs: Any) -> HttpResponse:
        with self._recording(request, "delete", object_id):
            return super().delete_view(request, object_id, *args, **kwargs)

    @contextmanager
    def _recording(self, request: HttpRequest, step: str, chosen: str) -> Iterator[None]:
        try:
            yield
        except PermissionDenied:
            if request.method != "POST":
                raise
            may_look = self.has_view_permission(request)
            refusal = NotAllowed(self.refusal if may_look else "Only people with the permission to look can do this.")
            trail.record_refusal(
                refusal,
                attempt=f"{step[:_NAMED]} {self.opts.verbose_name} {chosen[:_NAMED]}".rstrip(),
                actor=actor_of(request, Door.ADMIN),
                about=self._about(request, chosen),
            )
            raise PermissionDenied(refusal.message) from None

    def _about(self, request: HttpRequest, chosen: str) -> About:
        """Returns the `about` of the chosen row, or of the request that it belongs to."""
        row = self.get_object(request, chosen) if chosen else None
        found = getattr(row, "about", None) or getattr(getattr(row, "promote_request", None), "about", None)
        return found if isinstance(found, About) else NOTHING
