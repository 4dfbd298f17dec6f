from typing import Any

from django.contrib.staticfiles.management.commands import runserver
from django.core.management.base import CommandParser
from typing_extensions import override

from accounts.joining import first_administrator
from checkpoint_project import self_test, startup
from foundation import env


class Command(runserver.Command):
    """Django's development server on Checkpoint's port; migrates the database and shows the setup link first.

    WhiteNoise serves the static files here too, so that development has the same paths as production.
    """

    default_port = "5000"

    @override
    def add_arguments(self, parser: CommandParser) -> None:
        """Adds Django's options, with its own serving of static files switched off."""
        super().add_arguments(parser)
        parser.set_defaults(use_static_handler=False)

    @override
    def run(self, **options: Any) -> None:
        """Refuses a port that there is not, which Django finds out with a traceback."""
        env.whole_number("The port", self.port, minimum=1, maximum=65_535)  # type: ignore[attr-defined]
        super().run(**options)

    @override
    def inner_run(self, *args: Any, **options: Any) -> None:
        """Serves; runs in the reloader's child process."""
        startup.prepare_database()
        link = first_administrator.prepare()
        if link:
            self.stdout.write(f"No account exists yet. Create the administrator's at {link}")
        self_test.begin()
        super().inner_run(*args, **options)
