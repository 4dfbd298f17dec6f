"""Names of modules, and of what is in them, that comments, docstrings and documents mention in backticks exist."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings

ROOT = Path(settings.BASE_DIR)
_CONTRACT = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
FOLDERS = [*_CONTRACT["root_packages"], "deploy", "docs", "static/checkpoint", "templates"]
FILES = [
    path.relative_to(ROOT)
    for path in (*ROOT.glob("*.*"), *(found for folder in FOLDERS for found in (ROOT / folder).rglob("*.*")))
    if path.is_file()
]
MODULES = [path for path in FILES if path.suffix == ".py"]
PROSE = [path for path in FILES if path.suffix in {".py", ".md"} and "migrations" not in path.parts]
# `wsgi.input` is a key of PEP 3333's, `checkpoint.approved_by` a tag; the others are packages of others.
NOT_OURS = {"checkpoint", "django", "mlflow", "wsgi"}


def _mentioned(pattern: str) -> Iterator[tuple[Path, re.Match[str]]]:
    for path in PROSE:
        for match in re.finditer(rf"`{pattern}`", (ROOT / path).read_text()):
            yield path, match


def _is_file(mentioned: str, where: Path) -> bool:
    return any((ROOT / folder / mentioned).is_file() for folder in where.parents)


def test_mentioned_files_exist() -> None:
    folders = "|".join(sorted({path.parts[0] for path in FILES if len(path.parts) > 1} | {"tests"}))
    mentioned = _mentioned(rf"((?:{folders})/[\w./-]+\.(?:py|md|html|js|json|toml|svg))")
    assert {(str(path), match[1]) for path, match in mentioned if not _is_file(match[1], path)} == set()


def test_mentioned_modules_exist() -> None:
    names = {path.name for path in FILES}
    assert {(str(path), match[1]) for path, match in _mentioned(r"(\w+\.py)") if match[1] not in names} == set()


def test_mentioned_names_exist_in_their_modules() -> None:
    sources: dict[str, str] = {}
    for path in MODULES:
        name = path.parent.name if path.stem == "__init__" else path.stem
        sources[name] = sources.get(name, "") + (ROOT / path).read_text()
    missing = set()
    for path, match in _mentioned(r"(?:(\w+)\.)?(?:\w+\.)*(\w+)\.(?!(?:py|json)`)(\w+)(?:\(\))?"):
        package, module, name = match[1], match[2], match[3]
        is_known = module not in sources or not NOT_OURS.isdisjoint({package, module}) or name in sources
        if not is_known and not re.search(rf"\b{name}\b", sources[module]):
            missing.add((str(path), f"{module}.{name}"))
    assert missing == set()


@pytest.mark.parametrize("files", [MODULES, PROSE])
def test_something_is_looked_at(files: list[Path]) -> None:
    assert len(files) > 100
