"""Reads a guarded call's message as leniently as MLflow does, and writes the one that goes upstream instead.

MLflow 3.17.2 (`server/handlers.py`: `_get_request_message`, `_get_normalized_request_json`) ignores unknown fields,
accepts protobuf's two spellings of a name, any encoding that `json.loads` detects, a JSON string that holds JSON, and
lets the later of two equal keys win. Whoever decides on bytes and forwards the same bytes has decided on one reading
and left MLflow another; so what is decided on is what is sent. Two readings of one message are refused.
"""

import json
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

Message = dict[str, Any]
"""{field in snake_case: text, flag or list of tags}; a field that was absent or null is absent."""

CONTENT_TYPE = "application/json"

_NOT_IN_A_NAME = re.compile(r"^\s|\s\Z|[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_EXPERIMENT = re.compile(r"0|[1-9][0-9]*")
_VERSION = re.compile(r"[0-9]{1,9}")
_NAMES = frozenset({"name", "new_name", "stage", "alias"})
_NAMED_SO_ALREADY = ("rename-model", "name")
"""The one field that may hold any name: a model that was called so before is given another name by this call."""
_FLAG = "archive_existing_versions"
_TAGS = "tags"
_SECONDS = "expiration"
_STATUS = "status"
_STATUSES = (
    "LOGGED_MODEL_STATUS_UNSPECIFIED",
    "LOGGED_MODEL_PENDING",
    "LOGGED_MODEL_READY",
    "LOGGED_MODEL_UPLOAD_FAILED",
)
"""Of a logged model, by MLflow's numbers."""
LONGEST_SECONDS = 900
"""The longest life of an address to which a file is uploaded past Checkpoint: MLflow's own default."""


class UnreadableCall(Exception):
    """A call whose message has no single reading; the text says why, to the caller."""


@dataclass(frozen=True, slots=True)
class Shape:
    """The fields of a message that MLflow acts on: those that it requires, and the others."""

    required: tuple[str, ...]
    optional: tuple[str, ...] = ()

    @property
    def fields(self) -> tuple[str, ...]:
        """All of them."""
        return self.required + self.optional


SHAPES: dict[str, Shape] = {
    "transition-stage": Shape(("name", "version", "stage"), (_FLAG,)),
    "create-version": Shape(("name", "source"), ("run_id", "model_id", "run_link", "description", _TAGS)),
    "update-version": Shape(("name", "version"), ("description",)),
    "delete-version": Shape(("name", "version")),
    "set-version-tag": Shape(("name", "version", "key"), ("value",)),
    "delete-version-tag": Shape(("name", "version", "key")),
    "create-model": Shape(("name",), ("description", "deployment_job_id", _TAGS)),
    "rename-model": Shape(("name", "new_name")),
    "update-model": Shape(("name",), ("description", "deployment_job_id")),
    "delete-model": Shape(("name",)),
    "set-model-tag": Shape(("name", "key"), ("value",)),
    "delete-model-tag": Shape(("name", "key")),
    "set-alias": Shape(("name", "alias", "version")),
    "delete-alias": Shape(("name", "alias")),
}
"""Operation of `routes.REGISTRY_CALLS` -> its message; `tests/test_route_table.py` compares it with MLflow's own."""

TRACKING_SHAPES: dict[str, Shape] = {
    "delete-run": Shape(("run_id",)),
    "delete-experiment": Shape(("experiment_id",)),
    # MLflow 3.17.2 goes by the id in the body, whatever the address says.
    "finalize-logged-model": Shape(("model_id", _STATUS)),
    "presign-upload": Shape(("path",), ("run_id", "model_id", _SECONDS)),
}
"""Operation of `known_writes` that names in its body what is sealed -> its message."""
_ALL_SHAPES = SHAPES | TRACKING_SHAPES


def parse(operation: str, *, query: str, body: bytes) -> Message:
    """Returns the message of a guarded call, its names checked and its version in MLflow's own spelling.

    Raises:
        UnreadableCall: unreadable, ambiguous, incomplete, of wrong types, or contradicted by the query.
    """
    shape = _ALL_SHAPES[operation]
    sent = load(body)
    message = {field: value for field in shape.fields if (value := pick(sent, field)) is not None}
    for field, value in message.items():
        message[field] = _checked(field, value, anyhow=(operation, field) == _NAMED_SO_ALREADY)
    missing = next((field for field in shape.required if message.get(field, "") == ""), None)
    if missing:
        raise UnreadableCall(f"Missing value for required parameter '{missing}'.")
    _refuse_contradiction(query, message, shape)
    return message


def load(body: bytes) -> Message:
    """Returns the JSON object that a body holds, plain or once more as a JSON string.

    Raises:
        UnreadableCall: not JSON, not an object, or with a key that occurs twice.
    """
    try:
        value = json.loads(body, object_pairs_hook=_without_duplicates)
        if isinstance(value, str):
            value = json.loads(value, object_pairs_hook=_without_duplicates)
    except (ValueError, RecursionError) as error:
        raise UnreadableCall("The body must be a JSON object.") from error
    if not isinstance(value, dict):
        raise UnreadableCall("The body must be a JSON object.")
    return value


def load_text(text: object, field: str) -> Message:
    """Returns the JSON object that a field holds as a text.

    Raises:
        UnreadableCall: no text, not JSON, not an object, or with a key that occurs twice.
    """
    if not isinstance(text, str):
        raise UnreadableCall(f"'{field}' must be a text that holds a JSON object.")
    try:
        value = json.loads(text, object_pairs_hook=_without_duplicates)
    except (ValueError, RecursionError) as error:
        raise UnreadableCall(f"'{field}' must be a text that holds a JSON object.") from error
    if not isinstance(value, dict):
        raise UnreadableCall(f"'{field}' must be a text that holds a JSON object.")
    return value


def pick(sent: Message, field: str) -> Any:
    """Returns a field's value under whichever of its two spellings it was sent; None when under neither.

    Raises:
        UnreadableCall: sent under both.
    """
    camel = camel_case(field)
    if camel != field and field in sent and camel in sent:
        raise UnreadableCall(f"Request specifies both '{field}' and '{camel}'; provide only one of them.")
    return sent.get(field, sent.get(camel))


def camel_case(field: str) -> str:
    """Returns protobuf's JSON name of a field."""
    head, *tail = field.split("_")
    return head + "".join(word.title() for word in tail)


def serialise(message: Message) -> bytes:
    """Returns a message as JSON in UTF-8, in its own order, which MLflow keeps of what it stores as it came.

    Raises:
        UnreadableCall: a text holds half of a surrogate pair, which UTF-8 cannot carry.
    """
    try:
        return json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode()
    except UnicodeEncodeError as error:
        raise UnreadableCall("A text in the body is not valid Unicode.") from error


def _without_duplicates(pairs: list[tuple[str, Any]]) -> Message:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise UnreadableCall("The body names a field twice.")
    return found


def _checked(field: str, value: Any, *, anyhow: bool) -> Any:
    if field == _FLAG:
        if not isinstance(value, bool):
            raise UnreadableCall(f"'{field}' must be true or false.")
        return value
    if field == _TAGS:
        return _checked_tags(value)
    if field == _SECONDS:
        return _checked_seconds(value)
    if field == _STATUS:
        return _checked_status(value)
    if not isinstance(value, str):
        raise UnreadableCall(f"'{field}' must be a text.")
    if field == "version" and value:
        if not _VERSION.fullmatch(value.strip(" ")):
            raise UnreadableCall("'version' must be a whole number, for example \"3\".")
        return str(int(value))
    if field == "experiment_id" and not _EXPERIMENT.fullmatch(value):
        # MLflow reads "01", "+1" and "0_1" as 1: one experiment, many names for it.
        raise UnreadableCall("'experiment_id' must be the experiment's number as MLflow writes it, for example \"1\".")
    if field == "key":
        # A tag may be called so. Which tags are protected is judged without the spaces, as a database may compare.
        if _CONTROLS.search(value):
            raise UnreadableCall("'key' must not hold a control character.")
        return value
    if field in _NAMES and not anyhow:
        require_plain(field, value)
    return value


def text(sent: Message, field: str) -> str:
    """Returns a field's text, which, unless it is a `value`, is one that two servers read alike.

    Raises:
        UnreadableCall: it is missing or no text, or has outer spaces or control characters.
    """
    value = sent.get(field)
    if not isinstance(value, str):
        raise UnreadableCall(f"'{field}' must be a text.")
    if field != "value":
        require_plain(field, value)
    return value


def require_plain(field: str, value: str) -> None:
    """Lets a name pass that two servers read alike.

    Raises:
        UnreadableCall: it has outer spaces or control characters.
    """
    if _NOT_IN_A_NAME.search(value):
        raise UnreadableCall(f"'{field}' must not begin or end with a space, nor hold a control character.")


def _checked_seconds(value: Any) -> str:
    # Protobuf takes a whole number as a number and as a text.
    text = str(value) if isinstance(value, int) else value
    if not isinstance(text, str) or not _VERSION.fullmatch(text):
        raise UnreadableCall(f"'{_SECONDS}' must be a whole number of seconds.")
    if int(text) > LONGEST_SECONDS:
        raise UnreadableCall(
            f"'{_SECONDS}' must be at most {LONGEST_SECONDS} seconds: whoever has the address may replace the file as "
            "long as it is valid, whatever is approved meanwhile."
        )
    return text


def _checked_status(value: Any) -> str:
    # Protobuf takes an enumeration's name, its number, and its number as a text.
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if text in _STATUSES:
        return str(text)
    if isinstance(text, str) and re.fullmatch(r"[0-3]", text):
        return _STATUSES[int(text)]
    raise UnreadableCall(f"'{_STATUS}' must be one of {', '.join(_STATUSES)}.")


def _checked_tags(value: Any) -> list[dict[str, str]]:
    if not isinstance(value, list) or not all(isinstance(tag, dict) for tag in value):
        raise UnreadableCall("'tags' must be a list of objects with a key and a value.")
    tags = []
    for tag in value:
        kept = {part: tag[part] for part in ("key", "value") if tag.get(part) is not None}
        if not all(isinstance(text, str) for text in kept.values()):
            raise UnreadableCall("A tag's key and value must be texts.")
        tags.append(kept)
    return tags


def _refuse_contradiction(query: str, message: Message, shape: Shape) -> None:
    # MLflow reads the body of a write and never its query; another reader might not.
    fields = {spelling: field for field in shape.fields for spelling in (field, camel_case(field))}
    for key, value in parse_qsl(query, keep_blank_values=True):
        if key in fields and message.get(fields[key]) != value:
            raise UnreadableCall(f"'{key}' is in the query and not the same in the body; send it in the body only.")
