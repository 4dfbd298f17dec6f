"""The development server."""

from typing import Any

from django.conf import settings
from django.contrib.staticfiles.management.commands import runserver
from django.core.management.base import CommandParser

from accounts.joining import first_administrator
from checkpoint_project import startup


class Command(runserver.Command):
    """Django's, on Checkpoint's port, which brings the database up to date and shows the setup link first.

    WhiteNoise serves the static files here too, so that development meets the same paths as production.
    """

    default_port = "5000"

    def add_arguments(self, parser: CommandParser) -> None:
        """Declares Django's options, with its own serving of static files switched off."""
        super().add_arguments(parser)
        parser.set_defaults(use_static_handler=False)

    def inner_run(self, *args: Any, **options: Any) -> None:
        """Serves, in the reloader's child."""
        startup.prepare_database()
        link = first_administrator.prepare(settings.CHECKPOINT_PUBLIC_URL)
        if link:
            self.stdout.write(f"No account exists yet. Create the administrator's at {link}")
        super().inner_run(*args, **options)
