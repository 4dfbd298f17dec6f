"""What every page's navigation needs."""

from typing import Any

from django.http import HttpRequest


def navigation(request: HttpRequest) -> dict[str, Any]:
    """Returns nothing yet."""
    return {}
