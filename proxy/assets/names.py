"""Tells which paths are files of MLflow's user interface, and which of them never change. Pure."""

import re

_PREFIX = r"\A(?:/(?!(?:api|ajax-api|gateway|get-artifact|graphql|model-versions)/)[\w.~-]+)*?/static-files/"
_STATIC = re.compile(_PREFIX)
_HASHED = re.compile(_PREFIX + r"(?:[\w-]+/)*[\w.-]+\.[0-9a-f]{8,32}(?:\.(?:chunk|worker))?\.(\w{2,5})\Z")

_SCRIPT = ("text/javascript", "application/javascript", "application/x-javascript")
_FONT = ("font/", "application/font", "application/x-font", "application/vnd.ms-fontobject", "application/octet-stream")
_TYPES: dict[str, tuple[str, ...]] = {
    "js": _SCRIPT,
    "mjs": _SCRIPT,
    "css": ("text/css",),
    "svg": ("image/svg+xml",),
    "png": ("image/png",),
    "woff": _FONT,
    "woff2": _FONT,
    "ttf": _FONT,
    "eot": _FONT,
}
_COMPRESSIBLE = frozenset({"js", "mjs", "css", "svg", "ttf", "eot"})


def is_static(path: str) -> bool:
    """Tells whether this is a file of MLflow's user interface, and not one that somebody logged as an artifact.

    Args:
        path: As it goes upstream. A static prefix may precede `/static-files/`.
    """
    return "/static-files/" in path and _STATIC.match(path) is not None


def extension(path: str) -> str:
    """Returns the extension of a file with a hash of its content in its name; "" for every other path.

    Other content has another name, so a browser may keep the file for ever.
    """
    found = _HASHED.match(path)
    return found.group(1) if found and found.group(1) in _TYPES else ""


def is_expected(kind: str, content_type: str) -> bool:
    """Tells whether a response has the type of the extension; an error page has not."""
    return content_type.lower().startswith(_TYPES[kind])


def is_compressible(kind: str) -> bool:
    """Tells whether compressing a file with this extension makes it smaller."""
    return kind in _COMPRESSIBLE
