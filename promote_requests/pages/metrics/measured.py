"""The metrics that the versions of a model have last."""

from dataclasses import dataclass

from evidence.metrics.logged import is_logged_comparison
from registry.lists import Lists
from registry.types import ModelVersion, RegisteredModel

VERSIONS = 200
"""The newest ones, of which metrics are asked."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What the newest versions of a model have last.

    Attributes:
        versions: Newest first, at most `VERSIONS`.
        values: {version: {metric's key: last value}}, of those of which a run or a logged model is there.
        elsewhere: The versions that name another run than the one that made their files, which their values are of.
        is_cut: Whether there are older versions.
    """

    versions: list[ModelVersion]
    values: dict[str, dict[str, float]]
    elsewhere: frozenset[str]
    is_cut: bool

    @property
    def metrics(self) -> list[str]:
        """The metrics that any of them has, by name."""
        found = {key for values in self.values.values() for key in values if not is_logged_comparison(key)}
        return sorted(found, key=str.casefold)


def measured_of(lists: Lists, model: RegisteredModel) -> Measured:
    """Returns the metrics of a model's newest versions; RegistryError as the registry raises it."""
    found = lists.versions(model, limit=VERSIONS + 1)
    versions = found[:VERSIONS]
    # A client names the run of a version as it likes.
    makers = lists.registry.makers(versions)
    runs = {version.version: makers.get(version.version, version.run_id) for version in versions}
    of_runs = lists.registry.last_values({run for run in runs.values() if run})
    # A version without a run, or with one that is gone for good, has what its logged model has.
    models = {version.model_id for version in versions if runs[version.version] not in of_runs and version.model_id}
    of_models = lists.registry.last_values_of_models(models) if models else {}
    values = {
        version.version: of_runs.get(runs[version.version]) or of_models[version.model_id]
        for version in versions
        if runs[version.version] in of_runs or version.model_id in of_models
    }
    return Measured(versions, values, frozenset(makers), len(found) > VERSIONS)
