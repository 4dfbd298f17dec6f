"""The one gunicorn that this package was tested with: it overrides what gunicorn promises nobody."""

import gunicorn

from foundation.env import ConfigurationError

TESTED = "26.2.0"


def require_tested() -> None:
    """Refuses any other gunicorn: beside one, requests could be read or answers be framed in another way than tested.

    Raises:
        ConfigurationError: another version is installed.
    """
    if gunicorn.__version__ != TESTED:
        raise ConfigurationError(
            f"gunicorn {gunicorn.__version__} is installed, but this Checkpoint was tested with {TESTED} only: "
            f"pip install gunicorn=={TESTED}."
        )
