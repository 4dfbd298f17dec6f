"""Django's command, with a row in the audit trail."""

from typing import Any

from django.contrib.auth.management.commands import createsuperuser
from typing_extensions import override

from accounts import people, sentences
from accounts.models import User
from audit.actors import Actor, Door


class Command(createsuperuser.Command):
    """Creates an administrator."""

    @override
    def handle(self, *args: Any, **options: Any) -> None:
        before = set(User.objects.values_list("pk", flat=True))
        super().handle(*args, **options)
        for user in User.objects.exclude(pk__in=before).filter(is_superuser=True):
            people.record_creation(actor=Actor.checkpoint(Door.COMMAND), user=user, how=sentences.BY_CREATESUPERUSER)
