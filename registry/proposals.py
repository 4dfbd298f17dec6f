"""A change that is asked of the registry: one frozen value that forms, guard, evidence and promotion pass around."""

from dataclasses import dataclass

from django.db.models import TextChoices

from registry.targets import Target


class Change(TextChoices):
    """Whether the version gets the target or loses it."""

    SET = "set", "Promote"
    REMOVE = "remove", "Remove"


@dataclass(frozen=True, slots=True)
class Proposal:
    """A change of one target that somebody wants; `feasibility` tells whether it is possible.

    Attributes:
        model_name: The registered model, prompt or entry of the version.
        version: As MLflow spells it; "" if a guarded call did not name one.
        target: Where the version goes, or what it loses.
        archive_existing_versions: Whether the stage's present holders are archived; None if nobody has decided.
        workspace: Canonical (`registry.workspaces`).
    """

    model_name: str
    version: str
    target: Target
    change: Change = Change.SET
    archive_existing_versions: bool | None = None
    workspace: str = ""

    @property
    def archives(self) -> bool:
        """Whether present holders are archived: as decided, or else the default of the stage."""
        if self.archive_existing_versions is None:
            return self.target.can_archive_holders
        return self.archive_existing_versions and self.target.can_archive_holders
