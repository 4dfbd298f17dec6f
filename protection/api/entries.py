"""Freeze windows and the ownership list in the API: read by everybody, written with the permission."""

from typing import Any, ClassVar, Generic, TypeVar

from django.http import Http404
from rest_framework import serializers
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from typing_extensions import override

from audit.actors import Door, actor_of
from foundation.api import schema
from foundation.api.inputs import StrictSerializer, seen_version, warnings_field
from foundation.api.views import ApiView, checked
from protection.documents import wrong_where_it_stands
from protection.forms.warnings import pattern_warnings
from protection.models import FreezeWindow, Ownership
from protection.people import named_all
from protection.rulebook import delete_entry, save_entry

R = TypeVar("R", FreezeWindow, Ownership)


def _text(longest: int, **options: Any) -> serializers.CharField:
    return serializers.CharField(max_length=longest, trim_whitespace=False, **options)


class FreezeWindowInputSerializer(StrictSerializer):
    """A freeze window: two dates, or two cron expressions, in a time zone."""

    name = _text(100, help_text="Why, in a few words; there is one window of a name.")
    start = _text(120, help_text="A date such as 2026-12-20T18:00, or cron such as 0 18 * * 5.")
    end = _text(120)
    timezone = _text(64, required=False)
    workspace_pattern = _text(256, required=False)
    model_pattern = _text(256, required=False)
    target_pattern = _text(270, required=False, help_text="* for every protected target.")


class FreezeWindowChangeSerializer(FreezeWindowInputSerializer):
    """What of a freeze window is to change."""

    name = _text(100, required=False)
    start = _text(120, required=False)
    end = _text(120, required=False)
    version = seen_version()


class FreezeWindowSerializer(FreezeWindowInputSerializer):
    """A freeze window."""

    id = serializers.IntegerField()
    version = serializers.IntegerField(help_text="Raised by each change.")
    warnings = warnings_field()


class OwnershipInputSerializer(StrictSerializer):
    """Who owns the models of a pattern in one respect; at least one group or user."""

    section = _text(100)
    workspace_pattern = _text(256, required=False)
    model_pattern = _text(256, required=False)
    groups = serializers.ListField(child=serializers.CharField(max_length=150), required=False, max_length=100)
    users = serializers.ListField(child=serializers.CharField(max_length=150), required=False, max_length=100)
    approvals = serializers.IntegerField(required=False)


class OwnershipChangeSerializer(OwnershipInputSerializer):
    """What of an ownership is to change."""

    section = _text(100, required=False)
    version = seen_version()


class OwnershipSerializer(OwnershipInputSerializer):
    """A row of the ownership list."""

    id = serializers.IntegerField()
    version = serializers.IntegerField(help_text="Raised by each change.")
    warnings = warnings_field()


def _filled(row: R, values: dict[str, Any]) -> R:
    if isinstance(row, Ownership):
        people = {kind: values.pop(kind) for kind in ("groups", "users") if kind in values}
        row.people = {"groups": [], "users": [], **(row.people or {}), **people}
    for name, value in values.items():
        setattr(row, name, value)
    return row


def _shown(rows: list[R]) -> list[dict[str, Any]]:
    documents = named_all(row.document for row in rows)
    return [{"id": row.pk, "version": row.version, **document} for row, document in zip(rows, documents, strict=True)]


def _saved(row: R) -> dict[str, Any]:
    return {**_shown([row])[0], "warnings": pattern_warnings(row)}


class _ListView(ApiView, ListAPIView, Generic[R]):
    kind: ClassVar[Any]
    takes: ClassVar[type[StrictSerializer]]

    def _list(self) -> Response:
        return self.get_paginated_response(_shown(list(self.paginate_queryset(self.get_queryset()) or [])))

    def _add(self, request: Request) -> Response:
        given = checked(self.takes, request.data)
        with wrong_where_it_stands(given):
            entry = _filled(self.kind(), given)
            return Response(_saved(save_entry(actor=actor_of(request, Door.API), entry=entry)), status=201)


class _EntryView(ApiView, Generic[R]):
    kind: ClassVar[Any]
    takes: ClassVar[type[StrictSerializer]]

    def _find(self, pk: int) -> R:
        found: R | None = self.kind.objects.filter(pk=pk).first()
        if found is None:
            raise Http404
        return found

    def _show(self, pk: int) -> Response:
        return Response(_shown([self._find(pk)])[0])

    def _change(self, request: Request, pk: int) -> Response:
        given = checked(self.takes, request.data)
        with wrong_where_it_stands(given):
            entry = _filled(self._find(pk), given)
            return Response(_saved(save_entry(actor=actor_of(request, Door.API), entry=entry)))

    def _delete(self, request: Request, pk: int) -> Response:
        delete_entry(actor=actor_of(request, Door.API), entry=self._find(pk))
        return Response(status=204)


class FreezeWindowsView(_ListView[FreezeWindow]):
    """The freeze windows for many rules."""

    queryset = FreezeWindow.objects.all()
    serializer_class = FreezeWindowSerializer
    kind, takes = FreezeWindow, FreezeWindowInputSerializer

    @schema.operation("List freeze windows", responses={200: FreezeWindowSerializer(many=True)})
    @override
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Lists every freeze window, past ones included."""
        return self._list()

    @schema.operation(
        "Add a freeze window",
        request=FreezeWindowInputSerializer,
        responses={201: FreezeWindowSerializer},
        errors=(400,),
    )
    def post(self, request: Request) -> Response:
        """Adds a freeze window; it holds at once."""
        return self._add(request)


class FreezeWindowView(_EntryView[FreezeWindow]):
    """One freeze window."""

    kind, takes = FreezeWindow, FreezeWindowChangeSerializer

    @schema.operation("Show a freeze window", responses={200: FreezeWindowSerializer}, errors=(404,))
    def get(self, request: Request, pk: int) -> Response:
        """Shows the window."""
        return self._show(pk)

    @schema.operation(
        "Change a freeze window",
        request=FreezeWindowChangeSerializer,
        responses={200: FreezeWindowSerializer},
        errors=(400, 404, 409),
    )
    def patch(self, request: Request, pk: int) -> Response:
        """Changes what is given."""
        return self._change(request, pk)

    @schema.operation("Delete a freeze window", responses={204: None}, errors=(404, 409))
    def delete(self, request: Request, pk: int) -> Response:
        """Deletes the window; what it alone held back may be promoted."""
        return self._delete(request, pk)


class OwnershipListView(_ListView[Ownership]):
    """The ownership list."""

    queryset = Ownership.objects.all()
    serializer_class = OwnershipSerializer
    kind, takes = Ownership, OwnershipInputSerializer

    @schema.operation("List owners", responses={200: OwnershipSerializer(many=True)})
    @override
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Lists who owns which models, section by section."""
        return self._list()

    @schema.operation(
        "Add owners", request=OwnershipInputSerializer, responses={201: OwnershipSerializer}, errors=(400,)
    )
    def post(self, request: Request) -> Response:
        """Names the owners of the models of a pattern, in one respect."""
        return self._add(request)


class OwnershipView(_EntryView[Ownership]):
    """One row of the ownership list."""

    kind, takes = Ownership, OwnershipChangeSerializer

    @schema.operation("Show owners", responses={200: OwnershipSerializer}, errors=(404,))
    def get(self, request: Request, pk: int) -> Response:
        """Shows the row."""
        return self._show(pk)

    @schema.operation(
        "Change owners",
        request=OwnershipChangeSerializer,
        responses={200: OwnershipSerializer},
        errors=(400, 404, 409),
    )
    def patch(self, request: Request, pk: int) -> Response:
        """Changes what is given; `groups` and `users` are replaced as a whole."""
        return self._change(request, pk)

    @schema.operation("Delete owners", responses={204: None}, errors=(404, 409))
    def delete(self, request: Request, pk: int) -> Response:
        """Deletes the row; rules that ask for this section may then be met by nobody."""
        return self._delete(request, pk)
