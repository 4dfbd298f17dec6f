"""The small files of a version that tell about it, as texts. Pure."""

MLMODEL = "MLmodel"
REQUIREMENTS = "requirements.txt"
LARGEST_BYTES = 200_000


def text_of(path: str, content: bytes) -> tuple[str, str]:
    """Returns a file's text and "", or "" and a sentence about why it is not shown."""
    if len(content) > LARGEST_BYTES:
        return "", f"{path} is larger than {LARGEST_BYTES:,} bytes, so it is not read."
    try:
        return content.decode("utf-8"), ""
    except UnicodeDecodeError:
        return "", f"{path} is not a text in UTF-8."
