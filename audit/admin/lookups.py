"""What the lists of the admin may be narrowed by."""

from typing import TYPE_CHECKING, Any

from django.db.models import JSONField
from django.http import HttpRequest
from typing_extensions import override

if TYPE_CHECKING:
    from django.contrib.admin import ModelAdmin

    _Base = ModelAdmin[Any]
else:
    _Base = object


class SearchesNoJson(_Base):
    """Refuses to narrow a list by what is within a JSON field: not every database can, and no filter does it."""

    @override
    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        within = {field.name for field in self.opts.get_fields() if isinstance(field, JSONField)}
        return lookup.partition("__")[0] not in within and super().lookup_allowed(lookup, value, request)
