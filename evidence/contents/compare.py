"""Compares the files that tell about two versions. Pure."""

from dataclasses import dataclass
from typing import Any

from evidence.contents import mlmodel
from evidence.contents.environment import EnvironmentComparison, compare_environments
from evidence.contents.mlmodel import MLmodel
from evidence.contents.signature import SignatureComparison, compare_signatures
from evidence.contents.texts import MLMODEL, REQUIREMENTS
from registry.types import Contents


@dataclass(frozen=True, slots=True)
class ContentsComparison:
    """Signature and environment of two versions.

    Attributes:
        problems: A sentence about each file that could not be read, with whose it is.
        has_requirements: Whether both sides say which packages they need.
    """

    signature: SignatureComparison
    environment: EnvironmentComparison
    problems: tuple[str, ...]
    has_requirements: bool

    @property
    def packages_changed(self) -> int | None:
        """How many packages changed; None where a side says nothing of its packages."""
        return self.environment.packages_changed if self.has_requirements else None

    def as_dict(self) -> dict[str, Any]:
        """Returns what differs, for the API."""
        return {
            "signature": {
                "fit": str(self.signature.fit),
                "note": self.signature.note,
                "rows": [
                    {
                        "part": row.part,
                        "name": row.name,
                        "kind": str(row.kind),
                        "champion": row.champion and str(row.champion),
                        "challenger": row.challenger and str(row.challenger),
                        "breaks": row.breaks,
                    }
                    for row in self.signature.rows
                ],
            },
            "environment": [
                {
                    "group": row.group,
                    "name": row.name,
                    "kind": str(row.kind),
                    "champion": row.champion,
                    "challenger": row.challenger,
                    "movement": row.movement,
                }
                for row in self.environment.rows
            ],
            "problems": list(self.problems),
        }


def compare_contents(challenger: Contents, champion: Contents | None) -> ContentsComparison:
    """Returns what differs between the files of two versions; all of the challenger's without a champion.

    What could not be read of a side is not called missing there: nothing is compared with it.
    """
    new, new_problem = _read(challenger)
    old, old_problem = _read(champion)
    has_champion = champion is not None
    sides = (("challenger", challenger, new_problem), ("champion", champion, old_problem))
    undescribed = [who for who, contents, problem in sides if problem or _is_unread(contents, MLMODEL)]
    unlisted = [who for who, contents, _ in sides if _is_unread(contents, REQUIREMENTS)]
    return ContentsComparison(
        compare_signatures(
            new.signature if new else None,
            old.signature if old else None,
            has_champion=has_champion,
            unread=undescribed,
        ),
        compare_environments(
            (new, challenger.files.get(REQUIREMENTS, "")),
            (old, champion.files.get(REQUIREMENTS, "") if champion else ""),
            has_champion=has_champion,
            unread=[*(["other"] if undescribed else []), *(["package"] if unlisted else [])],
        ),
        tuple(
            f"Of the {who}: {problem}"
            for who, contents, found in sides
            for problem in (*(contents.problems if contents else ()), *((found,) if found else ()))
        ),
        has_requirements=has_champion and all(REQUIREMENTS in side.files for side in (challenger, champion) if side),
    )


def _is_unread(contents: Contents | None, path: str) -> bool:
    return contents is not None and path not in contents.files and bool(contents.problems)


def _read(contents: Contents | None) -> tuple[MLmodel | None, str]:
    text = contents.files.get(MLMODEL) if contents else None
    if text is None:
        return None, ""
    try:
        return mlmodel.parse(text), ""
    except mlmodel.Unreadable as problem:
        return None, str(problem)
