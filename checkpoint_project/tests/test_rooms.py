"""The shape of the house: every folder of code is a room of the import contract, and no room is crowded.

import-linter holds the direction inside the contract; `exhaustive` does not reach the root packages, so this does.
"""

import statistics
import tomllib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings

ROOT = Path(settings.BASE_DIR)
MOST_MODULES = 15
CONTRACT = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
ROOMS = sorted(CONTRACT["root_packages"])


def _modules(room: str) -> Iterator[Path]:
    for path in (ROOT / room).rglob("*.py"):
        inside = path.relative_to(ROOT).parts
        if "tests" not in inside and "migrations" not in inside and path.name != "__init__.py":
            yield path


def test_every_folder_of_code_is_a_room_of_the_contract() -> None:
    found = {path.parent.name for path in ROOT.glob("*/__init__.py")}
    (rooms,) = (
        contract["layers"]
        for contract in CONTRACT["contracts"]
        if "containers" not in contract and "layers" in contract
    )
    assert found == set(ROOMS) == set(rooms)


@pytest.mark.parametrize("room", ROOMS)
def test_no_package_has_more_modules_at_one_level_than_one_can_take_in(room: str) -> None:
    crowded = {
        str(folder): n for folder, n in Counter(path.parent for path in _modules(room)).items() if n > MOST_MODULES
    }
    assert not crowded


@pytest.mark.parametrize("room", [room for room in ROOMS if room != "testing"])
def test_modules_are_short(room: str) -> None:
    lengths = sorted(len(path.read_text().splitlines()) for path in _modules(room))
    if len(lengths) >= 5:
        assert statistics.median(lengths) <= 120
    if len(lengths) >= 10:
        assert statistics.quantiles(lengths, n=10)[-1] < 300
