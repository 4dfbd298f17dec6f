"""The column that has a name as it is compared."""

from typing import Any

from django.db import models
from typing_extensions import override

from registry.names import LONGEST_KEY, key_of


class FoldedName(models.CharField):
    """Another column's name without what a database may not tell apart (`registry.names`), written with each row.

    By whatever way the row is written, so that no constraint that goes by it can be passed by. `QuerySet.update` alone
    does not write it: what it folds is never changed.
    """

    def __init__(self, of: str, **options: Any) -> None:
        self.of = of
        super().__init__(**{"max_length": LONGEST_KEY, "editable": False, **options})

    @override
    def deconstruct(self) -> tuple[str, str, Any, Any]:
        name, path, positional, options = super().deconstruct()
        return name, path, positional, {"of": self.of, **options}

    @override
    def pre_save(self, model_instance: models.Model, add: bool) -> str:
        key = key_of(getattr(model_instance, self.of))
        setattr(model_instance, self.attname, key)
        return key
