"""The registry as the services need it. `mlflow/` and `fake/` keep to it; one contract suite runs against both."""

from collections.abc import Collection, Iterator
from typing import Protocol

from registry.measurements import History, Logged
from registry.targets import Target
from registry.types import FileTree, ModelVersion, Provenance, RegisteredModel, VersionFacts


class RegistryClient(Protocol):
    """One workspace of MLflow's registries. Everything may raise `exceptions.RegistryError` and its subclasses.

    Writes are idempotent: the same call made twice leaves what one call leaves, so that a promotion cut off in the
    middle can be repeated.

    Skills and MCP servers are kept in registries of their own. Here they are models whose names begin with their family
    (`types.Family`), have aliases and a status in place of stages, and cannot be copied. An MLflow that has no such
    registry has no such model.
    """

    def search_models(self, text: str = "", *, limit: int = 100) -> list[RegisteredModel]:
        """Returns the models, prompts and entries whose name contains `text`, in any case, by name, at most `limit`."""

    def list_models(self) -> list[RegisteredModel]:
        """Returns every model, prompt and entry, in no order: one call for some hundreds of them."""

    def get_model(self, name: str) -> RegisteredModel:
        """Returns a model; RegistryNotFound when there is none."""

    def list_versions(
        self, name: str, *, limit: int = 200, below: int = 0, model: RegisteredModel | None = None
    ) -> list[ModelVersion]:
        """Returns a model's versions with their aliases, newest first; RegistryNotFound when there is no such model.

        Args:
            name: Of the model.
            limit: How many at most.
            below: Only versions of a lower number: the last one of the page before.
            model: The model, where the caller has it; what it says of aliases is what the versions say.
        """

    def get_version(self, name: str, version: str) -> ModelVersion:
        """Returns one version with its aliases; RegistryNotFound when there is none."""

    def get_facts(self, name: str, version: str, *, known: VersionFacts | None = None) -> VersionFacts:
        """Returns what was measured of a version. A run or logged model that is gone simply adds nothing.

        Args:
            name: Of the model.
            version: Of the model.
            known: What was returned before. Where MLflow says that the version was not updated since, its figures are
                not read again: only what the version itself says, its stage, aliases, tags and description, is new.
        """

    def get_provenance(self, name: str, version: str) -> Provenance:
        """Returns what a version is made of, without what is gone; RegistryNotFound when there is no such version."""

    def read_file(self, name: str, version: str, path: str, *, limit: int) -> bytes | None:
        """Returns one file of a version, or more than `limit` bytes of a larger one; None if it is not there.

        To be asked of versions only whose files lie where MLflow keeps files (`places.can_be_told`): MLflow fetches
        from whatever address the version's source names.
        """

    def list_files(self, name: str, version: str) -> FileTree:
        """Returns the files of a version, some thousands at most; RegistryNotFound when there is no such version.

        Where MLflow has no route that lists them, the tree is empty and its `problem` says so.
        """

    def stream_file(self, name: str, version: str, path: str) -> Iterator[bytes]:
        """Yields a file of a version in pieces of some hundred KiB; RegistryNotFound when it is not there.

        However large it is, no more than a piece is held. To be asked of the versions that `read_file` may be asked of.
        """

    def metric_history(self, run_id: str, key: str, *, limit: int) -> list[Logged]:
        """Returns what a run logged of a metric, in no order; nothing where there is no such run or metric.

        Of more than `limit` values those come that were logged first. Large: 100,000 are ten megabytes of MLflow's
        answer.
        """

    def metric_sample(self, run_id: str, key: str) -> History:
        """Returns what a run logged of a metric, or 2,500 of it where it is more; nothing where there is none.

        MLflow itself chooses, as for its own charts: reading all of 100,000 values takes it seconds.
        """

    def last_values(self, run_ids: Collection[str]) -> dict[str, dict[str, float]]:
        """Returns {run: {metric: last value}} as the runs have it, of those that are there; a call for each hundred."""

    def last_values_of_models(self, model_ids: Collection[str]) -> dict[str, dict[str, float]]:
        """Returns {logged model: {metric, named as `measurements.latest` does: last value}} of those that are there."""

    def makers(self, versions: Collection[ModelVersion]) -> dict[str, str]:
        """Returns {version: the run that made its files} of those versions of a model that name another run.

        As `get_facts` tells it, by the logged model or by where the files lie; but of a copy nothing is known here.
        """

    def find_made_of(
        self, *, run_ids: Collection[str], model_ids: Collection[str], folders: Collection[str]
    ) -> list[tuple[str, str]]:
        """Returns the (model, version) of versions that may be made of any of these, and perhaps of others.

        Args:
            run_ids: Of runs.
            model_ids: Of logged models.
            folders: Paths of artifacts below MLflow's root of artifacts, in any case.
        """

    def server_version(self) -> str:
        """Returns the version that MLflow says it has, for example `3.17.2`; empty where it says none."""

    def list_workspaces(self) -> list[str]:
        """Returns the names of MLflow's workspaces, canonical; none where it has no workspaces."""

    def answers_anybody(self) -> bool:
        """Tells whether MLflow shows its models to a caller without credentials."""

    def artifact_locations(
        self, *, run_ids: Collection[str], model_ids: Collection[str], experiment_ids: Collection[str]
    ) -> list[str]:
        """Returns where MLflow keeps the artifacts of runs, logged models and experiments, of those that are there."""

    def get_job_run(self, job_id: str) -> str:
        """Returns the run of a job that optimises a prompt, which goes with it; RegistryNotFound without such a job."""

    def holders(self, name: str, target: Target, *, exact: bool = False) -> list[str]:
        """Returns the versions that hold `target` of model `name`, newest (highest number) first.

        Of a stage, one in use: nobody holds Archived and None. For a `model:` target: the newest version of the
        destination, whatever `name` is; empty when there is no such model.

        Args:
            name: Of the model.
            target: What they hold.
            exact: Otherwise, of a large model, what was moved past Checkpoint in the last half minute may be missing.
        """

    def noted_holder(self, name: str, target: Target) -> str:
        """Returns one of the holders where that takes no search; "" where it would, whether there is one or not."""

    def copies(self, name: str, version: str, destination: str) -> list[ModelVersion]:
        """Returns the copies of a version in another model, newest first. A prompt's copies cannot be told."""

    def transition_stage(self, name: str, version: str, stage: str, *, archive_existing_versions: bool) -> None:
        """Moves a version to a stage; archiving is ignored where MLflow would refuse it (Archived and None)."""

    def set_status(self, name: str, version: str, status: str) -> None:
        """Gives a version of a skill or an MCP server a status, one of `targets.STATUSES`."""

    def set_alias(self, name: str, alias: str, version: str) -> None:
        """Points an alias at a version."""

    def delete_alias(self, name: str, alias: str) -> None:
        """Takes an alias away; nothing happens when nobody has it."""

    def copy_version(self, name: str, version: str, destination: str, *, tags: dict[str, str]) -> ModelVersion:
        """Copies a version into another registered model, which is created when missing.

        Idempotent by `tags["checkpoint.promote_request"]`: a version of the destination that carries the same value
        is returned instead of a second copy. The tags are part of the creation, so a crash cannot lose them.
        """

    def set_version_tags(self, name: str, version: str, tags: dict[str, str]) -> None:
        """Sets tags on a version."""
