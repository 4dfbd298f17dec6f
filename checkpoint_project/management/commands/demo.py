from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser
from typing_extensions import override

from demo.processes import ServerFailed
from demo.runner import Demo
from foundation import listening, options
from foundation.env import ConfigurationError


class Command(BaseCommand):
    """Runs a real MLflow behind Checkpoint, with models, people and promote requests, until Ctrl-C."""

    help = "Starts a real MLflow behind Checkpoint, with models, people and promote requests to try it out."
    requires_system_checks = ()

    @override
    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--port",
            type=options.port("--port"),
            default=5000,
            help="Checkpoint's port on this machine (default: 5000)",
        )
        parser.add_argument(
            "--data",
            type=Path,
            default=Path(settings.BASE_DIR) / "var" / "demo",
            help="folder that keeps the data from run to run (default: var/demo)",
        )

    @override
    def handle(self, *args: Any, port: int, data: Path, **further: Any) -> None:
        listening.require_free("127.0.0.1", port)
        try:
            Demo(folder=data, port=port, say=self._say).run()
        except ServerFailed as error:
            raise ConfigurationError(str(error)) from None

    def _say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()
