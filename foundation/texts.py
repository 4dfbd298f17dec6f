"""What every text must be, whichever door it came through: bounded, and such that every database takes it."""

import re

from foundation.exceptions import InvalidInput

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
MAX_MESSAGE = 1_000
"""Characters of the reason with which somebody closes or reopens a request."""


def checked(text: str, *, field: str, longest: int, called: str = "The text") -> str:
    """Returns the text without surrounding white space.

    Raises:
        InvalidInput: it is longer than `longest` characters, or holds a NUL, which PostgreSQL refuses in any text.
    """
    text = text.strip()
    if len(text) > longest:
        raise InvalidInput(f"{called} has {len(text)} characters; at most {longest} are kept.", field=field)
    if "\x00" in text:
        raise InvalidInput(f"{called} has a NUL character in it: take it out.", field=field)
    return text


def checked_message(text: str) -> str:
    """Returns the reason that goes with closing or reopening; see `checked`."""
    return checked(text, field="message", longest=MAX_MESSAGE, called="The message")


def storable_text(text: str) -> str:
    """Returns the text as every database takes it: NUL and lone surrogates become U+FFFD."""
    return _UNSTORABLE.sub("\ufffd", text)
