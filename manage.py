#!/usr/bin/env python
"""Django's command line, with a wrong setting, or a database that is away, as one line."""

import os
import sys


def main() -> None:
    """Runs one management command."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "checkpoint_project.settings")
    try:
        from django.core.management import execute_from_command_line  # noqa: PLC0415
        from django.db import DatabaseError  # noqa: PLC0415

        from checkpoint_project import startup  # noqa: PLC0415
        from foundation.env import ConfigurationError  # noqa: PLC0415
    except ImportError as error:
        sys.exit(f"{error.name or error} is missing: run `make demo`, or `pip install -r requirements.txt` first.")
    try:
        if sys.argv[1:2] == ["runserver"]:
            startup.require_registry()
        try:
            execute_from_command_line(sys.argv)
        except DatabaseError:
            # Says so in one line where it is not to be had at all; otherwise the fault is another one.
            startup.wait_for_database(0)
            raise
    except ConfigurationError as error:
        sys.exit(f"checkpoint: {error}")


if __name__ == "__main__":
    main()
