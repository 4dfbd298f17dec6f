"""`manage.py rules`: rules, freeze windows and owners as a YAML file."""

import sys
from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError
from typing_extensions import override

from audit.actors import Actor, Door
from foundation.exceptions import CheckpointError
from foundation.words import counted
from protection.documents import files
from protection.forms.warnings import pattern_warnings
from protection.models import ProtectionRule


class Command(BaseCommand):
    """Writes the rules to standard output, checks a file, or makes the installation what a file says."""

    help = "Exports rules, freeze windows and owners as YAML, checks such a file, or imports it in one transaction."

    @override
    def add_arguments(self, parser: ArgumentParser) -> None:
        steps = parser.add_subparsers(dest="step", required=True)
        steps.add_parser("export", help="Write everything to standard output.")
        check = steps.add_parser("check", help="Say whether a file can be read; asks nothing of the installation.")
        check.add_argument("file", help="The file, or - for standard input.")
        take = steps.add_parser("import", help="Make the installation what the file says, all or nothing.")
        take.add_argument("file", help="The file, or - for standard input.")
        take.add_argument("--as", dest="username", required=True, help="Who answers for it, and has the permission.")
        take.add_argument("--dry-run", action="store_true", help="Print the difference and change nothing.")
        take.add_argument("--delete-others", action="store_true", help="Delete what is not in the file.")

    @override
    def handle(self, *args: Any, **options: Any) -> None:
        """Prints the file, or what came of it.

        Raises:
            CommandError: the file is wrong, with line and column, or the person may not; nothing was changed.
        """
        if options["step"] == "export":
            self.stdout.write(files.exported(), ending="")
            return
        try:
            parsed = files.parse(_text(options["file"]))
            if options["step"] == "check":
                there = [counted(len(found), kind) for kind, found in _counted(parsed)]
                self.stdout.write(f"{options['file']}: {', '.join(there)}.")
                return
            lines = files.apply(
                parsed,
                actor=_actor(options["username"]),
                delete_others=options["delete_others"],
                dry_run=options["dry_run"],
            )
        except CheckpointError as wrong:
            raise CommandError(f"{options['file']}: {wrong.message}") from None
        self.stdout.write("\n".join(lines) or "Nothing differs.")
        for warning in _warnings(parsed):
            self.stderr.write(f"{options['file']}: {warning}")
        if options["dry_run"]:
            self.stdout.write("Nothing was changed: this was a dry run.")


def _counted(parsed: files.Parsed) -> list[tuple[str, list[dict[str, Any]]]]:
    names = {"rules": "rule", "freeze_windows": "freeze window", "ownership": "row of ownership"}
    return [(names[kind], found) for kind, found in parsed.entries.items()]


def _warnings(parsed: files.Parsed) -> Iterator[str]:
    """Yields what is no mistake and worth a look, with its line: a pattern that no model has. Each pattern once."""
    looked_at = set()
    for kind, found in parsed.entries.items():
        for position, entry in enumerate(found):
            patterns = {name: value for name, value in entry.items() if name.endswith("_pattern")}
            if (asked := tuple(sorted(patterns.items()))) in looked_at:
                continue
            looked_at.add(asked)
            # Every list has these patterns, and owners no target: what is asked of a rule is asked of all.
            for warning in pattern_warnings(ProtectionRule(**patterns)):
                yield f"{parsed.place(kind, position, 'model_pattern')}: {warning}"


def _text(name: str) -> str:
    try:
        return sys.stdin.read(files.LARGEST + 1) if name == "-" else Path(name).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"{name} cannot be read: {error}.") from None


def _actor(username: str) -> Actor:
    users = get_user_model()._default_manager
    found = users.filter(**{get_user_model().USERNAME_FIELD: username}, is_active=True).first()
    if found is None:
        raise CommandError(f"There is no active user called {username!r}.")
    return Actor.of(found, Door.COMMAND)
