"""`manage.py settle_promotions`: finishes the promotions that told nothing of their end."""

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from typing_extensions import override

from promote_requests import services
from promote_requests.choices import Status
from promote_requests.models import PromoteRequest
from promote_requests.services.settling import CUT_OFF_AFTER
from registry.exceptions import RegistryError


class Command(BaseCommand):
    """Asks MLflow what became of each promotion that told nothing of its end, and writes missing tags; safe to repeat.

    The exit code is 1 if something could not be settled. A promotion that did not happen counts as settled.
    """

    help = (
        "Settles promotions that a crash cut off or that MLflow did not answer, by asking MLflow who holds the target."
    )

    @override
    def add_arguments(self, parser: ArgumentParser) -> None:
        """Adds the age; a smaller one than the default is for when no server runs."""
        parser.add_argument(
            "--older-than",
            type=_seconds,
            default=int(CUT_OFF_AFTER.total_seconds()),
            metavar="SECONDS",
            help="Leave promotions alone that started less than this many seconds ago: they may be under way. "
            "Default: %(default)s.",
        )
        parser.add_argument(
            "--give-up",
            action="store_true",
            help="Open again also what MLflow does not show yet and may still make. Only if its calls cannot be under "
            "way any more, for example because MLflow was started anew.",
        )

    @override
    def handle(self, *args: Any, **options: Any) -> None:
        """Prints one line for each request.

        Raises:
            CommandError: at least one is not settled.
        """
        unsettled = 0
        for promote_request in services.unsettled(timedelta(seconds=options["older_than"])):
            is_settled, outcome = _settle(promote_request, give_up=options["give_up"])
            unsettled += not is_settled
            self.stdout.write(f"{promote_request}: {outcome}")
        if unsettled:
            raise CommandError(f"Not settled: {unsettled}. Run this again when MLflow answers.")


def _settle(promote_request: PromoteRequest, *, give_up: bool) -> tuple[bool, str]:
    """Returns whether the request is settled now, and what became of it."""
    failure = ""
    try:
        services.settle(promote_request, give_up=give_up)
    except RegistryError as error:
        failure = error.message
    promote_request.refresh_from_db()
    match promote_request.status:
        case Status.PROMOTING:
            return False, f"not settled: {failure}"
        case Status.PROMOTED if promote_request.last_failure:
            return False, f"not settled: {promote_request.last_failure}"
        case Status.PROMOTED:
            return True, "promoted"
        case _:
            # It is open again, or somebody has closed it since.
            return True, f"{promote_request.status}, not promoted: {promote_request.last_failure or failure}"


def _seconds(text: str) -> int:
    # At most a century: more would leave the range of dates.
    if not text.isascii() or not text.isdigit() or int(text) > 100 * 366 * 86_400:
        raise ValueError(text)
    return int(text)
