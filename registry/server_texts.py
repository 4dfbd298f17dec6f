"""What a version of an MCP server says, as the one text by which it is compared."""

import json
from collections.abc import Mapping
from typing import Any

PARTS = {"server_json": "server.json", "tools": "tools", "connect_options": "connect options"}
"""{field of MLflow's: what it is called in the text}."""


def server_text(said: Mapping[str, Any]) -> str:
    """Returns all that a version says, one thing a line, in an order that does not change; `said` as MLflow has it."""
    return _text({words: _stated(said.get(field)) for field, words in PARTS.items()})


def says_already(text: str | None, content: Mapping[str, Any]) -> bool:
    """Tells whether a version with this text says what somebody wants it to say.

    Args:
        text: From `server_text`; None for a version without one.
        content: {field of MLflow's: value} of what would be exchanged.
    """
    try:
        present = json.loads(text or "")
    except ValueError:
        return False
    return _text(present | {PARTS[field]: _stated(value) for field, value in content.items()}) == text


def _stated(value: Any) -> Any:
    # MLflow shows what a tool does not say as null.
    if not isinstance(value, list):
        return value
    return [_without_nulls(each) if isinstance(each, dict) else each for each in value]


def _without_nulls(tool: dict[str, Any]) -> dict[str, Any]:
    return {part: value for part, value in tool.items() if value is not None}


def _text(said: Mapping[str, Any]) -> str:
    stated = {part: value for part, value in said.items() if value}
    return json.dumps(stated, indent=2, sort_keys=True, ensure_ascii=False)
