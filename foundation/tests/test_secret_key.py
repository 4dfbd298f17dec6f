"""The generated secret key."""

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from foundation.env import ConfigurationError
from foundation.secret_key import load_or_create


def test_the_key_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "secret_key"
    key = load_or_create(path)
    assert len(key) >= 50
    assert load_or_create(path) == key
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [file.name for file in path.parent.iterdir()] == ["secret_key"]


def test_two_installations_have_two_keys(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    assert load_or_create(tmp_path / "a" / "secret_key") != load_or_create(tmp_path / "b" / "secret_key")


def test_everybody_who_starts_at_once_gets_one_key(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        keys = set(pool.map(load_or_create, [tmp_path / "secret_key"] * 32))
    assert len(keys) == 1


def test_a_folder_that_cannot_be_written_is_one_line_that_names_it(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.touch()
    with pytest.raises(ConfigurationError) as refusal:
        load_or_create(blocked / "secret_key")
    assert str(refusal.value).startswith(f"{blocked / 'secret_key'} cannot be used (Not a directory)")
    assert "SECRET_KEY" in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_a_damaged_key_is_refused_instead_of_used(tmp_path: Path) -> None:
    (tmp_path / "secret_key").write_text("short")
    with pytest.raises(ConfigurationError, match="holds no usable key"):
        load_or_create(tmp_path / "secret_key")
