"""How gates spell names, numbers and amounts. Pure."""

import math
import re

BARE = re.compile(r"[A-Za-z0-9_.@:/+*?-]+")
"""What a name may be made of without quotes."""
KEYWORDS = frozenset(
    {
        "metric", "on", "dataset", "no", "worse", "better", "than", "champion", "by", "tag", "param", "exists", "in",
        "description", "required", "artifact", "signature", "compatible", "size", "age",
    }
)  # fmt: skip
"""Words of the grammar; a name that is spelled so stands in quotes."""

SIZES = {
    "B": 1,
    "KB": 10**3,
    "KiB": 2**10,
    "MB": 10**6,
    "MiB": 2**20,
    "GB": 10**9,
    "GiB": 2**30,
    "TB": 10**12,
    "TiB": 2**40,
}
"""{unit: bytes}."""
SPANS = {"minutes": 60, "hours": 3600, "days": 86_400, "weeks": 604_800}
"""{unit: seconds}."""


def quoted(name: str) -> str:
    """Returns a name as the grammar reads it, in quotes where it needs them."""
    if BARE.fullmatch(name) and name.casefold() not in KEYWORDS and not is_number(name):
        return name
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'


def number(value: float) -> str:
    """Returns a number as the comparison shows it: with six digits."""
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else "infinite" if value > 0 else "minus infinite"
    return f"{value:.6g}"


def exact(value: float) -> str:
    """Returns a finite number so that the grammar reads the same one again."""
    return repr(float(value)).removesuffix(".0")


def is_number(text: str) -> bool:
    """Tells whether the grammar reads this as a number."""
    return re.fullmatch(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?", text) is not None


def size(amount: float) -> str:
    """Returns bytes as people read them: `1.9 GiB`."""
    for unit in ("TiB", "GiB", "MiB", "KiB"):
        if amount >= SIZES[unit]:
            return f"{amount / SIZES[unit]:.3g} {unit}"
    return f"{amount:.0f} B"


def span(seconds: float) -> str:
    """Returns a time as people read it: `3.5 days`."""
    for unit in ("days", "hours", "minutes"):
        if seconds >= SPANS[unit]:
            return f"{seconds / SPANS[unit]:.3g} {unit}"
    return "less than a minute"
