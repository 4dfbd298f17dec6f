"""Judges what the small files of a version say, and whether the files that they name are there. Pure.

The child calls this on bytes that a model's author wrote. Nothing is unpickled, unpacked, imported or run.
"""

import base64
import json
import posixpath
from collections.abc import Iterator, Mapping
from typing import Any, TypeGuard

from packaging.requirements import InvalidRequirement, Requirement

from evidence.contents.mlmodel import MLmodel, Unreadable, described, loaded
from evidence.contents.texts import MLMODEL, REQUIREMENTS
from evidence.inspection.examples import accepts
from evidence.inspection.findings import Finding, Outcome, quoted

CONDA, PYTHON_ENV = "conda.yaml", "python_env.yaml"
EXAMPLE, SERVING_EXAMPLE = "input_example.json", "serving_input_example.json"
READ = (MLMODEL, REQUIREMENTS, CONDA, PYTHON_ENV, EXAMPLE, SERVING_EXAMPLE)
"""The only files of a version that are read."""
FORMAT = 1
"""Of the document that the child is given; another number is another check, and what an earlier one found is stale."""
_PATHS = frozenset(
    {"data", "code", "model_data", "pickled_model", "serialized_explainer", "python_model", "model_path"}
)
"""Keys by which MLflow's flavours name a file or folder of the version (3.17)."""
_NAMED = 3

Files = Mapping[str, bytes]


def as_document(files: Files, too_large: Mapping[str, int], listed: Mapping[str, int] | None) -> bytes:
    """Returns what the child reads, in one form only, so that its SHA-256 tells whether anything is new.

    Args:
        files: {path: content} of those of `READ` that are there.
        too_large: {path: the most bytes that are read} of those that are larger.
        listed: {path: bytes} of all files; None where they cannot all be listed.
    """
    document = {
        "format": FORMAT,
        "files": {path: base64.b64encode(content).decode() for path, content in files.items()},
        "too_large": dict(too_large),
        "listed": None if listed is None else dict(listed),
    }
    return json.dumps(document, sort_keys=True, separators=(",", ":")).encode("ascii")


def read_subject(document: bytes) -> tuple[dict[str, bytes], dict[str, int], dict[str, int] | None]:
    """Returns what `as_document` was given."""
    read = json.loads(document)
    files = {path: base64.b64decode(content) for path, content in read["files"].items()}
    return files, read["too_large"], read["listed"]


def judge(files: Files, too_large: Mapping[str, int], listed: Mapping[str, int] | None) -> list[Finding]:
    """Returns what is found of a version, one finding or more for each of the things looked at."""
    try:
        document = _mapping(files, too_large, MLMODEL)
        model = described(document)
    except Unreadable as problem:
        return [Finding("mlmodel", _sentence(problem), Outcome.FAILED)]
    flavors = ", ".join(map(quoted, list(model.flavors)[:_NAMED]))
    if not flavors:
        return [Finding("mlmodel", "MLmodel names no flavour: nothing can load it.", Outcome.FAILED)]
    found = [Finding("mlmodel", f"MLmodel can be read; its flavours: {flavors}.", Outcome.PASSED)]
    found += _files(document, listed)
    found += _environment(document, files, too_large, listed)
    found += _signature(model)
    found += _example(document, model, files, too_large)
    return found


def _text(files: Files, too_large: Mapping[str, int], path: str) -> str:
    if path in too_large:
        raise Unreadable(f"{path} is larger than {too_large[path]:,} bytes, so it is not read.")
    if path not in files:
        raise Unreadable(f"{path} is not there.")
    try:
        return files[path].decode("utf-8")
    except UnicodeDecodeError as error:
        raise Unreadable(f"{path} is not a text in UTF-8.") from error


def _mapping(files: Files, too_large: Mapping[str, int], path: str) -> dict[str, Any]:
    document = loaded(_text(files, too_large, path), called=path)
    if not isinstance(document, dict):
        raise Unreadable(f"{path} is no mapping.")
    return document


def _files(document: Mapping[str, Any], listed: Mapping[str, int] | None) -> Iterator[Finding]:
    named = dict.fromkeys(_paths_of(document))
    outside = [path for path in named if _is_outside(path)]
    if outside:
        yield Finding("files", f"MLmodel names what lies outside of the version: {_some(outside)}.", Outcome.FAILED)
        return
    if listed is None:
        yield Finding("files", "Which files are there cannot be told: MLflow does not list them all.", Outcome.UNKNOWN)
        return
    folders = {parent for path in listed for parent in _folders(path)}
    missing = [path for path in named if _plain(path) not in listed and _plain(path) not in folders]
    if missing:
        yield Finding("files", f"MLmodel names what is not there: {_some(missing)}.", Outcome.FAILED)
    elif named:
        yield Finding("files", f"Every file that MLmodel names is there: {_some(list(named))}.", Outcome.PASSED)
    else:
        yield Finding("files", "MLmodel names no files, so none is missing.", Outcome.PASSED)


def _paths_of(document: Mapping[str, Any]) -> Iterator[str]:
    """Yields every path that a flavour or the example names; MLflow joins them to the version's place."""
    flavors = document.get("flavors")
    for said in (flavors if isinstance(flavors, dict) else {}).values():
        if not isinstance(said, dict):
            continue
        yield from (value for key, value in said.items() if key in _PATHS and _is_path(value))
        yield from _environment_files(said)
        artifacts = said.get("artifacts")
        for artifact in (artifacts if isinstance(artifacts, dict) else {}).values():
            if isinstance(artifact, dict) and _is_path(artifact.get("path")):
                yield artifact["path"]
        if _is_path(said.get("model_code_path")):
            # MLflow keeps the author's own path, and loads what has its last part for a name.
            yield posixpath.basename(said["model_code_path"].replace("\\", "/"))
    example = document.get("saved_input_example_info")
    if isinstance(example, dict):
        yield from (example[key] for key in ("artifact_path", "serving_input_path") if _is_path(example.get(key)))


def _environment_files(said: Mapping[str, Any]) -> list[str]:
    env = said.get("env")
    named: list[Any] = list(env.values()) if isinstance(env, dict) else [env]
    return [path for path in named if _is_path(path)]


def _is_path(value: object) -> TypeGuard[str]:
    # The YAML is read as texts only: null is one of these.
    return isinstance(value, str) and value not in ("", "null", "~", "Null", "NULL")


def _plain(path: str) -> str:
    return posixpath.normpath(path)


def _is_outside(path: str) -> bool:
    return path.startswith(("/", "\\")) or "\x00" in path or ".." in path.replace("\\", "/").split("/") or "://" in path


def _folders(path: str) -> Iterator[str]:
    yield "."
    while path := posixpath.dirname(path):
        yield path


def _environment(
    document: Mapping[str, Any], files: Files, too_large: Mapping[str, int], listed: Mapping[str, int] | None
) -> Iterator[Finding]:
    flavors = document["flavors"]
    named = {_plain(path) for said in flavors.values() if isinstance(said, dict) for path in _environment_files(said)}
    there = {*files, *too_large}
    read, wrong = [], False
    for path in sorted({*named, *(there & {REQUIREMENTS, CONDA, PYTHON_ENV})}):
        if path not in READ:
            yield Finding(
                "environment", f"{quoted(path)} is not read: it is called otherwise than usual.", Outcome.UNKNOWN
            )
            wrong = True
            continue
        try:
            _require_environment(path, files, too_large, listed)
            read.append(path)
        except Unreadable as problem:
            yield Finding("environment", _sentence(problem), Outcome.FAILED)
            wrong = True
    if read and not wrong:
        yield Finding("environment", f"The environment can be read: {', '.join(read)}.", Outcome.PASSED)
    elif not wrong:
        yield Finding("environment", "The version names no environment, so there is none to read.", Outcome.PASSED)


def _require_environment(
    path: str, files: Files, too_large: Mapping[str, int], listed: Mapping[str, int] | None
) -> None:
    if path == REQUIREMENTS:
        _require_requirements(path, _text(files, too_large, path).splitlines(), listed)
        return
    said = _mapping(files, too_large, path)
    groups = ("dependencies",) if path == CONDA else ("build_dependencies", "dependencies")
    for group in groups:
        needs = said.get(group, [])
        needs = [] if needs in ("", "null", "~") else needs
        if not isinstance(needs, list):
            raise Unreadable(f"{path} cannot be read: its {group} are no list.")
        for need in needs:
            if path == CONDA and isinstance(need, dict):
                lines = need.get("pip")
                if not isinstance(lines, list) or not all(isinstance(line, str) for line in lines):
                    raise Unreadable(f"{path} cannot be read: what pip is to install is no list of texts.")
                _require_requirements(path, lines, listed)
            elif not isinstance(need, str):
                raise Unreadable(f"{path} cannot be read: one of its {group} is no text.")
            elif path == PYTHON_ENV:
                _require_requirements(path, [need], listed)


def _require_requirements(path: str, lines: list[str], listed: Mapping[str, int] | None) -> None:
    """Raises Unreadable for a line that pip would not take, or that names a file which is not there."""
    for number, line in enumerate(lines, 1):
        asked = line.partition(" #")[0].strip().removesuffix("\\").strip()
        if not asked or asked.startswith("#") or "://" in asked or asked.startswith((".", "/")):
            continue
        if asked.startswith("-"):
            option, _, file = asked.replace("=", " ", 1).partition(" ")
            if option in ("-r", "--requirement", "-c", "--constraint") and listed is not None:
                file = _plain(file.strip())
                if file not in listed:
                    raise Unreadable(f"{path} names {quoted(file)}, which is not there.")
            continue
        try:
            Requirement(asked.partition(" --")[0][:500])
        except InvalidRequirement as error:
            raise Unreadable(f"{path} cannot be read: line {number} is no requirement ({quoted(asked)}).") from error


def _signature(model: MLmodel) -> Iterator[Finding]:
    if model.signature is None:
        yield Finding("signature", "There is no signature: what callers may send, nobody checks.", Outcome.UNKNOWN)
    else:
        yield Finding("signature", "The signature can be read.", Outcome.PASSED)


def _example(
    document: Mapping[str, Any], model: MLmodel, files: Files, too_large: Mapping[str, int]
) -> Iterator[Finding]:
    info = document.get("saved_input_example_info")
    if not isinstance(info, dict):
        yield Finding("input_example", "There is no input example to try the signature on.", Outcome.UNKNOWN)
        return
    path = info.get("artifact_path")
    if path != EXAMPLE or path in too_large:
        why = "it is too large" if path in too_large else f"it is called {quoted(path)}"
        yield Finding("input_example", f"The input example is not read: {why}.", Outcome.UNKNOWN)
        return
    try:
        example = _parsed(files, too_large, EXAMPLE)
        if SERVING_EXAMPLE in files:
            _parsed(files, too_large, SERVING_EXAMPLE)
    except Unreadable as problem:
        yield Finding("input_example", _sentence(problem), Outcome.FAILED)
        return
    if model.signature is None:
        yield Finding("input_example", "The input example can be read; no signature judges it.", Outcome.UNKNOWN)
        return
    has_params = info.get("params") in ("true", "True", "yes")
    taken, why = accepts(model.signature, example, str(info.get("type")), has_params=has_params)
    yield {
        True: Finding("input_example", "The signature takes the model's own input example.", Outcome.PASSED),
        False: Finding("input_example", f"The signature refuses the model's own input example: {why}.", Outcome.FAILED),
        None: Finding(
            "input_example",
            f"Whether the signature takes the model's own input example cannot be told{f': {why}' if why else ''}.",
            Outcome.UNKNOWN,
        ),
    }[taken]


def _parsed(files: Files, too_large: Mapping[str, int], path: str) -> Any:
    try:
        return json.loads(_text(files, too_large, path))
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"{path} is not JSON that can be read.") from error


def _some(paths: list[str]) -> str:
    shown = ", ".join(map(quoted, paths[:_NAMED]))
    return f"{shown} and {len(paths) - _NAMED} more" if len(paths) > _NAMED else shown


def _sentence(problem: Unreadable) -> str:
    return str(problem)
