"""The field for a person in the record."""

from typing import Any

from django.conf import settings
from django.db import models


def person(**options: Any) -> models.ForeignKey:
    """Returns a key to a person.

    PROTECT: a person who decided something stays in the record; accounts are deactivated, not deleted.
    """
    return models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, **options)
