"""Reads the file `MLmodel`, which somebody else wrote. Pure."""

import json
from dataclasses import dataclass, field
from typing import Any

import yaml

_DEEPEST = 40


class Unreadable(Exception):
    """The file is not what it should be; the text says why, to whoever reads the page."""


@dataclass(frozen=True, slots=True)
class MLmodel:
    """What the file says, as far as it is used here.

    Attributes:
        flavors: {flavour: its version, "" where none is named}.
        python: The version of Python; "" where none is named.
        mlflow: The version of MLflow that wrote it.
        signature: {`inputs`, `outputs` or `params`: its parsed JSON, None for none}; None without a signature.
    """

    flavors: dict[str, str] = field(default_factory=dict)
    python: str = ""
    mlflow: str = ""
    signature: dict[str, Any] | None = None


def parse(text: str) -> MLmodel:
    """Returns what the file says.

    Raises:
        Unreadable: no YAML, YAML that refers to itself or is nested deeply, or another document.
    """
    document = loaded(text, called="MLmodel")
    if not isinstance(document, dict):
        raise Unreadable("MLmodel does not describe a model.")
    return described(document)


def described(document: dict[str, Any]) -> MLmodel:
    """Returns what the file says, from the mapping that `loaded` found in it.

    Raises:
        Unreadable: its signature cannot be read.
    """
    flavors = document.get("flavors")
    flavors = flavors if isinstance(flavors, dict) else {}
    function = flavors.get("python_function")
    return MLmodel(
        flavors={str(name): _version_of(str(name), said) for name, said in flavors.items()},
        python=_text(function.get("python_version")) if isinstance(function, dict) else "",
        mlflow=_text(document.get("mlflow_version")),
        signature=_signature(document.get("signature")),
    )


def loaded(text: str, *, called: str) -> Any:
    """Returns what YAML says, made of texts, lists and mappings only.

    Args:
        text: Of the file.
        called: The file's name, for the sentence about why it cannot be read.

    Raises:
        Unreadable: it is none, is nested too deeply, or refers to parts of itself.
    """
    try:
        depth = 0
        # A few lines that refer to one another can stand for gigabytes, or for themselves.
        for event in yaml.parse(text, Loader=yaml.CSafeLoader):
            if isinstance(event, yaml.AliasEvent):
                raise Unreadable(f"{called} refers to parts of itself, which is not followed.")
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if depth > _DEEPEST:
                raise Unreadable(f"{called} is nested too deeply to be read.")
        # All scalars as texts: a number of a hundred thousand digits, or one to the base 60, would take its time.
        return yaml.load(text, Loader=yaml.CBaseLoader)  # noqa: S506 - knows texts, lists and mappings only
    except (yaml.YAMLError, ValueError) as error:
        raise Unreadable(f"{called} is not YAML.") from error


def _version_of(flavor: str, said: Any) -> str:
    if not isinstance(said, dict) or flavor == "python_function":
        return ""  # which has none: what stands there is Python's and cloudpickle's
    named = [said.get(key) for key in (f"{flavor}_version", "version")]
    # scikit-learn's flavour is `sklearn` with `sklearn_version`, XGBoost's `xgboost` with `xgb_version`.
    named += [value for key, value in said.items() if str(key).endswith("_version") and key != "python_version"]
    return next((_text(value) for value in named if value), "")


def _text(value: Any) -> str:
    return value[:100] if isinstance(value, str) and value not in ("null", "~") else ""


def _signature(said: Any) -> dict[str, Any] | None:
    if not isinstance(said, dict):
        return None
    found: dict[str, Any] = {}
    for part in ("inputs", "outputs", "params"):
        value = said.get(part)
        try:
            # MLflow writes JSON into YAML.
            found[part] = json.loads(value) if isinstance(value, str) else None
        except (ValueError, RecursionError) as error:
            raise Unreadable(f"The signature in MLmodel cannot be read: its {part} are not JSON.") from error
    return found
