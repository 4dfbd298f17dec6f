"""What differs in one file of two versions, in the form in which it is best looked at. Pure."""

from dataclasses import dataclass

from evidence.files import texts
from evidence.files.pictures import Picture, Unshowable, picture_of
from evidence.files.tables import TableComparison, compare_grids, grid_of
from evidence.prompts import DiffLine

LARGEST_BYTES = 5_000_000
"""Of a file that is read to be shown."""
LARGEST_TEXT = 1_000_000


@dataclass(frozen=True, slots=True)
class FileDifference:
    """One file on both sides.

    Attributes:
        is_equal: Whether both have the same bytes.
        note: A sentence about what is not shown, and why.
        lines: Of a text.
        table: Of a table.
        champion_picture: What the champion's is, where it is a picture.
        challenger_picture: The same of the challenger's.
        is_text: Whether the sides that have the file have a text.
    """

    is_equal: bool
    note: str = ""
    lines: tuple[DiffLine, ...] = ()
    table: TableComparison | None = None
    champion_picture: Picture | None = None
    challenger_picture: Picture | None = None
    is_text: bool = False

    @property
    def has_pictures(self) -> bool:
        """Whether a side is a picture."""
        return self.champion_picture is not None or self.challenger_picture is not None

    @property
    def is_alike(self) -> bool:
        """Whether both pictures have one size, so that one can lie upon the other."""
        one, other = self.champion_picture, self.challenger_picture
        return one is not None and other is not None and (one.width, one.height) == (other.width, other.height)


def difference_of(path: str, new: bytes | None, old: bytes | None) -> FileDifference:
    """Returns what differs.

    Args:
        path: Of the file; only its ending is looked at, to find tables.
        new: The challenger's; None where it has no such file. More than `LARGEST_BYTES` of a larger one.
        old: The champion's.
    """
    given = [content for content in (new, old) if content is not None]
    is_equal = len(given) == 2 and new == old
    if any(len(content) > LARGEST_BYTES for content in given):
        return FileDifference(False, f"The file is larger than {LARGEST_BYTES // 1_000_000} MB, so it is not read.")
    try:
        pictures = [content and picture_of(content) for content in (new, old)]
    except Unshowable as reason:
        return FileDifference(is_equal, str(reason))
    if any(pictures):
        return FileDifference(is_equal, challenger_picture=pictures[0] or None, champion_picture=pictures[1] or None)
    if any(len(content) > LARGEST_TEXT for content in given):
        return FileDifference(is_equal, f"The file is larger than {LARGEST_TEXT // 1_000_000} MB: it is not compared.")
    try:
        after, before = (None if content is None else _text(content) for content in (new, old))
    except UnicodeDecodeError:
        return FileDifference(is_equal, "The file is no text in UTF-8 and no picture: it is never opened here.")
    grids = [text and grid_of(path, text) for text in (after, before)]
    if all(grids[at] for at, text in enumerate((after, before)) if text is not None) and any(grids):
        return FileDifference(is_equal, table=compare_grids(grids[0] or None, grids[1] or None), is_text=True)
    lines, note = texts.difference(before, after)
    return FileDifference(is_equal, note, lines, is_text=True)


def _text(content: bytes) -> str:
    if b"\x00" in content:
        raise UnicodeDecodeError("utf-8", content[:1], 0, 1, "a NUL, which no text has")
    return content.decode("utf-8")
