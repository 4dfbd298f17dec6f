"""What is asked of the registry: one frozen value that forms, guard, evidence and promotion pass around."""

from dataclasses import dataclass

from django.db.models import TextChoices

from registry.targets import Target


class Change(TextChoices):
    """Whether the version is to get the target or to lose it."""

    SET = "set", "Promote"
    REMOVE = "remove", "Remove"


@dataclass(frozen=True, slots=True)
class Proposal:
    """A change of one target, as somebody wants it. Whether it can be, `feasibility` says.

    Attributes:
        model_name: The registered model or prompt of the version.
        version: As MLflow spells it; "" where a guarded call did not say which.
        target: Where the version is to go, or what it is to lose.
        archive_existing_versions: Whether the stage's present holders are archived; None where nobody has said.
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
        """Whether present holders are archived: what was said, or what is usual where nobody has said."""
        if self.archive_existing_versions is None:
            return self.target.can_archive_holders
        return self.archive_existing_versions and self.target.can_archive_holders
