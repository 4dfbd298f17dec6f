"""The vendored files are those of the packages that `static/vendor/vendor.json` names, and nothing comes from afar."""

import hashlib
import json
import re
from pathlib import Path

import pytest
from django.conf import settings

VENDOR = Path(settings.BASE_DIR) / "static" / "vendor"
ENTRIES = json.loads((VENDOR / "vendor.json").read_text())["files"]
OWN_FILES = [
    path
    for folder in ("templates", "static/checkpoint")
    for path in sorted((Path(settings.BASE_DIR) / folder).rglob("*"))
    if path.suffix in {".html", ".css", ".js", ".svg"} and "email" not in path.parts
]


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry["path"])
def test_vendored_file_has_the_recorded_digest(entry: dict[str, str]) -> None:
    assert hashlib.sha256((VENDOR / entry["path"]).read_bytes()).hexdigest() == entry["sha256"]


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry["path"])
def test_vendored_file_says_where_it_is_from_and_on_what_terms(entry: dict[str, str]) -> None:
    assert entry["package"]
    assert entry["source"].startswith("package/")
    assert entry["license"] in {"MIT", "0BSD"}
    assert re.fullmatch(r"\d+\.\d+\.\d+", entry["version"])
    assert (VENDOR / entry["path"]).parent.joinpath("LICENSE").is_file()


def test_every_vendored_file_is_recorded() -> None:
    present = {str(path.relative_to(VENDOR)) for path in VENDOR.rglob("*") if path.is_file()}
    assert present == {entry["path"] for entry in ENTRIES} | {"vendor.json"}


@pytest.mark.parametrize("path", OWN_FILES, ids=lambda path: path.name)
def test_own_file_loads_nothing_from_another_host(path: Path) -> None:
    text = path.read_text()
    assert not re.search(r"""(?:src|href|action)=["'](?:https?:)?//""", text)
    assert not re.search(r"""url\(["']?(?:https?:)?//|@import|fetch\(["'](?:https?:)?//""", text)


@pytest.mark.parametrize("path", [path for path in OWN_FILES if path.suffix == ".html"], ids=lambda path: path.name)
def test_template_has_no_inline_script_or_style(path: Path) -> None:
    text = path.read_text()
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=|javascript:", text)
    assert not re.search(r"<script(?![^>]*\ssrc=)", text)
