"""Django's command, with a row in the audit trail."""

import getpass
from typing import Any

from django.contrib.auth.management.commands import changepassword
from typing_extensions import override

from accounts import people, sentences
from accounts.models import User
from audit.actors import Actor, Door


class Command(changepassword.Command):
    """Sets somebody's password."""

    @override
    def handle(self, *args: Any, **options: Any) -> str | None:
        told = super().handle(*args, **options)  # an error where the password was not set
        user = User.objects.get(username=options["username"] or getpass.getuser())
        people.record_password(actor=Actor.checkpoint(Door.COMMAND), user=user, how=sentences.BY_CHANGEPASSWORD)
        return told
