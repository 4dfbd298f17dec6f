"""Rules, freeze windows and owners as one YAML file: written in a stable order, read with lines, applied."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

import yaml
from django.db import transaction
from django.db.models import Model

from audit.actors import Actor
from foundation.exceptions import InvalidInput
from protection import documents, moves, rules, sentences
from protection.conditions import CONDITIONS
from protection.models import FreezeWindow, Ownership, ProtectionRule
from protection.people import named_all
from protection.rulebook import delete_entry, save_entry

R = TypeVar("R", ProtectionRule, FreezeWindow, Ownership)

FORMAT = 1
LARGEST = 1_000_000
"""Characters of a file."""
_KEYS: dict[str, frozenset[str]] = {
    "rules": frozenset({*documents.FIELDS, "promotion", "conditions", *moves.KEYS}),
    "freeze_windows": frozenset(
        {"name", "start", "end", "timezone", "workspace_pattern", "model_pattern", "target_pattern"}
    ),
    "ownership": frozenset({"section", "workspace_pattern", "model_pattern", "approvals", "groups", "users"}),
}
_NEEDED = {"rules": ("target_pattern",), "freeze_windows": ("name", "start", "end"), "ownership": ("section",)}
_IDENTITY: dict[str, tuple[str, ...]] = {
    "rules": ("workspace_pattern", "model_pattern", "target_pattern"),
    "freeze_windows": ("name",),
    "ownership": ("section", "workspace_pattern", "model_pattern"),
}
"""What tells one entry of a list from another; a pattern that is left out is `*`."""


class Wrong(InvalidInput):
    """A file that cannot be taken; the message begins with line and column."""


@dataclass(frozen=True, slots=True)
class Parsed:
    """What a file says.

    Attributes:
        entries: {list: entries}, as they stand there.
        places: {(list, position, key, or condition): (line, column)}, both counted from 1.
    """

    entries: dict[str, list[dict[str, Any]]]
    places: dict[tuple[Any, ...], tuple[int, int]]

    def place(self, *path: Any) -> str:
        """Returns `line 4, column 5` of the closest part of the path that is there."""
        while path and path not in self.places:
            path = path[:-1]
        line, column = self.places.get(path, (1, 1))
        return f"line {line}, column {column}"


def exported() -> str:
    """Returns everything that is asked for, as YAML, in an order that does not change by itself."""
    found = list(ProtectionRule.objects.all())
    ownership = named_all(row.document for row in Ownership.objects.all())
    said = {
        "format": FORMAT,
        "rules": sorted(documents.of_rules(found), key=lambda each: [each[name] for name in _IDENTITY["rules"]]),
        "freeze_windows": [window.document for window in FreezeWindow.objects.order_by("name")],
        "ownership": sorted(ownership, key=lambda each: [each[name] for name in _IDENTITY["ownership"]]),
    }
    text: str = yaml.safe_dump(said, sort_keys=False, allow_unicode=True, width=100)
    return text


def parse(text: str) -> Parsed:
    """Reads a file.

    Raises:
        Wrong: it is no YAML of this shape: an unknown, missing or repeated key, or a wrong type; with line and column.
    """
    if len(text) > LARGEST:
        raise Wrong(f"line 1, column 1: a file of rules has at most {LARGEST:,} characters.")
    loader = yaml.SafeLoader(text)
    try:
        root = loader.get_single_node()
        places = dict(_places(root)) if root is not None else {}
        said = loader.construct_document(root) if root is not None else None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        raise Wrong(f"line {line}, column {column}: this is no YAML: {error.problem or error.context}.") from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise Wrong(f"line 1, column 1: this is no YAML: {error}.") from None
    finally:
        loader.dispose()
    parsed = Parsed({}, places)
    if not isinstance(said, dict) or said.get("format") != FORMAT:
        raise Wrong(f"{parsed.place('format')}: a file of rules begins with format: {FORMAT}.")
    for key in said:
        if key != "format" and key not in _KEYS:
            raise Wrong(f"{parsed.place(key)}: {key!r} is unknown: known are format, {', '.join(_KEYS)}.")
    for kind in _KEYS:
        parsed.entries[kind] = _checked(kind, said.get(kind) or [], parsed)
    return parsed


def apply(parsed: Parsed, *, actor: Actor, delete_others: bool, dry_run: bool) -> list[str]:
    """Makes the installation what a file says, all or nothing, and returns the difference, a line each.

    Args:
        parsed: The file.
        actor: Who answers for it: every change is theirs in the trail, and needs their permission.
        delete_others: Deletes what is not in the file; otherwise it stays, and the difference says so.
        dry_run: Undoes everything in the end.

    Raises:
        Wrong: an entry cannot be, with line and column; nothing is changed.
        NotAllowed: the actor may not write one of them.
    """
    lines: list[str] = []
    with transaction.atomic():
        # Owners and windows first: a rule may ask for an owner that is named here.
        for kind, take in (("ownership", _take_entry), ("freeze_windows", _take_entry), ("rules", _take_rule)):
            known = _known(kind)
            for position, document in enumerate(parsed.entries[kind]):
                row = known.pop(_identity(kind, document), None)
                try:
                    lines += take(kind, row, document, actor)
                except InvalidInput as wrong:
                    path = (kind, position, *_path_of(kind, wrong.field, document))
                    raise Wrong(f"{parsed.place(*path)}: {wrong.message}") from None
            for row in known.values():
                lines.append(f"{'deleted' if delete_others else 'not in the file, left'}: {_kind_of(kind)} {row}")
                if delete_others:
                    _delete(row, actor)
        transaction.set_rollback(dry_run)
    return lines


def _path_of(kind: str, field: str, document: dict[str, Any]) -> tuple[str, ...]:
    if kind == "rules" and field in CONDITIONS:  # owners have approvals too, and no conditions
        return ("conditions", field)
    return documents.place_of(field, document)


def _checked(kind: str, given: Any, parsed: Parsed) -> list[dict[str, Any]]:
    if not isinstance(given, list):
        raise Wrong(f"{parsed.place(kind)}: {kind} is a list.")
    seen = set()
    for position, entry in enumerate(given):
        if not isinstance(entry, dict):
            raise Wrong(f"{parsed.place(kind, position)}: an entry of {kind} has keys and values.")
        for key, value in entry.items():
            if key not in _KEYS[kind]:
                known = ", ".join(sorted(_KEYS[kind]))
                raise Wrong(f"{parsed.place(kind, position, key)}: {key!r} is unknown: known are {known}.")
            _check_type(key, value, parsed.place(kind, position, key))
        for key in _NEEDED[kind]:
            if key not in entry:
                raise Wrong(f"{parsed.place(kind, position)}: {key} is missing.")
        if (identity := _identity(kind, entry)) in seen:
            raise Wrong(f"{parsed.place(kind, position)}: an entry above is for the same.")
        seen.add(identity)
    return given


def _check_type(key: str, value: Any, place: str) -> None:
    match key:
        case moves.ROLLBACK | moves.BREAK_GLASS | moves.RE_REVIEW:
            is_right, wanted = isinstance(value, dict), "keys and values"
        case "conditions" | "promotion":
            is_right = isinstance(value, dict) and (key == "conditions" or value.keys() <= {"when", "groups"})
            wanted = "keys and values" if key == "conditions" else "when and groups"
        case "groups" | "users":
            is_right, wanted = isinstance(value, list) and all(isinstance(each, str) for each in value), "list of names"
        case "approvals":
            is_right, wanted = isinstance(value, int) and not isinstance(value, bool), "whole number"
        case _:
            is_right, wanted = isinstance(value, str), "text: put it between quotes"
    if not is_right:
        raise Wrong(f"{place}: {key} is a {wanted}." if " and " not in wanted else f"{place}: {key} has {wanted}.")


def _identity(kind: str, document: dict[str, Any]) -> tuple[str, ...]:
    return tuple(document.get(name, "*").strip() for name in _IDENTITY[kind])


def _known(kind: str) -> dict[tuple[str, ...], Any]:
    model: Any = {"rules": ProtectionRule, "freeze_windows": FreezeWindow, "ownership": Ownership}[kind]
    return {tuple(getattr(row, name) for name in _IDENTITY[kind]): row for row in model.objects.all()}


def _kind_of(kind: str) -> str:
    return {"rules": "rule", "freeze_windows": "freeze window", "ownership": "owners"}[kind]


def _take_rule(kind: str, row: ProtectionRule | None, document: dict[str, Any], actor: Actor) -> list[str]:
    """Stores a rule as the file has it: what the file leaves out is as in a new rule."""
    fresh = documents.filled(_in_place_of(row, ProtectionRule()), document)
    saved = rules.save_rule(actor=actor, rule=fresh)
    if row is None:
        return [_added(kind, saved)]
    changed = sentences.changed(sentences.described(row), sentences.described(saved))
    return [f"changed: {_kind_of(kind)} {changed}"] if saved.version != row.version else []


def _take_entry(kind: str, row: Any, document: dict[str, Any], actor: Actor) -> list[str]:
    values = dict(document)
    fresh = _in_place_of(row, FreezeWindow() if kind == "freeze_windows" else Ownership())
    if isinstance(fresh, Ownership):
        fresh.people = {name: values.pop(name, []) for name in ("groups", "users")}
    for name, value in values.items():
        setattr(fresh, name, value)
    saved = save_entry(actor=actor, entry=fresh)
    if row is None:
        return [_added(kind, saved)]
    changed = sentences.entry_changed(sentences.entry(row), sentences.entry(saved))
    return [f"changed: {changed}"] if saved.version != row.version else []


def _added(kind: str, saved: Model) -> str:
    return f"added: {_kind_of(kind)} {saved}"


def _in_place_of(row: R | None, fresh: R) -> R:
    """Returns a new row that takes the place of one that is there, where one is, in the version that was read."""
    if row is not None:
        fresh.pk, fresh.version = row.pk, row.version
        fresh._state.adding, fresh._state.db = False, row._state.db
    return fresh


def _delete(row: Any, actor: Actor) -> None:
    if isinstance(row, ProtectionRule):
        rules.delete_rule(actor=actor, rule=row)
    else:
        delete_entry(actor=actor, entry=row)


def _places(node: yaml.Node, path: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], tuple[int, int]]]:
    """Yields where each part stands, as far down as conditions go.

    Raises:
        Wrong: a key is written twice, which YAML would take for the last of them.
    """
    yield path, (node.start_mark.line + 1, node.start_mark.column + 1)
    if len(path) > 4:
        return
    if isinstance(node, yaml.MappingNode):
        seen = set()
        for key, value in node.value:
            name = key.value if isinstance(key, yaml.ScalarNode) else None
            line, column = key.start_mark.line + 1, key.start_mark.column + 1
            if name in seen:
                raise Wrong(f"line {line}, column {column}: {name!r} stands here twice.")
            seen.add(name)
            yield from _places(value, (*path, name))
            yield (*path, name), (line, column)
    elif isinstance(node, yaml.SequenceNode):
        for position, value in enumerate(node.value):
            yield from _places(value, (*path, position))
