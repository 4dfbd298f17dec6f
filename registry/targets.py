"""The targets of a promotion: `stage:Production`, `alias:champion`, `model:prod.fraud`, `status:active`."""

import re
from dataclasses import dataclass
from typing import Self

from django.db.models import TextChoices

from foundation.exceptions import InvalidInput
from registry.types import Family


class TargetKind(TextChoices):
    """The kinds of target."""

    STAGE = "stage", "Stage"
    ALIAS = "alias", "Alias"
    MODEL = "model", "Registered model"
    STATUS = "status", "Status"


STAGES = ("None", "Staging", "Production", "Archived")
"""MLflow's stages, as it spells them."""
ACTIVE_STAGES = ("Staging", "Production")
"""The stages whose holders MLflow can archive when another version gets there; it refuses this for the others."""
STATUSES = ("draft", "active", "deprecated")
"""What a version of a skill or an MCP server is."""
FIRST_STATUS = "draft"
"""What a version may be registered as whatever the rules say, as a model's version is in no stage at first."""
ACTIVE_STATUSES = ("active",)
"""The statuses in use: MLflow's `latest` is the newest version that has one."""
STATUS_CHANGES = {"draft": ("active",), "active": ("draft", "deprecated"), "deprecated": ("active",)}
"""{status: what it can become}, as MLflow 3.17 and 3.18 have it; `deleted`, which is for ever, is no target."""
_ALIAS = re.compile(r"[\w-]{1,255}")
_RESERVED = re.compile(r"latest|v[0-9]+", re.IGNORECASE)
"""Both name versions already."""


def status_fault(version: str, status: str, wanted: str) -> str:
    """Says why MLflow would not give a version another status than it has; empty where it would."""
    possible = STATUS_CHANGES.get(status, ())
    if wanted in possible:
        return ""
    return f"Version {version} is {status}: MLflow lets it become {' or '.join(possible) or 'nothing else'}."


def alias_fault(family: Family, alias: str) -> str:
    """Says why MLflow would not give this alias to a version of anything in this family; empty where it would."""
    if family is Family.SERVER:  # of which it takes any text but one
        return f"MLflow reserves {alias!r}; choose another alias." if alias == "latest" else ""
    if not _ALIAS.fullmatch(alias):
        return "An alias has only letters, digits, _ and -, at most 255."
    return f"MLflow reserves {alias!r}; choose another alias." if _RESERVED.fullmatch(alias) else ""


@dataclass(frozen=True, slots=True)
class Target:
    """A place that a version can hold."""

    kind: TargetKind
    name: str

    def __str__(self) -> str:
        return f"{self.kind}:{self.name}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Reads `kind:name`, with a stage or status in any case.

        Raises:
            InvalidInput: no such kind, stage or status, or an empty name; its `field` is `target`.
        """
        kind, separator, name = text.partition(":")
        if not separator:
            raise InvalidInput(f"{text!r} is not a target: expected for example stage:Production.", field="target")
        return cls.of(kind, name)

    @classmethod
    def of(cls, kind: str, name: str) -> Self:
        """Returns the target of this kind and name, a stage or status spelled as MLflow spells it.

        Raises:
            InvalidInput: no such kind, stage or status, or an empty name; its `field` is `target`.
        """
        name = name.strip()
        if kind not in TargetKind.values:
            raise InvalidInput(f"{kind!r} is not a kind of target: use stage, alias, model or status.", field="target")
        if not name or len(name) > 256:
            raise InvalidInput("The target's name must have 1 to 256 characters.", field="target")
        if kind in (TargetKind.STAGE, TargetKind.STATUS):
            names = STAGES if kind == TargetKind.STAGE else STATUSES
            canonical = {each.lower(): each for each in names}.get(name.lower())
            if canonical is None:
                raise InvalidInput(f"{name!r} is not a {kind}: use {', '.join(names)}.", field="target")
            name = canonical
        return cls(TargetKind(kind), name)

    def changed_model(self, model_name: str) -> str:
        """Returns which model changes when a version of `model_name` gets this: for a copy the one it goes into."""
        return self.name if self.kind == TargetKind.MODEL else model_name

    @property
    def can_archive_holders(self) -> bool:
        """Whether a promotion here can archive the versions that hold the stage now."""
        return self.kind == TargetKind.STAGE and self.name in ACTIVE_STAGES

    @property
    def has_champion(self) -> bool:
        """Whether the next version follows a holder of this target: false for Archived, None, draft and deprecated."""
        match self.kind:
            case TargetKind.STAGE:
                return self.name in ACTIVE_STAGES
            case TargetKind.STATUS:
                return self.name in ACTIVE_STATUSES
        return True
