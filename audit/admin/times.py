"""Times in the admin, to the second and in UTC."""

from datetime import UTC, datetime
from typing import Any

from django.contrib import admin


def in_utc(name: str) -> Any:
    """Returns a column or field (a callable) that shows the row's time `name`, sorted by it; empty where there is none.

    Typed as Any: Django takes callables in `fields` and `readonly_fields`, its stubs only names.
    """

    @admin.display(description=f"{name.replace('_', ' ')} (UTC)", ordering=name, empty_value="-")
    def shown(row: Any) -> str:
        moment: datetime | None = getattr(row, name)
        return "" if moment is None else moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")

    shown.__name__ = name
    return shown
