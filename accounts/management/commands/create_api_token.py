from datetime import timedelta
from typing import Any, NoReturn

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction
from django.utils import timezone
from typing_extensions import override

from accounts import service_accounts, tokens
from accounts.exceptions import AccountError
from accounts.models import User
from audit.actors import Actor, Door

_OPERATOR = Actor.checkpoint(Door.COMMAND)


class Command(BaseCommand):
    """Prints a new token and nothing else, so that a script can take it; errors go to standard error, exit code 1."""

    help = (
        "Creates an API token and prints it. It cannot be shown again. With --owner and --purpose it makes the service "
        "account first, if there is none of this name."
    )

    @override
    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username")
        parser.add_argument("--name", required=True, help="What the token is for; unique among the user's live tokens.")
        parser.add_argument("--owner", help="Whose service account this is: the person who answers for it.")
        parser.add_argument("--purpose", help="What the service account is for, in a sentence.")
        parser.add_argument("--days", type=int, help="Days until it expires. Without it, the token does not expire.")

    @override
    def handle(self, *args: Any, **options: Any) -> None:
        days: int | None = options["days"]
        if days is not None and not 1 <= days <= 3_650:
            raise CommandError("--days must be between 1 and 3650.")
        expires_at = None if days is None else timezone.now() + timedelta(days=days)
        try:
            with transaction.atomic():
                user = self._user(options["username"], options["owner"], options["purpose"])
                _, plaintext = tokens.issue(actor=_OPERATOR, user=user, name=options["name"], expires_at=expires_at)
        except AccountError as error:
            raise CommandError(error.message) from error
        self.stdout.write(plaintext)

    def _user(self, username: str, owner: str | None, purpose: str | None) -> User:
        """Returns whose token it will be; makes the service account where an owner is named and there is none yet."""
        found = User.objects.filter(username=username).first()
        if owner is None and purpose is None:
            return found or self._missing(username)
        if owner is None or purpose is None:
            raise CommandError("A service account needs both --owner and --purpose.")
        answers = User.objects.filter(username=owner).first() or self._missing(owner)
        if found is None:
            return service_accounts.create(actor=_OPERATOR, username=username, owner=answers, purpose=purpose)
        if found.owner_id != answers.pk:
            raise CommandError(f"{username} is there and is no service account of {owner}.")
        return found

    def _missing(self, username: str) -> NoReturn:
        raise CommandError(f"There is no user named {username}.")
