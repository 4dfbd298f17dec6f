"""Draws docs/architecture.svg from the import contract and the table of rooms in docs/architecture.md.

The order of the boxes comes from the contract, so the picture shows no direction that is not checked. The words come
from the table, so each room is described once.
"""

import argparse
import re
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import escape

DOCS = Path(__file__).parent
ROOT = DOCS.parent
PICTURE = DOCS / "architecture.svg"

_WIDTH = 980
_LEFT = 56  # room for the arrow
_RIGHT = 20
_GAP = 10
_PADDING = 14
_WORDS = 196  # where a room's words begin, beside its name
_LINE_HEIGHT = 18
_CHIP_HEIGHT = 24
_CHIP_GAP = 6
_ARROW = 16  # between two layers of a room
# Widths of the fonts below, rounded up: a box that is a little too wide looks better than text that runs out of it.
_LETTER = 6.9
_CODE_LETTER = 7.3

_STYLE = """
  .paper { fill: #ffffff; } .room { fill: #f5f7fa; stroke: #b8c2cf; } .chip { fill: #ffffff; stroke: #b8c2cf; }
  text { fill: #1b2733; font: 13px ui-sans-serif, system-ui, "Segoe UI", Roboto, sans-serif; }
  .name { font: bold 14px ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace; }
  .module { font: 12px ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace; }
  .quiet { fill: #51606f; } .line { stroke: #51606f; fill: none; } .head { fill: #51606f; }
  @media (prefers-color-scheme: dark) {
    .paper { fill: #0f151b; } .room { fill: #18212b; stroke: #3d4c5c; } .chip { fill: #0f151b; stroke: #3d4c5c; }
    text { fill: #e3e9ef; } .quiet { fill: #9fb0c0; } .line { stroke: #9fb0c0; } .head { fill: #9fb0c0; }
  }
"""

Layers = list[list[str]]
"""Names from top to bottom; those of one line stand side by side."""


@dataclass(frozen=True, slots=True)
class Contract:
    """The order that import-linter checks: of the rooms, and {room: the order inside it}."""

    rooms: Layers
    inside: dict[str, Layers]


def main() -> None:
    """Writes the picture; with --check only says whether it is up to date."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="write nothing; end with 1 if the picture is out of date")
    options = parser.parse_args()
    contract, words = read_contract(), read_words()
    rooms = {name for names in contract.rooms for name in names}
    if rooms != words.keys():
        sys.exit(f"Not both in the import contract and in docs/architecture.md: {', '.join(rooms ^ words.keys())}")
    drawn = picture(contract, words)
    if not options.check:
        PICTURE.write_text(drawn, encoding="utf-8")
    elif not PICTURE.exists() or PICTURE.read_text(encoding="utf-8") != drawn:
        sys.exit("docs/architecture.svg is out of date: run python docs/make_architecture_picture.py")


def read_contract() -> Contract:
    """Returns the layers contracts of pyproject.toml; the one without containers is for the rooms."""
    document = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    rooms: Layers = []
    inside: dict[str, Layers] = {}
    for contract in document["tool"]["importlinter"]["contracts"]:
        if contract["type"] != "layers":
            continue
        containers = contract.get("containers", [])
        if not containers:
            rooms = _layers(contract["layers"], ROOT)
        for container in containers:
            inside[container] = _layers(contract["layers"], ROOT / container.replace(".", "/"))
    if not rooms:
        sys.exit("pyproject.toml has no layers contract over the root packages.")
    return Contract(rooms, inside)


def _layers(lines: list[str], folder: Path) -> Layers:
    """Returns the names of each line; a name in brackets need not exist, and is left out where it does not."""
    found: Layers = []
    for line in lines:
        names = [name.strip() for name in re.split(r"[:|]", line)]
        found.append([name.strip("()") for name in names if not name.startswith("(") or _exists(folder, name)])
    return [names for names in found if names]


def _exists(folder: Path, name: str) -> bool:
    bare = name.strip("()")
    return (folder / bare).is_dir() or (folder / f"{bare}.py").is_file()


def read_words() -> dict[str, str]:
    """Returns {room: what it holds} of the table in docs/architecture.md."""
    page = (DOCS / "architecture.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([a-z_]+)/` \| (.+?) \|", page, flags=re.MULTILINE)
    return {name: words.replace("`", "") for name, words in rows}


def picture(contract: Contract, words: dict[str, str]) -> str:
    """Returns the SVG."""
    drawing: list[str] = []
    top = 20.0
    for names in contract.rooms:
        width = (_WIDTH - _LEFT - _RIGHT - _GAP * (len(names) - 1)) / len(names)
        boxes = [_room(name, words[name], contract.inside.get(name, []), width) for name in names]
        height = max(box.height for box in boxes)
        for position, box in enumerate(boxes):
            left = _LEFT + position * (width + _GAP)
            drawing.append(f'<g transform="translate({left:g} {top:g})">')
            drawing.append(f'<rect class="room" rx="6" width="{width:g}" height="{height:g}"/>')
            drawing += [*box.parts, "</g>"]
        top += height + _GAP
    bottom = top - _GAP
    return "\n".join([*_frame(bottom + 20), *_direction(20, bottom), *drawing, "</svg>", ""])


@dataclass(frozen=True, slots=True)
class _Box:
    parts: list[str]
    height: float


def _room(name: str, words: str, inside: Layers, width: float) -> _Box:
    """Draws one room, from its upper left corner: its name, its words, and the order inside it."""
    y = float(_PADDING)
    parts = [f'<text class="name" x="{_PADDING}" y="{y + 12:g}">{escape(name)}/</text>']
    for line in _wrapped(words, int((width - _WORDS - _PADDING) / _LETTER)):
        parts.append(f'<text x="{_WORDS}" y="{y + 12:g}">{escape(line)}</text>')
        y += _LINE_HEIGHT
    if inside:
        chips, y = _chips(inside, width, y + 8)
        parts += chips
    return _Box(parts, y + _PADDING - 4)


def _chips(layers: Layers, width: float, y: float) -> tuple[list[str], float]:
    """Draws a room's own layers one after the other, with an arrow from each to the next; returns where they end."""
    parts: list[str] = []
    x = float(_PADDING)
    for number, names in enumerate(layers):
        label = "  ".join(names)
        chip = len(label) * _CODE_LETTER + 16
        arrow = _ARROW if number else 0
        if x > _PADDING and x + arrow + chip > width - _PADDING:
            x, y = float(_PADDING), y + _CHIP_HEIGHT + _CHIP_GAP
        if arrow:
            parts.append(f'<text class="quiet" x="{x:g}" y="{y + 16:g}">→</text>')
            x += arrow
        parts.append(f'<rect class="chip" rx="4" x="{x:g}" y="{y:g}" width="{chip:g}" height="{_CHIP_HEIGHT}"/>')
        parts.append(f'<text class="module" x="{x + 8:g}" y="{y + 16:g}" xml:space="preserve">{escape(label)}</text>')
        x += chip + _CHIP_GAP
    return parts, y + _CHIP_HEIGHT + 4


def _wrapped(words: str, letters: int) -> list[str]:
    lines = [""]
    for word in words.split():
        if lines[-1] and len(lines[-1]) + 1 + len(word) > letters:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return lines


def _frame(height: float) -> list[str]:
    title = "The rooms of Checkpoint, and the direction in which they import each other"
    return [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height:g}" role="img" aria-label="{title}">',
        f"<title>{title}</title>",
        f"<style>{_STYLE}</style>",
        f'<rect class="paper" rx="8" width="{_WIDTH}" height="{height:g}"/>',
    ]


def _direction(top: float, bottom: float) -> list[str]:
    """Draws the arrow at the side: imports go down only."""
    middle = (top + bottom) / 2
    return [
        f'<path class="line" d="M36 {top:g}V{bottom - 8:g}"/>',
        f'<path class="head" d="M31 {bottom - 9:g}h10l-5 9z"/>',
        f'<text class="quiet" text-anchor="middle" transform="translate(24 {middle:g}) rotate(-90)">'
        "imports only what is below</text>",
    ]


if __name__ == "__main__":
    main()
