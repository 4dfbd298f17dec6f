"""`manage.py promote_due`: promotes the requests whose time has come."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from typing_extensions import override

from audit.actors import Door
from promote_requests import services


class Command(BaseCommand):
    """Promotes what a rule has promoted by itself, once every condition holds; safe to repeat, and to run twice.

    What waits for gates alone is measured again first, as the worker does.

    The exit code is 1 if something that was due could not be promoted.
    """

    help = "Promotes approved requests whose rule promotes by itself, once every condition holds. Run it by a timer."

    @override
    def handle(self, *args: Any, **options: Any) -> None:
        """Prints one line for each request that was due.

        Raises:
            CommandError: at least one was not promoted.
        """
        services.measure_waiting(door=Door.COMMAND)
        failures = 0
        for promote_request, failure in services.promote_due(door=Door.COMMAND):
            failures += failure is not None
            self.stdout.write(f"{promote_request}: {failure.message if failure else promote_request.status}")
        if failures:
            raise CommandError(f"Not promoted: {failures}. Their pages say why.")
