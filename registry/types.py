"""What Checkpoint knows of a registry: plain values, no MLflow types and no database."""

import re
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Self

from registry.makers import Maker
from registry.measurements import Measurement

APPROVAL_TAG = "checkpoint.promote_request"
"""The tag that a promotion leaves on a version: the address of its promote request."""
IS_PROMPT_TAG = "mlflow.prompt.is_prompt"
"""What tells prompts from models, on the registered model and on each version: `true`."""
PROMPT_TEXT_TAG = "mlflow.prompt.text"
"""Where MLflow keeps the text of a prompt's version."""
PROMPT_SETTINGS = "_mlflow_prompt_"
"""How the tags begin in which MLflow keeps what a prompt version says beside its text."""


def is_reserved_tag(key: str) -> bool:
    """Says whether a tag is MLflow's or Checkpoint's own rather than a statement about the version."""
    return key.startswith(("mlflow.", "checkpoint.", "_mlflow_"))


def prompt_settings(tags: dict[str, str]) -> dict[str, str]:
    """Returns what a prompt version says beside its text: `model_config`, `response_format`, `type`, ..."""
    return {key.removeprefix(PROMPT_SETTINGS): value for key, value in tags.items() if key.startswith(PROMPT_SETTINGS)}


def is_model_name(text: str) -> bool:
    """Says whether a registered model can have this name, so that other texts need not be asked for or escaped.

    MLflow takes no slash and no colon; NUL and lone surrogates cannot be sent.
    """
    return re.fullmatch("[^/:\x00\ud800-\udfff]{1,256}", text, re.DOTALL) is not None


def is_version_number(text: str) -> bool:
    """Says whether this is a version as MLflow sends it. MLflow reads "01" as 1: one version, two names for it."""
    return re.fullmatch("[1-9][0-9]{0,8}", text) is not None


class Family(StrEnum):
    """Which of MLflow's registries keeps something. A skill or MCP server is an entry of a registry beside the models.

    An entry's name begins with its family and a colon, which no model's name holds: `skill:@acme/reviewer`,
    `mcp:com.example/search`. With the alias behind it MLflow's own way of writing remains: `skill:reviewer@champion`.
    """

    MODEL = "model"
    SKILL = "skill"
    SERVER = "mcp"


_ENTRY_NAMES = {
    # MLflow 3.18 `utils/validation.py`: an organization may have periods, a skill not.
    Family.SKILL: re.compile(r"(?:@(?=[^/]{1,64}/)[a-z0-9]+(?:[-.][a-z0-9]+)*/)?(?=.{1,64}\Z)[a-z0-9]+(?:-[a-z0-9]+)*"),
    # MLflow 3.17 `entities/mcp_server.py`.
    Family.SERVER: re.compile(
        r"[a-zA-Z0-9][a-zA-Z0-9.-]*[a-zA-Z0-9]/(?!(?:aliases|endpoints|tags|versions)\Z)"
        r"[a-zA-Z0-9][a-zA-Z0-9._-]*[a-zA-Z0-9]"
    ),
}
_SEMANTIC_VERSION = re.compile(r"[0-9]+\.[0-9]+\.[0-9]+(?:[-+][0-9A-Za-z.+-]+)?")
LONGEST_VERSION = 64


def family_of(name: str) -> Family:
    """Returns where MLflow keeps what is called so; whatever is no entry's name is a model's."""
    family, separator, _ = name.partition(":")
    return Family(family) if separator and family in (Family.SKILL, Family.SERVER) else Family.MODEL


def entry_name(family: Family, name: str) -> str:
    """Returns what an entry is called here; `name` as MLflow calls it."""
    return f"{family}:{name}"


def name_in_family(name: str) -> str:
    """Returns how MLflow calls an entry, or a model."""
    return name if family_of(name) is Family.MODEL else name.partition(":")[2]


def is_entry_name(name: str) -> bool:
    """Says whether a skill or an MCP server can have this name; one that can needs no escaping in a path."""
    expression = _ENTRY_NAMES.get(family_of(name))
    return expression is not None and len(name) <= 256 and expression.fullmatch(name_in_family(name)) is not None


def is_version_of(name: str, version: str) -> bool:
    """Says whether a version of what is called so can be named so: a whole number, of an MCP server as in `1.4.0`."""
    if family_of(name) is Family.SERVER:
        return len(version) <= LONGEST_VERSION and _SEMANTIC_VERSION.fullmatch(version) is not None
    return is_version_number(version)


@dataclass(frozen=True, slots=True)
class RegisteredModel:
    """A registered model or prompt, or an entry of a registry beside.

    Attributes:
        aliases: {alias: version}.
        is_prompt: MLflow keeps prompts as registered models with a tag.
        newest: {stage: its newest version}, of the stages that at least one version is in.
        revision: Another text whenever a version was moved from one stage to another, came or went.
    """

    name: str
    description: str = ""
    aliases: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    is_prompt: bool = False
    newest: dict[str, str] = field(default_factory=dict, compare=False)
    revision: str = field(default="", compare=False)

    @property
    def family(self) -> Family:
        """Where MLflow keeps it."""
        return family_of(self.name)


@dataclass(frozen=True, slots=True)
class ModelVersion:
    """A version of a registered model or entry. `version` is a string, as MLflow sends it.

    Attributes:
        stage: One of `targets.STAGES`.
        aliases: The aliases that point to it, sorted.
        source: URI of its artifacts, or `models:/NAME/VERSION` for a copy.
        run_id: Empty when it was registered from a logged model.
        model_id: Id of its logged model, or empty.
        status: MLflow's registration status, `READY` when usable; of an entry one of `targets.STATUSES`.
    """

    name: str
    version: str
    stage: str = "None"
    aliases: tuple[str, ...] = ()
    description: str = ""
    source: str = ""
    run_id: str = ""
    model_id: str = ""
    status: str = "READY"
    created_at: datetime | None = None
    updated_at: datetime | None = None
    tags: dict[str, str] = field(default_factory=dict)

    @property
    def is_prompt(self) -> bool:
        """Whether it is tagged as a prompt's version, as all of those are; its model tells for sure."""
        return self.tags.get(IS_PROMPT_TAG, "").lower() == "true"

    @property
    def family(self) -> Family:
        """Where MLflow keeps it."""
        return family_of(self.name)

    @property
    def number(self) -> int:
        """The version as a number, for ordering; 0 for `1.4.0`, which is ordered by the time."""
        return int(self.version) if is_version_number(self.version) else 0


@dataclass(frozen=True, slots=True)
class Provenance:
    """What a version is made of: it stays what it is as long as these stay.

    Attributes:
        run_ids: The run that it was registered from, and the one that its logged model came from.
        model_ids: Its logged model.
        experiment_ids: The experiments that these are in.
        locations: URIs below which its artifacts lie, as MLflow has them.
    """

    run_ids: frozenset[str] = frozenset()
    model_ids: frozenset[str] = frozenset()
    experiment_ids: frozenset[str] = frozenset()
    locations: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Contents:
    """The files of a version that tell about it, kept as they were read: a later reader may understand more of them.

    Attributes:
        files: {path: text} of those that are there and could be read.
        problems: A sentence about each that could not.
    """

    files: dict[str, str]
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FileEntry:
    """A file of a version.

    Attributes:
        path: Below the version's place.
        size: Bytes.
        sha256: In hex, where somebody took it; MLflow has none.
    """

    path: str
    size: int
    sha256: str = ""


@dataclass(frozen=True, slots=True)
class FileTree:
    """The files of a version.

    Attributes:
        files: By path.
        problem: A sentence where these are not all, or none could be listed.
    """

    files: tuple[FileEntry, ...]
    problem: str = ""

    @property
    def size(self) -> int:
        """Bytes of all files together."""
        return sum(entry.size for entry in self.files)


@dataclass(frozen=True, slots=True)
class VersionFacts:
    """What was measured of a version, from its run and its logged model together.

    Attributes:
        params: {name: text}.
        metrics: {name: last measurement}, named as `measurements.latest` does.
        tags: The version's own tags, without MLflow's internal and Checkpoint's.
        experiment_id: Of its run or logged model, for links into MLflow; may be empty.
        run_name: May be empty.
        prompt_text: A prompt version's template, or what an entry says; None for a model.
        prompt_settings: {name: JSON or text} of a prompt version, from `prompt_settings`, or of an entry.
        unplaced_source: Where its files are said to lie, if `places.can_be_told` says no; otherwise empty.
        origin: {what: text} that the run, or a logged model without one, says of itself, `commit`, `repository`,
            `source`, `user`, `parent run`; a client writes it, and may write anything.
        run_tags: {tag: text} of its run, or of its logged model where no run made it.
        datasets: {context, "" where none was named: names and digests} of the data that its run says it used.
        dataset_names: {context: names} of the same data, without digests.
        contents: What its files say; None where nobody looked, and for a prompt.
        tree: Which files it has; None where nobody looked.
        made_by: The run that its files come from, where that is not the run that the version names; the figures are of
            this one then.
        model_description: What the registered model says of itself, which holds for all of its versions.
        criteria: {run: what its evaluation asked of its metrics}, as MLflow keeps it: `evidence.metrics.criteria`.
        makers: Who made it, by Checkpoint's own record; none where nobody looked.
        held_since: {target: since when without a break, ISO 8601 in UTC} of what it holds, as far as Checkpoint knows.
        gone: Of `run` and `logged_model`, what MLflow has deleted or does not know though the version names it.
    """

    version: ModelVersion
    params: dict[str, str] = field(default_factory=dict)
    metrics: dict[str, Measurement] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    experiment_id: str = ""
    run_name: str = ""
    prompt_text: str | None = None
    prompt_settings: dict[str, str] = field(default_factory=dict)
    gone: tuple[str, ...] = ()
    unplaced_source: str = ""
    contents: Contents | None = None
    datasets: dict[str, str] = field(default_factory=dict)
    dataset_names: dict[str, tuple[str, ...]] = field(default_factory=dict)
    tree: FileTree | None = None
    made_by: str = ""
    origin: dict[str, str] = field(default_factory=dict)
    model_description: str = ""
    criteria: dict[str, str] = field(default_factory=dict)
    makers: tuple[Maker, ...] = ()
    held_since: dict[str, str] = field(default_factory=dict)
    run_tags: dict[str, str] = field(default_factory=dict)

    @property
    def is_prompt(self) -> bool:
        """Whether these are a prompt version's."""
        return self.prompt_text is not None and self.version.family is Family.MODEL

    def is_still(self, version: ModelVersion) -> bool:
        """Tells whether these figures are of this version, which MLflow says was not updated since."""
        same = ("name", "version", "created_at", "updated_at", "source", "run_id")
        return all(getattr(self.version, name) == getattr(version, name) for name in same)

    def said_by(self, version: ModelVersion) -> Self:
        """Returns these facts with what the version of a model says of itself."""
        return replace(
            self,
            version=version,
            tags={key: value for key, value in version.tags.items() if not is_reserved_tag(key)},
            prompt_text=version.tags.get(PROMPT_TEXT_TAG),
            prompt_settings=prompt_settings(version.tags),
        )
