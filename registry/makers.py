"""Who made a version, as Checkpoint keeps it: plain values."""

from dataclasses import dataclass
from enum import StrEnum


class Deed(StrEnum):
    """What somebody does to make a version."""

    REGISTERED = "registered"
    CREATED_RUN = "created_run"
    CREATED_LOGGED_MODEL = "created_logged_model"


@dataclass(frozen=True, slots=True)
class Maker:
    """Who did something to make a version, by Checkpoint's own record: MLflow has none.

    Attributes:
        user_id: The key of the account; None where nobody knows who it was.
        name: The name at the time; empty where nobody knows who it was.
    """

    deed: Deed
    user_id: int | None = None
    name: str = ""

    @property
    def is_known(self) -> bool:
        """Whether it is on record who it was."""
        return self.user_id is not None
