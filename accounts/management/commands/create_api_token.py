from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from typing_extensions import override

from accounts import tokens
from accounts.exceptions import AccountError
from accounts.models import User
from audit.actors import Actor, Door


class Command(BaseCommand):
    """Prints a new token and nothing else, so that a script can take it; errors go to standard error, exit code 1."""

    help = "Creates an API token and prints it. It cannot be shown again."

    @override
    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username")
        parser.add_argument("--name", required=True, help="What the token is for; unique among the user's live tokens.")
        parser.add_argument("--days", type=int, help="Days until it expires. Without it, the token does not expire.")

    @override
    def handle(self, *args: Any, **options: Any) -> None:
        days: int | None = options["days"]
        if days is not None and not 1 <= days <= 3_650:
            raise CommandError("--days must be between 1 and 3650.")
        user = User.objects.filter(username=options["username"]).first()
        if user is None:
            raise CommandError(f"There is no user named {options['username']}.")
        expires_at = None if days is None else timezone.now() + timedelta(days=days)
        try:
            _, plaintext = tokens.issue(
                actor=Actor.checkpoint(Door.COMMAND), user=user, name=options["name"], expires_at=expires_at
            )
        except AccountError as error:
            raise CommandError(error.message) from error
        self.stdout.write(plaintext)
