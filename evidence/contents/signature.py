"""Compares two signatures: what a caller of the champion would notice of the challenger. Pure.

As MLflow enforces them (`mlflow.models.utils`, 3.17): further columns are ignored, missing optional ones are allowed,
integers and floats become wider ones, and a parameter that a model does not know is dropped.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from evidence.rows import Kind, kind_of
from foundation.words import listed

_WIDENED = frozenset({("integer", "long"), ("integer", "double"), ("float", "double")})
_DEEPEST = 20
_BY = "\u00d7"
_PARTS = ("inputs", "outputs", "params")


class Fit(StrEnum):
    """Whether callers of the champion can call the challenger."""

    COMPATIBLE = "compatible"
    BREAKING = "breaking"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Field:
    """A column, a nested field, a tensor or a parameter: its type in words and whether it must be given.

    Attributes:
        within: The field that it is a part of; "" for none. A name does not tell: a column may have a dot in its own.
    """

    type: str
    is_required: bool = True
    default: str = ""
    within: str = field(default="", compare=False)

    def __str__(self) -> str:
        more = "" if self.is_required else ", optional"
        return f"{self.type}{more}{f', default {self.default}' if self.default else ''}"


@dataclass(frozen=True, slots=True)
class FieldRow:
    """A field on both sides; `breaks` says why callers would notice, "" where they would not."""

    part: str
    name: str
    kind: Kind
    champion: Field | None
    challenger: Field | None
    breaks: str = ""


@dataclass(frozen=True, slots=True)
class SignatureComparison:
    """Both signatures, field by field; differences first, breaking ones before all."""

    fit: Fit
    rows: tuple[FieldRow, ...]
    note: str = ""

    @property
    def differences(self) -> tuple[FieldRow, ...]:
        return tuple(row for row in self.rows if row.kind not in (Kind.EQUAL, Kind.NEW))

    @property
    def others(self) -> tuple[FieldRow, ...]:
        return tuple(row for row in self.rows if row.kind in (Kind.EQUAL, Kind.NEW))

    @property
    def is_compared(self) -> bool:
        """Whether both signatures are known."""
        return not any(row.kind is Kind.NEW for row in self.rows)

    @property
    def breaking(self) -> tuple[FieldRow, ...]:
        return tuple(row for row in self.rows if row.breaks)


def compare_signatures(
    challenger: Mapping[str, Any] | None,
    champion: Mapping[str, Any] | None,
    *,
    has_champion: bool,
    unread: Collection[str] = (),
) -> SignatureComparison:
    """Returns what differs between two signatures, from `MLmodel.signature`.

    Args:
        challenger: None where it has no signature.
        champion: The same of the champion.
        has_champion: Whether there is one.
        unread: Of `challenger` and `champion`, whose signature could not be read: nothing is claimed of it.
    """
    rows = []
    is_both_read = has_champion and not unread
    for part in _PARTS:
        new, old = _fields((challenger or {}).get(part), part), _fields((champion or {}).get(part), part)
        for name in {**old, **new}:
            kind = kind_of(
                old.get(name), new.get(name), has_champion=is_both_read, equal=old.get(name) == new.get(name)
            )
            compared = is_both_read and challenger is not None and champion is not None
            breaks = _breaks(part, old.get(name), new.get(name), old) if compared else ""
            rows.append(FieldRow(part, name, kind, old.get(name), new.get(name), breaks))
    rows.sort(key=lambda row: (not row.breaks, row.kind in (Kind.EQUAL, Kind.NEW), _PARTS.index(row.part)))
    note = _note(challenger, champion, has_champion=has_champion, unread=unread)
    if note or not has_champion:
        return SignatureComparison(Fit.UNKNOWN, tuple(rows), note)
    fit = Fit.BREAKING if any(row.breaks for row in rows) else Fit.COMPATIBLE
    return SignatureComparison(fit, tuple(rows))


def _note(challenger: object, champion: object, *, has_champion: bool, unread: Collection[str]) -> str:
    if unread:
        return f"The signature of the {listed(sorted(unread, reverse=True))} could not be read, so nothing is compared."
    if challenger is None:
        return "The challenger has no signature: what callers may send, nobody checks."
    if champion is None and has_champion:
        return "The champion has no signature, so there is nothing to compare with."
    return ""


def _breaks(part: str, old: Field | None, new: Field | None, all_old: Mapping[str, Field]) -> str:
    if old == new:
        return ""
    if part == "inputs":
        return _input_breaks(old, new, all_old)
    if new is None:
        return "it is gone" if part == "outputs" else "callers set it, and it would be ignored"
    if old is None or (old.type == new.type and old.is_required == new.is_required):
        return ""
    if part == "outputs" and (new.type, old.type) in _WIDENED:
        return ""
    return f"it was {old.type}"


def _input_breaks(old: Field | None, new: Field | None, all_old: Mapping[str, Field]) -> str:
    if new is None:
        return ""  # callers may go on sending it
    if old is None:
        # What is new within something that is new itself is asked for with it, or not at all.
        is_asked = new.is_required and (not new.within or new.within in all_old)
        return "callers do not send it" if is_asked else ""
    if old.type != new.type and (old.type, new.type) not in _WIDENED and not _is_wider(old.type, new.type):
        return f"callers send {old.type}"
    return "callers may leave it out" if new.is_required and not old.is_required else ""


def _is_wider(old: str, new: str) -> bool:
    """Tells whether a tensor's new shape takes all of the old one: the same, but for sizes that are free now."""
    before, after = old.split(" "), new.split(" ")
    # A type is whatever somebody wrote: it may begin like ours and go on otherwise.
    if not len(before) == len(after) == 3 or not before[0] == after[0] == "tensor":
        return False
    shapes = before[2].split(_BY), after[2].split(_BY)
    same = before[1] == after[1] and len(shapes[0]) == len(shapes[1])
    return same and all(one in (other, "any") for one, other in zip(shapes[1], shapes[0], strict=True))


def _fields(said: Any, part: str) -> dict[str, Field]:
    """Returns {name: field} of a part of a signature; nested ones as `address.street`, of lists as `tags[]`."""
    found: dict[str, Field] = {}
    for position, spec in enumerate(said if isinstance(said, list) else []):
        if isinstance(spec, dict):
            name = str(spec.get("name") or (f"{position + 1}" if len(said) > 1 else "the value"))
            found |= dict(_nested(name, spec, part))
    return found


def _nested(
    name: str, spec: Mapping[str, Any], part: str, *, within: str = "", depth: int = 0
) -> Iterator[tuple[str, Field]]:
    kind = str(spec.get("type", "unknown"))
    is_required = bool(spec.get("required", part != "params"))
    if part == "params":
        shape = spec.get("shape")
        listed = "" if shape is None else f" list {_shape(shape)}" if isinstance(shape, list) else " list"
        yield name, Field(f"{kind}{listed}", False, _default(spec.get("default")))
        return
    if kind == "tensor" and isinstance(spec.get("tensor-spec"), dict):
        tensor = spec["tensor-spec"]
        yield name, Field(f"tensor {tensor.get('dtype')} {_shape(tensor.get('shape'))}", is_required)
        return
    yield name, Field(kind, is_required, within=within)
    inner = {"array": spec.get("items"), "map": spec.get("values")}.get(kind)
    if depth >= _DEEPEST:
        return
    if isinstance(inner, dict):
        yield from _nested(f"{name}[]", inner, part, within=name, depth=depth + 1)
    properties = spec.get("properties")
    for key, value in (properties if isinstance(properties, dict) else {}).items():
        if isinstance(value, dict):
            yield from _nested(f"{name}.{key}", value, part, within=name, depth=depth + 1)


def _shape(said: Any) -> str:
    if not isinstance(said, list) or not said:
        return "scalar"
    return _BY.join("any" if size == -1 else str(size) for size in said)


def _default(value: Any) -> str:
    return "none" if value is None else str(value)[:100]
