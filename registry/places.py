"""Where a version's files lie, as far as an address tells."""

import re
from itertools import pairwise
from urllib.parse import unquote, urlsplit

NO_STORAGE = frozenset({"mlflow-artifacts", "models", "runs", "prompts"})
"""Schemes of addresses that MLflow itself resolves; all others name a storage, which may be the one behind MLflow."""

_ELSEWHERE = frozenset({"http", "https", "ftp", "sftp"})
"""Schemes by which MLflow fetches from any machine that it reaches, if it is asked for the files."""
_MLFLOWS_OWN = "/mlflow-artifacts/artifacts/"
"""Stands in an address by which a client has spelt out where MLflow serves artifacts."""


RUN_ID = r"[0-9a-f]{32}"
MODEL_ID = r"m-[\w-]+"
"""Ids of runs and of logged models, as MLflow makes them."""
_DECODINGS = 16

_LONGEST_VERSION = 9
"""Digits of a version's number."""


def models_path(source: str) -> list[str] | None:
    """Returns the parts of the path of a `models:` address, as MLflow reads it; None of any other address.

    That is `_parse_model_uri` of MLflow 3.17: the scheme in any case, white space around and line ends within left out,
    host and query without meaning, a fragment part of the path, nothing unquoted, zeros before a number allowed. A
    stricter reading would let a spelling that MLflow takes hide whose version was copied.
    """
    try:
        parsed = urlsplit(source, allow_fragments=False)
    except ValueError:
        return None
    return parsed.path.lstrip("/").split("/") if parsed.scheme == "models" else None


def version_number(place: str) -> str:
    """Returns the number of the version that an address names, without the zeros that MLflow's database ignores.

    "" where it names none: a stage, `latest`, or a number that no version has.
    """
    digits = place.lstrip("0")
    return str(int(digits)) if digits.isdecimal() and len(digits) <= _LONGEST_VERSION else ""


def can_be_told(location: str) -> bool:
    """Tells whether it is known what MLflow serves of the files at an address, so that they can be sealed.

    `s3://bucket/root/777` may be all of the experiment 777, if MLflow's artifacts lie in `s3://bucket/root`, and
    `s3://bucket` may be all that MLflow has. Of a longer path each end can be sealed, whatever the root is. What is
    said to lie at `http://169.254.169.254/latest` MLflow would fetch from there.

    Args:
        location: As MLflow gives it, or a text that names no files at all, as prompts have it.
    """
    try:
        parts = urlsplit(location)
    except ValueError:
        return False
    if parts.scheme in NO_STORAGE or not (parts.netloc or parts.path.startswith("/")):
        return True
    if parts.scheme.lower() in _ELSEWHERE and _MLFLOWS_OWN not in parts.path:
        return False
    last = parts.path.rstrip("/").rpartition("/")[2]
    return last != "" and not last.isdecimal()


def runs_in(place: str) -> list[str]:
    """Returns the parts of a place that may be a run: by their form, or before `artifacts`, where MLflow has them."""
    names = _parts(place)
    before = [name for name, after in pairwise(names) if after == "artifacts"]
    owners = [name for name in before if name and not re.fullmatch(MODEL_ID, name)]
    return [*dict.fromkeys([*(name for name in names if re.fullmatch(RUN_ID, name)), *owners])]


def models_in(place: str) -> list[str]:
    """Returns the parts of a place that may be a logged model, by their form."""
    return [*dict.fromkeys(name for name in _parts(place) if re.fullmatch(MODEL_ID, name))]


def _parts(place: str) -> list[str]:
    """Returns the parts of an address or path, decoded as often as MLflow may do it."""
    for _ in range(_DECODINGS):
        place, before = unquote(place), place
        if place == before:
            break
    return place.split("/")
