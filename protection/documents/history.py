"""How a rule became what it is, in words."""

from typing import Any

from foundation.exceptions import InvalidInput
from protection import documents, sentences

_UNREADABLE = "it is kept in a form that this Checkpoint cannot put into words"


def differences(before: dict[str, Any] | None, after: dict[str, Any] | None) -> list[str]:
    """Returns what differs between two versions of a rule that are not the same, each as words to follow a colon.

    Args:
        before: The document of the earlier one; None where the rule was new.
        after: The document of the later one; None where the rule was deleted.
    """
    try:
        was = sentences.described(documents.as_rule(before)) if before is not None else {}
        now = sentences.described(documents.as_rule(after)) if after is not None else {}
    except InvalidInput:
        return [_UNREADABLE]
    if not was:
        return [f"{what}: {value}" for what, value in now.items() if value]
    if not now:
        return [f"{what} was {value}" for what, value in was.items() if value]
    changes = [
        f"{what}: {was.get(what) or 'nothing'} became {value or 'nothing'}"
        for what, value in now.items()
        if value != was.get(what, "")
    ]
    return changes or [sentences.SAME_WORDS]
