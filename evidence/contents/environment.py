"""Compares what two versions need to run: Python, MLflow, flavours and packages. Pure."""

from collections.abc import Collection
from dataclasses import dataclass

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from evidence.contents.mlmodel import MLmodel
from evidence.rows import Kind, kind_of

_MOST_LINES = 2_000
_LONGEST_LINE = 500


@dataclass(frozen=True, slots=True)
class NeedRow:
    """Something that is needed, on both sides.

    Attributes:
        group: `package`, or `other` for Python, MLflow and flavours.
        champion: The version or what else is asked for, "any" for no condition; None where it is not needed.
        challenger: The same of the challenger.
        movement: `up` or `down` where both name one version each.
    """

    group: str
    name: str
    kind: Kind
    champion: str | None
    challenger: str | None
    movement: str = ""


@dataclass(frozen=True, slots=True)
class EnvironmentComparison:
    """All that either version needs; differences first."""

    rows: tuple[NeedRow, ...]

    @property
    def differences(self) -> tuple[NeedRow, ...]:
        return tuple(row for row in self.rows if row.kind not in (Kind.EQUAL, Kind.NEW))

    @property
    def others(self) -> tuple[NeedRow, ...]:
        return tuple(row for row in self.rows if row.kind in (Kind.EQUAL, Kind.NEW))

    @property
    def is_compared(self) -> bool:
        """Whether all that is shown is known of both sides."""
        return not any(row.kind is Kind.NEW for row in self.rows)

    @property
    def packages_changed(self) -> int:
        """How many packages came, went, or are asked for otherwise."""
        return sum(row.group == "package" for row in self.differences)


def compare_environments(
    challenger: tuple[MLmodel | None, str],
    champion: tuple[MLmodel | None, str],
    *,
    has_champion: bool,
    unread: Collection[str] = (),
) -> EnvironmentComparison:
    """Returns what differs between two environments, each from its `MLmodel` and the text of its requirements.

    Args:
        challenger: None and "" for what it does not have.
        champion: The same of the champion.
        has_champion: Whether there is one.
        unread: Of the groups `other` and `package`, of which a side could not be read: nothing of them is compared.
    """
    rows = []
    for group, new, old in (
        ("other", _others(challenger[0]), _others(champion[0])),
        ("package", _packages(challenger[1]), _packages(champion[1])),
    ):
        is_both_read = has_champion and group not in unread
        for name in {**old, **new}:
            one, two = old.get(name), new.get(name)
            kind = kind_of(one, two, has_champion=is_both_read, equal=one == two)
            rows.append(NeedRow(group, name, kind, one, two, _movement(one, two) if kind is Kind.CHANGED else ""))
    rows.sort(key=lambda row: (row.kind in (Kind.EQUAL, Kind.NEW), row.group != "other", row.name.casefold()))
    return EnvironmentComparison(tuple(rows))


def _others(model: MLmodel | None) -> dict[str, str]:
    if model is None:
        return {}
    named = {"Python": model.python, "MLflow, which wrote it": model.mlflow}
    flavors = {f"flavour {name}": version or "yes" for name, version in model.flavors.items()}
    return {name: version for name, version in named.items() if version} | flavors


def _packages(text: str) -> dict[str, str]:
    """Returns {package: what is asked of it}; a line that names none, such as an option of pip, by itself."""
    found: dict[str, str] = {}
    for line in text.splitlines()[:_MOST_LINES]:
        asked = line.partition(" #")[0].strip()
        if not asked or asked.startswith("#"):
            continue
        try:
            need = Requirement(asked[:_LONGEST_LINE])
        except InvalidRequirement:
            found[asked[:200]] = "as it stands"
            continue
        extras = f"[{','.join(sorted(need.extras))}]" if need.extras else ""
        condition = need.url or str(need.specifier).removeprefix("==") or "any"
        found[f"{canonicalize_name(need.name)}{extras}"] = f"{condition}{f' if {need.marker}' if need.marker else ''}"
    return found


def _movement(old: str | None, new: str | None) -> str:
    try:
        before, after = Version(old or ""), Version(new or "")
    except InvalidVersion:
        return ""
    return "up" if after > before else "down" if after < before else ""
