"""The state folder, and files that only their owner reads."""

import os
import stat
from pathlib import Path

import pytest

from foundation import state_folder
from foundation.env import ConfigurationError


def test_a_new_folder_is_its_owners_and_a_shared_one_keeps_its_mode(tmp_path: Path) -> None:
    new, shared = tmp_path / "a" / "new", tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o1777)
    for folder in (new, shared):
        state_folder.prepare(folder)
    assert stat.S_IMODE(new.stat().st_mode) == 0o700
    assert stat.S_IMODE(shared.stat().st_mode) == 0o1777


def test_a_folder_on_a_read_only_disk_is_refused_with_the_setting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: False)  # as access(2) answers there, also for root
    with pytest.raises(ConfigurationError, match=f"CHECKPOINT_STATE_DIR names {tmp_path}, which is not writable"):
        state_folder.prepare(tmp_path)


def test_a_private_file_is_its_owners_whatever_the_umask_and_one_that_is_there_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "file"
    before = os.umask(0)
    try:
        state_folder.create_private(path)
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.write_text("kept")
    state_folder.create_private(path)
    assert path.read_text() == "kept"
