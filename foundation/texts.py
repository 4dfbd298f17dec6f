"""Checks the texts that come in through any door: their length, and that every database can store them."""

import re

from foundation.exceptions import InvalidInput

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
MAX_MESSAGE = 1_000
"""The most characters in the reason for closing or reopening a request."""


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
    """Returns the checked reason for closing or reopening a request."""
    return checked(text, field="message", longest=MAX_MESSAGE, called="The message")


def is_storable(text: str) -> bool:
    """Tells whether every database can store the text: it has neither NUL nor a lone surrogate.

    Asked of every text of every statement, so without an expression, which takes ten times as long.
    """
    if "\x00" in text:
        return False
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def storable_text(text: str) -> str:
    """Returns the text in a form that every database can store: NUL and lone surrogates become U+FFFD."""
    return _UNSTORABLE.sub("\ufffd", text)
