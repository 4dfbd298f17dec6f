"""Sentences about labels, for the record."""

from collections.abc import Sequence

from foundation.words import counted


def labelled(added: Sequence[str], removed: Sequence[str]) -> str:
    """Returns which labels a request got and which it lost."""
    parts = (("Added", added), ("Removed", removed))
    return " ".join(f"{deed}: {', '.join(names)}." for deed, names in parts if names)


def label_added(name: str, colour: str) -> str:
    """Returns what is kept of a new label."""
    return f"added: {name}, {colour}"


def label_changed(before: tuple[str, str], after: tuple[str, str]) -> str:
    """Returns what was changed of a label's (name, colour)."""
    fields = zip(("name", "colour"), before, after, strict=True)
    return "; ".join(f"{field}: {was} → {now}" for field, was, now in fields if was != now)


def label_deleted(name: str, colour: str, held_by: int) -> str:
    """Returns what is kept of a label that is gone, and how many requests had it."""
    return f"deleted: {name}, {colour}; {counted(held_by, 'request')} had it"
