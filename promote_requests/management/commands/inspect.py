"""`manage.py inspect`: makes the built-in check of the versions that requests wait for."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from typing_extensions import override

from audit.actors import Actor, Door
from evidence.inspection.findings import Outcome
from evidence.inspection.looking import findings_of
from evidence.models import Inspection
from foundation.exceptions import CheckpointError
from promote_requests.services.by_itself.inspecting import Awaited, inspect, inspect_waiting
from registry.workspaces import canonical_workspace

_COMMAND = Actor.checkpoint(Door.COMMAND)


class Command(BaseCommand):
    """Looks at the files of every version that an unfinished request waits for; safe to repeat and to interrupt.

    The exit code is 1 if something could not be asked for; what the check found is no error of the command.
    """

    help = "Makes the built-in check (what the files say) of versions that requests wait for, or of one version."

    @override
    def add_arguments(self, parser: ArgumentParser) -> None:
        """Adds one version in particular."""
        parser.add_argument("model", nargs="?", default="", help="With VERSION: only this one, whoever asks for it.")
        parser.add_argument("version", nargs="?", default="")
        parser.add_argument("--workspace", default="", help="The workspace of MODEL.")
        parser.add_argument("--again", action="store_true", help="With VERSION: take over nothing found before.")

    @override
    def handle(self, *args: Any, **options: Any) -> None:
        """Prints what was found of each version.

        Raises:
            CommandError: MODEL without VERSION, or MLflow could not be asked.
        """
        if bool(options["model"]) != bool(options["version"]):
            raise CommandError("Name a model and a version, or neither.")
        failed = sum(not self._say(*made) for made in self._make(options))
        if failed:
            raise CommandError(f"Not looked at: {failed}.")

    def _make(self, options: dict[str, Any]) -> list[tuple[Awaited, Inspection | CheckpointError]]:
        if not options["model"]:
            return inspect_waiting(actor=_COMMAND)
        workspace = canonical_workspace(options["workspace"])
        one = Awaited(workspace, options["model"], options["version"], afresh=options["again"])
        try:
            return [(one, inspect(one, actor=_COMMAND))]
        except CheckpointError as failure:
            return [(one, failure)]

    def _say(self, one: Awaited, made: Inspection | CheckpointError) -> bool:
        if isinstance(made, CheckpointError):
            self.stdout.write(f"{one.model_name} version {one.version}: {made.message}")
            return False
        self.stdout.write(str(made))
        for finding in findings_of(made):
            if finding.outcome is not Outcome.PASSED:
                self.stdout.write(f"    {finding.outcome}: {finding.sentence}")
        return True
