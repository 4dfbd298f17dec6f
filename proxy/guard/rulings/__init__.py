"""One ruling per guarded operation: None lets the message pass, anything else says why not.

A ruling that rests on who holds what now is `looking`: a promotion that Checkpoint is making at this moment would make
the answer old before the call arrives, and one that it made since the look-up has done so.
"""

from proxy.guard.rulings import models, tags, versions
from proxy.guard.rulings.looking import Ruling, Unchanged

__all__ = ["DESCRIBING", "RULINGS", "Ruling", "Unchanged"]

RULINGS: dict[str, Ruling] = {
    "transition-stage": versions.transition_stage,
    "create-version": versions.create_version,
    "update-version": models.pass_on,
    "delete-version": versions.delete_version,
    "set-version-tag": tags.set_version_tag,
    "delete-version-tag": tags.version_tag,
    "create-model": models.create_model,
    "rename-model": models.rename_model,
    "update-model": models.pass_on,
    "delete-model": models.delete_model,
    "set-model-tag": tags.set_model_tag,
    "delete-model-tag": tags.model_tag,
    "set-alias": versions.set_alias,
    "delete-alias": versions.delete_alias,
}
"""Operation of `routes.REGISTRY_CALLS` -> its ruling. A ruling may correct the message, which is what is sent."""

DESCRIBING = frozenset({"update-model", "set-model-tag", "delete-model-tag"})
"""Operations that change what a registered model says of itself."""
