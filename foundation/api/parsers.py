"""Reads JSON bodies strictly: a body that two parsers could understand differently is refused."""

import json
from collections.abc import Mapping
from typing import IO, Any, NoReturn

from django.http import UnreadablePostError
from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser
from typing_extensions import override

from foundation.api.errors import BodyTooLarge

MAX_BODY_BYTES = 1024 * 1024


class StrictJSONParser(BaseParser):
    """Reads the one JSON object of a body in UTF-8, of at most `MAX_BODY_BYTES`.

    Raises:
        ParseError: no JSON, cut off, not an object, nested too deeply, a key given twice, NaN or infinity.
        BodyTooLarge: more bytes; raised before they are all in memory.
    """

    media_type = "application/json"

    @override
    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        try:
            raw = stream.read(MAX_BODY_BYTES + 1)
        except UnreadablePostError:
            raise ParseError("The body ended before it was whole.") from None
        if len(raw) > MAX_BODY_BYTES:
            raise BodyTooLarge(f"The body is larger than {MAX_BODY_BYTES} bytes.")
        try:
            parsed = json.loads(raw.decode("utf-8-sig"), object_pairs_hook=_without_repeats, parse_constant=_refuse)
        except RecursionError:
            raise ParseError("The body is nested too deeply.") from None
        except ValueError as error:
            raise ParseError(f"The body is not JSON: {error}.") from None
        if not isinstance(parsed, dict):
            raise ParseError("The body must be a JSON object.")
        return parsed


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ParseError("The body gives a field twice.")
    return found


def _refuse(constant: str) -> NoReturn:
    raise ParseError(f"{constant} is not JSON.")
