"""Tells which files are pictures that a browser may show: by their first bytes, never by their name. Pure."""

import io
from dataclasses import dataclass

from PIL import Image

LARGEST_BYTES = 5_000_000
MOST_PIXELS = 40_000_000
# Pillow's own bound is a warning, then an error, for what is decoded. Nothing is, and the size is judged below.
Image.MAX_IMAGE_PIXELS = None
_TYPES = {"PNG": "image/png", "JPEG": "image/jpeg", "GIF": "image/gif", "WEBP": "image/webp"}


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture that is safe to send to a browser: no SVG, which may hold scripts, and not of any size.

    Attributes:
        media_type: For the header `Content-Type`.
        width: Pixels.
        height: Pixels.
    """

    media_type: str
    width: int
    height: int


class Unshowable(Exception):
    """Why a file is not shown as a picture."""


def picture_of(content: bytes) -> Picture | None:
    """Returns what a picture is; None for a file that is none. Reads the head only and decodes nothing.

    Raises:
        Unshowable: it is a picture, but too large to be shown.
    """
    try:
        with Image.open(io.BytesIO(content), formats=list(_TYPES)) as image:
            kind, (width, height) = str(image.format), image.size
    except (OSError, ValueError, SyntaxError, OverflowError):
        return None
    if len(content) > LARGEST_BYTES:
        raise Unshowable(f"The picture is larger than {LARGEST_BYTES // 1_000_000} MB.")
    if width * height > MOST_PIXELS:
        raise Unshowable(f"The picture has {width:,} x {height:,} pixels, too many to be shown.")
    return Picture(_TYPES[kind], width, height)
