"""The README says of the settings what the settings say of themselves."""

import ast
import re
from pathlib import Path

from django.conf import settings

BASE: Path = settings.BASE_DIR
README = (BASE / "README.md").read_text()
READERS = {"string", "flag", "integer", "seconds", "choice", "listing", "url", "networks"}


def documented() -> dict[str, str]:
    """Returns {variable: default as written} of the README's table."""
    rows = re.findall(r"^\| `([A-Z_]+)` \| (.+?) \| .+ \|$", README, flags=re.MULTILINE)
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


def test_every_setting_has_a_row_and_every_row_a_setting() -> None:
    assert set(documented()) == set(read())


def test_the_defaults_in_the_readme_are_the_real_ones() -> None:
    compared = 0
    for name, defaults in read().items():
        for default in defaults:
            if default is None or any(isinstance(node, (ast.Name, ast.JoinedStr)) for node in ast.walk(default)):
                continue  # depends on other settings: the README describes it in words
            value = eval(compile(ast.Expression(default), name, "eval"))  # noqa: S307 - our own arithmetic
            shown = {True: "1", False: "0"}.get(value, str(value)) if isinstance(value, bool) else str(value)
            assert documented()[name] == f"`{shown}`", name
            compared += 1
    assert compared >= 12


def test_every_file_and_command_that_the_readme_names_exists() -> None:
    links = [link for link in re.findall(r"\]\(([^)]+)\)", README) if "://" not in link and not link.endswith(".png")]
    assert {"CHANGELOG.md", "LICENSE", "docs/threat-model.md", "proxy/README.md"} <= set(links)
    for link in links:
        assert (BASE / link).exists(), link
    for command in re.findall(r"manage\.py (\w+)", README):
        ours = list(BASE.glob(f"*/management/commands/{command}.py"))
        assert ours or command in {"collectstatic", "migrate"}, command
