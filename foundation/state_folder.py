"""The folder in which this installation keeps what belongs to it alone."""

import os
import tempfile
from pathlib import Path

from foundation.env import ConfigurationError

_SETTING = "CHECKPOINT_STATE_DIR"


def locate(text: str) -> Path:
    """Returns the folder that the setting names, as an absolute path.

    Raises:
        ConfigurationError: it begins with `~`, which the shell replaces and an environment file does not.
    """
    if text.startswith("~"):
        raise ConfigurationError(f"{_SETTING} is {text!r}: write the path in full, `~` is not replaced here.")
    return Path(text).absolute()


def prepare(folder: Path) -> None:
    """Makes the folder, for its owner alone; one that is there keeps its mode, because it may be shared (`/tmp`).

    Raises:
        ConfigurationError: it cannot be made, is no folder, or cannot be written.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except FileExistsError:
        raise ConfigurationError(f"{_SETTING} names {folder}, which is not a folder: name another.") from None
    except OSError as error:
        raise unwritable(folder, error) from None
    if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        raise unwritable(folder)
    try:
        # Tried, because some folders say that root may write there and let nobody (`/proc`).
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as error:
        raise unwritable(folder, error) from None


def unwritable(folder: Path, error: OSError | None = None) -> ConfigurationError:
    """Returns the refusal of a folder in which this process cannot work."""
    why = f" ({error.strerror})" if error else ""
    return ConfigurationError(
        f"{_SETTING} names {folder}, which is not writable{why}: mount a folder that user {os.getuid()} may write, "
        "or name another."
    )


def create_private(path: Path) -> None:
    """Makes an empty file that only its owner reads, whatever umask the process has; one that is there is left be.

    Raises:
        OSError: the folder is missing or cannot be written.
    """
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    except FileExistsError:
        return
