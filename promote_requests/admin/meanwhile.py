"""What the admin tells somebody who edits a rule, a freeze window or owners, beside what the services refuse."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest

from protection.forms.rules import SeenVersionForm
from protection.forms.warnings import pattern_warnings

SAVED = "_checkpoint_saved"
"""The attribute of a request under which the row that it saved waits for the end of the transaction."""


def warn(request: HttpRequest) -> None:
    """Warns of a pattern that matches nothing, after the transaction: MLflow is asked."""
    row = getattr(request, SAVED, None)
    for warning in pattern_warnings(row) if row is not None else ():
        messages.warning(request, warning)


def told_of_change(form: SeenVersionForm, changed_meanwhile: Callable[[Any], str]) -> None:
    """Adds what changed to the form's errors, and lets it be sent again in place of that.

    Args:
        form: A bound form that was cleaned.
        changed_meanwhile: Says what changed since the version that the row has; "" where nothing did.
    """
    if form.instance.pk is not None and (said := changed_meanwhile(form.instance)):
        form.add_error(None, said)
        form.show_present_version(form.stored_version)
