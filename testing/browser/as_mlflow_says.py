"""What MLflow's own client says of a version, in the words in which Checkpoint's comparison says it."""

import math
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import mlflow
from mlflow import MlflowClient
from mlflow.entities import LoggedModel, Run
from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException
from mlflow.models import Model
from mlflow.types.schema import Array, ColSpec, Map, Object, ParamSpec, Property, TensorSpec
from packaging.requirements import Requirement

LINEAGE = {
    "mlflow.source.git.commit": "Git commit",
    "mlflow.source.git.repoURL": "Git repository",
    "mlflow.source.name": "source",
    "mlflow.user": "run by, as the client says",
    "mlflow.parentRunId": "parent run",
}


@dataclass
class Said:
    """What is known of a version.

    Attributes:
        metrics: {name: value}; NaN is "NaN", which equals itself.
        parameters: {name: text}.
        datasets: {purpose: name and digest}.
        lineage: {what: text}.
        tags: {name: text}, without MLflow's own.
        run_tags: The same of the run.
        system_tags: MLflow's own of both.
        signature: {(part, field): type}.
        environment: {what: version or condition}.
        files: {path: bytes}.
        folder: Where the files were downloaded to.
    """

    metrics: dict[str, float | str] = field(default_factory=dict)
    parameters: dict[str, str] = field(default_factory=dict)
    datasets: dict[str, str] = field(default_factory=dict)
    lineage: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    run_tags: dict[str, str] = field(default_factory=dict)
    system_tags: dict[str, str] = field(default_factory=dict)
    signature: dict[tuple[str, str], str] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)
    files: dict[str, int] = field(default_factory=dict)
    folder: Path = Path()


class MlflowSays:
    """Asks MLflow's client, each version once, and downloads its files as whoever serves it would.

    Args:
        mlflow_server: The address of an MLflow.
        folder: An empty one for the files.
    """

    def __init__(self, mlflow_server: str, folder: Path) -> None:
        self.url, self._folder = mlflow_server, folder
        self.client = MlflowClient(mlflow_server, mlflow_server)
        self._said: dict[tuple[str, str], Said] = {}

    def of(self, name: str, version: str) -> Said:
        """Returns what is said of a version."""
        if (name, version) not in self._said:
            self._said[name, version] = self._ask(name, version)
        return self._said[name, version]

    def origin(self, name: str, version: str) -> tuple[ModelVersion, Run | None, LoggedModel | None]:
        """Returns a version with its run and its logged model."""
        found = self.client.get_model_version(name, version)
        place = self.client.get_model_version_download_uri(name, version)
        at = next((part for part in place.replace(":", "/").split("/") if part.startswith("m-")), "")
        return (
            found,
            self.client.get_run(found.run_id) if found.run_id else None,
            self.client.get_logged_model(at) if at else None,
        )

    def _ask(self, name: str, version: str) -> Said:
        found, run, logged = self.origin(name, version)
        tags = run.data.tags if run else logged.tags if logged else {}
        folder = self._download(name, version)
        files = [path for path in folder.rglob("*") if path.is_file()]
        said = Said(
            metrics={key: figure(value) for key, value in _metrics(run, logged).items()},
            parameters={**(run.data.params if run else {}), **(logged.params or {} if logged else {})},
            datasets=_datasets(run),
            lineage={LINEAGE[key]: text for key, text in tags.items() if key in LINEAGE},
            tags={key: text for key, text in found.tags.items() if not key.startswith("mlflow.")},
            run_tags={key: text for key, text in tags.items() if not key.startswith("mlflow.")},
            system_tags={key: text for key, text in {**tags, **found.tags}.items() if key.startswith("mlflow.")},
            files={str(path.relative_to(folder)): path.stat().st_size for path in files},
            folder=folder,
        )
        if "MLmodel" in said.files:
            model = Model.load(str(folder))
            said.signature = dict(_fields(model))
            said.environment = dict(_environment(model, (folder / "requirements.txt").read_text()))
        return said

    def _download(self, name: str, version: str) -> Path:
        folder = self._folder / f"{name} {version}"
        folder.mkdir()
        place = self.client.get_model_version_download_uri(name, version)
        try:
            return Path(
                mlflow.artifacts.download_artifacts(artifact_uri=place, dst_path=str(folder), tracking_uri=self.url)
            )
        except MlflowException:  # there is nothing
            return folder


def figure(value: float) -> float | str:
    """Returns a number as it can be compared: NaN as a text, and MLflow's largest number for what it is."""
    if math.isnan(value):
        return "NaN"
    return math.copysign(math.inf, value) if abs(value) >= sys.float_info.max else value


def _metrics(run: Run | None, logged: LoggedModel | None) -> dict[str, float]:
    of_model = sorted((logged.metrics or []) if logged else [], key=lambda metric: metric.step)
    return {metric.key: metric.value for metric in of_model} | (run.data.metrics if run else {})


def _datasets(run: Run | None) -> dict[str, str]:
    found: dict[str, str] = {}
    for given in run.inputs.dataset_inputs if run and run.inputs else []:
        (context,) = [tag.value for tag in given.tags if tag.key == "mlflow.data.context"]
        found[f"{context} data"] = f"{given.dataset.name} ({given.dataset.digest})"
    return found


def _fields(model: Model) -> Iterator[tuple[tuple[str, str], str]]:
    signature = model.signature
    if signature is None:
        return
    for part, schema in (("inputs", signature.inputs), ("outputs", signature.outputs)):
        for spec in schema.inputs if schema else []:
            name = spec.name or "the value"
            if isinstance(spec, TensorSpec):
                shape = "\u00d7".join("any" if size == -1 else str(size) for size in spec.shape)
                yield (part, name), f"tensor {spec.type} {shape}"
            else:
                yield from (((part, inner), text) for inner, text in _nested(name, spec.type, spec))
    for param in signature.params.params if signature.params else []:
        yield ("params", param.name), _param(param)


def _nested(name: str, kind: Any, spec: ColSpec | Property | None) -> Iterator[tuple[str, str]]:
    more = "" if spec is None or spec.required else ", optional"
    match kind:
        case Array():
            yield name, f"array{more}"
            yield from _nested(f"{name}[]", kind.dtype, None)
        case Map():
            yield name, f"map{more}"
            yield from _nested(f"{name}[]", kind.value_type, None)
        case Object():
            yield name, f"object{more}"
            for each in kind.properties:
                yield from _nested(f"{name}.{each.name}", each.dtype, each)
        case _:
            yield name, f"{kind.name}{more}"


def _param(param: ParamSpec) -> str:
    listed = " list any" if param.shape == (-1,) else ""
    return f"{param.dtype.name}{listed}, optional, default {param.default}"


def _environment(model: Model, requirements: str) -> Iterator[tuple[str, str]]:
    yield "Python", model.flavors["python_function"]["python_version"]
    yield "MLflow, which wrote it", model.mlflow_version
    for flavor, said in model.flavors.items():
        versions = {"sklearn": "sklearn_version", "xgboost": "xgb_version"}
        yield f"flavour {flavor}", said[versions[flavor]] if flavor in versions else "yes"
    yield from _packages(requirements.splitlines())


def _packages(lines: Iterable[str]) -> Iterator[tuple[str, str]]:
    for line in lines:
        need = Requirement(line)
        extras = f"[{','.join(need.extras)}]" if need.extras else ""
        condition = str(need.specifier).removeprefix("==") or "any"
        yield f"{need.name}{extras}", f"{condition} if {need.marker}" if need.marker else condition
