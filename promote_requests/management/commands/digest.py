"""`manage.py digest`: takes the digests of versions' files, and compares them with what MLflow has now."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from typing_extensions import override

from evidence.digests import taking
from evidence.models import Manifest
from foundation.exceptions import CheckpointError
from promote_requests.services.by_itself.digesting import Place, places
from registry import get_registry
from registry.workspaces import canonical_workspace


class Command(BaseCommand):
    """Reads the files of every version that is or was asked for, once each; safe to repeat and to interrupt.

    With `--verify` it reads them again. The exit code is 1 if a file differs, if something could not be read, and if
    there is nothing to compare with: a version without digests is not in order.
    """

    help = "Takes the SHA-256 of the files of versions that requests are about; with --verify compares them again."

    @override
    def add_arguments(self, parser: ArgumentParser) -> None:
        """Adds one version in particular, and the comparison."""
        parser.add_argument("model", nargs="?", default="", help="Only this model; with a version, only that one.")
        parser.add_argument("version", nargs="?", default="")
        parser.add_argument("--workspace", default="", help="The workspace of MODEL.")
        parser.add_argument("--verify", action="store_true", help="Read what was digested again, and compare.")

    @override
    def handle(self, *args: Any, **options: Any) -> None:
        """Prints one line for each version.

        Raises:
            CommandError: a file differs, something could not be read, or nothing was compared.
        """
        workspace = canonical_workspace(options["workspace"])
        wanted = [place for place in places() if _is_wanted(place, workspace, options["model"], options["version"])]
        if options["model"] and options["version"] and not wanted:
            wanted = [(workspace, options["model"], options["version"])]
        if options["verify"] and not wanted:
            raise CommandError("Nothing was compared: no request is about such a version.")
        work = self._verify if options["verify"] else self._take
        if failed := sum(not done for done in map(work, wanted)):
            raise CommandError(f"Not in order: {failed} of {len(wanted)}.")

    def _take(self, place: Place) -> bool:
        workspace, name, version = place
        try:
            manifest = taking.take(get_registry(workspace), workspace=workspace, name=name, version=version)
        except CheckpointError as failure:
            self.stdout.write(f"{name} version {version}: {failure.message}")
            return False
        self.stdout.write(f"{manifest}: sha256:{manifest.root}")
        return True

    def _verify(self, place: Place) -> bool:
        workspace, name, version = place
        kept = Manifest.objects.filter(
            workspace=workspace, model_name=name, version=version, finished_at__isnull=False
        ).last()
        if kept is None:
            self.stdout.write(f"{name} version {version}: no digests were taken yet, so nothing was compared")
            return False
        try:
            found = taking.verify(get_registry(workspace), kept)
        except CheckpointError as failure:
            self.stdout.write(f"{kept}: {failure.message}")
            return False
        for one in found:
            self.stdout.write(f"{kept}: {one.path} is {one.what}")
        if not found:
            self.stdout.write(f"{kept}: every file is as it was")
        return not found


def _is_wanted(place: Place, workspace: str, model: str, version: str) -> bool:
    return not model or (place[:2] == (workspace, model) and version in ("", place[2]))
