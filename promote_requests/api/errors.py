"""One JSON shape for every error."""

from rest_framework.views import exception_handler  # noqa: F401
