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
        owner_id: Of a service account: the key of the person who answered for it then, and held its tokens.
        owner_name: That person's name; empty where it was none.
    """

    deed: Deed
    user_id: int | None = None
    name: str = ""
    owner_id: int | None = None
    owner_name: str = ""

    @property
    def is_known(self) -> bool:
        """Whether it is on record who it was."""
        return self.user_id is not None

    @property
    def people(self) -> dict[int, str]:
        """{key: name} of everybody whose deed it was: the account, and the person who answered for it."""
        both = ((self.user_id, self.name), (self.owner_id, self.owner_name))
        return {key: name for key, name in both if key is not None}
