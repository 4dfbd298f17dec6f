"""Pages of API results."""

from collections.abc import Callable, Sequence
from typing import Any

from rest_framework import pagination, serializers
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import remove_query_param, replace_query_param

from foundation.api.inputs import QuerySerializer

PAGE_SIZE = 25
LARGEST_PAGE = 100


class PageNumberPagination(pagination.PageNumberPagination):
    """25 results a page, up to 100 with `page_size`."""

    page_size = PAGE_SIZE
    page_size_query_param = "page_size"
    max_page_size = LARGEST_PAGE


class PageSerializer(QuerySerializer):
    """Which page of a list that another server keeps; see `paged`."""

    page = serializers.IntegerField(min_value=1, max_value=1_000_000, default=1)
    page_size = serializers.IntegerField(min_value=1, max_value=LARGEST_PAGE, default=PAGE_SIZE)


class UncountedPageSerializer(serializers.Serializer):
    """A page of a list whose length nobody knows. Subclasses add `results`."""

    next = serializers.URLField(allow_null=True, help_text="The next page; null for the last one.")
    previous = serializers.URLField(allow_null=True)


def paged(
    request: Request,
    values: dict[str, Any],
    read: Callable[[int], Sequence[Any]],
    serializer_class: type[serializers.Serializer],
) -> Response:
    """Returns a page of what can only be read from its beginning on, such as MLflow's lists: without a count.

    Args:
        request: Of the page.
        values: From a `PageSerializer`.
        read: Returns the first so many of the list.
        serializer_class: Of a result; its context are the values.

    Raises:
        NotFound: the list ends before this page.
    """
    page, size = values["page"], values["page_size"]
    found = read(page * size + 1)
    results = found[(page - 1) * size : page * size]
    if page > 1 and not results:
        raise NotFound("Invalid page.")
    here = request.build_absolute_uri()
    before = remove_query_param(here, "page") if page == 2 else replace_query_param(here, "page", page - 1)
    return Response(
        {
            "next": replace_query_param(here, "page", page + 1) if len(found) > page * size else None,
            "previous": before if page > 1 else None,
            "results": serializer_class(results, many=True, context=values).data,
        }
    )
