"""What people write: how long it may be, and the prose in it."""

from collections.abc import Iterator, Sequence

from markdown_it import MarkdownIt
from markdown_it.token import Token

from foundation.exceptions import InvalidInput
from foundation.texts import checked

MAX_BODY = 65_536
"""The most characters in a review or comment."""
PARSER = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
"""Reads the Markdown of everything that people write here."""


def checked_words(body: str, *, required: bool, field: str = "body") -> str:
    """Returns the checked text of a review or comment.

    Raises:
        InvalidInput: it is missing, too long, or cannot be stored.
    """
    body = body.strip()
    if required and not body:
        raise InvalidInput("Write a few words.", field=field)
    return checked(body, field=field, longest=MAX_BODY)


def prose_tokens(tokens: Sequence[Token]) -> Iterator[tuple[Token, int]]:
    """Yields (line, position) of each text that is neither code nor part of a link: only there people are mentioned."""
    for line in tokens:
        depth = 0
        for position, token in enumerate(line.children or ()):
            depth += {"link_open": 1, "link_close": -1}.get(token.type, 0)
            if token.type == "text" and depth == 0:
                yield line, position


def prose(text: str) -> list[str]:
    """Returns the texts of a Markdown document in which people can be mentioned."""
    if "@" not in text:
        return []
    return [(line.children or [])[position].content for line, position in prose_tokens(PARSER.parse(text))]
