"""Tells somebody who edits a row in the admin that somebody else changed it meanwhile; what they typed stays."""

from collections.abc import Callable
from typing import Any

from protection.forms.rules import SeenVersionForm


def told_of_change(form: SeenVersionForm, changed_meanwhile: Callable[[Any], str]) -> None:
    """Adds what changed to the form's errors, and lets it be sent again in place of that.

    Args:
        form: A bound form that was cleaned.
        changed_meanwhile: Says what changed since the version that the row has; "" where nothing did.
    """
    if form.instance.pk is not None and (said := changed_meanwhile(form.instance)):
        form.add_error(None, said)
        form.show_present_version(form.stored_version)
