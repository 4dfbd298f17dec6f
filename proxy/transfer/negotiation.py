"""Reads what a client accepts, and what it has already. Pure."""

from functools import lru_cache

from proxy.transfer.http1 import Headers

CODINGS = frozenset({"br", "gzip"})


@lru_cache(maxsize=256)
def accepted_codings(header: str) -> frozenset[str]:
    """Returns which of Brotli (`br`) and `gzip` a client accepts, by its Accept-Encoding (RFC 9110 section 12.5.3)."""
    takes: dict[str, bool] = {}
    for part in header.lower().split(","):
        coding, *parameters = (piece.strip() for piece in part.split(";"))
        weight = next((piece[2:] for piece in parameters if piece.startswith("q=")), "1")
        takes[coding.removeprefix("x-")] = bool(weight.strip("0."))
    return frozenset(coding for coding in CODINGS if takes.get(coding, takes.get("*", False)))


def has_tag(if_none_match: str, *tags: str) -> bool:
    """Tells whether a header If-None-Match names one of these entity tags (RFC 9110 section 13.1.2)."""
    if if_none_match.strip() == "*":
        return True
    known = {tag.strip().removeprefix("W/") for tag in if_none_match.split(",")}
    return any(tag.removeprefix("W/") in known for tag in tags if tag)


def with_vary(headers: Headers, name: str) -> Headers:
    """Returns the headers with one more name in Vary, as one header."""
    named = [part.strip() for key, value in headers if key.lower() == "vary" for part in value.split(",")]
    if "*" in named or name.lower() in (part.lower() for part in named):
        return headers
    kept = [(key, value) for key, value in headers if key.lower() != "vary"]
    return [*kept, ("Vary", ", ".join([*filter(None, named), name]))]
