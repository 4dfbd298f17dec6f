"""Refuses unknown query parameters."""

from django.db.models import QuerySet
from django_filters.rest_framework import DjangoFilterBackend
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.views import APIView
from typing_extensions import override


class StrictFilterBackend(DjangoFilterBackend):
    """Refuses query parameters that the list does not know: a misspelt filter must not return everything."""

    @override
    def filter_queryset(self, request: Request, queryset: QuerySet, view: APIView) -> QuerySet:
        known = {*view.filterset_class.base_filters, "page", "page_size"}  # type: ignore[attr-defined]
        unknown = sorted(set(request.query_params) - known)
        if unknown:
            hint = f"Unknown parameter. Known: {', '.join(sorted(known))}."
            raise ValidationError({name: [hint] for name in unknown})
        found: QuerySet = super().filter_queryset(request, queryset, view)
        return found
