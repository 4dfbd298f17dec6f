#!/usr/bin/env python
"""Django's command line, with configuration errors as one line."""

import os
import sys


def main() -> None:
    """Runs one management command."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "checkpoint_project.settings")
    try:
        from django.core.management import execute_from_command_line  # noqa: PLC0415

        from checkpoint_project.startup import require_registry  # noqa: PLC0415
        from foundation.env import ConfigurationError  # noqa: PLC0415
    except ImportError as error:
        sys.exit(f"{error.name or error} is missing: run `make demo`, or `pip install -r requirements.txt` first.")
    try:
        if sys.argv[1:2] == ["runserver"]:
            require_registry()
        execute_from_command_line(sys.argv)
    except ConfigurationError as error:
        sys.exit(f"checkpoint: {error}")


if __name__ == "__main__":
    main()
