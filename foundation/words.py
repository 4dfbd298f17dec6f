"""The English that depends on numbers: plurals and lists. A translation would replace this module."""

from collections.abc import Sequence


def counted(number: int, noun: str, plural: str = "") -> str:
    """Returns `1 approval`, `2 approvals`."""
    return f"{number} {inflected(number, noun, plural or f'{noun}s')}"


def inflected(number: int, singular: str, plural: str) -> str:
    """Returns the form of a noun or a verb that goes with the number."""
    return singular if number == 1 else plural


def listed(names: Sequence[str]) -> str:
    """Returns `ada`, `ada and grace`, `ada, grace and linus`; "" for none."""
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} and {names[-1]}"
