"""Pages of API results."""

from rest_framework import pagination


class PageNumberPagination(pagination.PageNumberPagination):
    """25 results a page, up to 100 with `page_size`."""

    page_size_query_param = "page_size"
    max_page_size = 100
