"""The pages say what is so: the settings' names and defaults, and of what they name that it exists."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import get_commands

BASE: Path = settings.BASE_DIR
SETTINGS_PAGE = (BASE / "docs" / "settings.md").read_text()
READERS = {
    *("string", "matching", "flag", "integer", "seconds", "choice"),
    *("url", "origin", "host", "hosts_served", "networks", "mail_address", "time_zone"),
}

PAGES = [
    *(BASE / place / "README.md" for place in (".", "bench", "deploy/nginx", "proxy")),
    BASE / "CHANGELOG.md",
    *sorted((BASE / "docs").glob("*.md")),
]
# The changelog tells of what was, and may name what is no more.
PRESENT = [page for page in PAGES if page.name != "CHANGELOG.md"]


def identity(page: Path) -> str:
    return str(page.relative_to(BASE))


def documented() -> dict[str, str]:
    """Returns {variable: default as written} of the tables in docs/settings.md."""
    rows = re.findall(r"^\| `([A-Z_]+)` \| (.+?) \| .+ \|$", SETTINGS_PAGE, flags=re.MULTILINE)
    assert len(rows) == len(dict(rows)), "a variable has two rows"
    return dict(rows)


def read() -> dict[str, list[ast.expr | None]]:
    """Returns {variable: its default in each place that reads it} of settings.py; None where a call names none."""
    found: dict[str, list[ast.expr | None]] = {}
    for node in ast.walk(ast.parse((BASE / "checkpoint_project" / "settings.py").read_text())):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute) or node.func.attr not in READERS:
            continue
        if isinstance(node.func.value, ast.Name) and node.func.value.id == "env":
            name = ast.literal_eval(node.args[0])
            defaults = [*node.args[1:2], *(word.value for word in node.keywords if word.arg == "default")]
            found.setdefault(name, []).append(defaults[0] if defaults else None)
    return found


def headings(page: Path) -> set[str]:
    """Returns what a link may name behind its `#`, as GitHub makes it of headings."""
    titles = re.findall(r"^#+ (.+)$", page.read_text(), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def test_every_setting_has_a_row_and_every_row_a_setting() -> None:
    assert set(documented()) == set(read())


def test_the_documented_defaults_are_the_real_ones() -> None:
    compared = 0
    for name, defaults in read().items():
        for default in defaults:
            if default is None or any(isinstance(node, (ast.Name, ast.JoinedStr)) for node in ast.walk(default)):
                continue  # depends on other settings: the page describes it in words
            value = eval(compile(ast.Expression(default), name, "eval"))  # noqa: S307 - our own arithmetic
            shown = {True: "1", False: "0"}.get(value, str(value)) if isinstance(value, bool) else str(value)
            assert documented()[name] == f"`{shown}`", name
            compared += 1
    assert compared >= 12


def test_every_setting_that_a_page_names_is_one() -> None:
    for page in PRESENT:
        named = set(re.findall(r"`(CHECKPOINT_[A-Z_]+)`", page.read_text()))
        assert named <= set(documented()), identity(page)


@pytest.mark.parametrize("page", PAGES, ids=identity)
def test_every_link_leads_somewhere(page: Path) -> None:
    links = [link for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text()) if "://" not in link]
    for link in links:
        path, _, heading = link.partition("#")
        target = (page.parent / path) if path else page
        assert target.exists(), link
        assert not heading or heading in headings(target), link


@pytest.mark.parametrize("page", PRESENT, ids=identity)
def test_every_path_and_command_that_a_page_names_exists(page: Path) -> None:
    text = page.read_text()
    rooms = "|".join(path.name for path in BASE.iterdir() if path.is_dir() and not path.name.startswith("."))
    files = re.findall(r"`([\w./-]+/[\w.-]+\.(?:py|json|toml|template|svg))`", text)
    for path in [*files, *re.findall(rf"`((?:{rooms})/[\w./-]*)`", text)]:
        assert (BASE / path).exists() or (page.parent / path).exists() or path.startswith("var/"), path
    for command in re.findall(r"manage\.py (\w+)", text):
        assert command in get_commands(), command
    targets = re.findall(r"^(\w+):", (BASE / "Makefile").read_text(), flags=re.MULTILINE)
    assert set(re.findall(r"`make (\w+)", text)) <= set(targets)


def test_every_page_is_found_from_the_index() -> None:
    index = (BASE / "docs" / "README.md").read_text()
    links = {((BASE / "docs") / link).resolve() for link in re.findall(r"\]\(([^)\s]+)\)", index)}
    assert {page for page in PAGES if page != BASE / "docs" / "README.md"} <= links
    assert "](docs/README.md)" in (BASE / "README.md").read_text()


def test_the_readme_is_read_in_two_minutes() -> None:
    assert len((BASE / "README.md").read_text().splitlines()) <= 120


def test_the_picture_of_the_rooms_is_that_of_the_import_contract() -> None:
    drawing = [sys.executable, BASE / "docs" / "make_architecture_picture.py", "--check"]
    outcome = subprocess.run(drawing, capture_output=True, text=True)
    assert outcome.returncode == 0, outcome.stderr
