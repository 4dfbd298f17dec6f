"""What a request asks for and what MLflow will do, in words."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from evidence.observe import Evidence
from foundation.words import counted, inflected, listed
from promote_requests.choices import Status
from promote_requests.models import PromoteRequest
from registry.proposals import Change, Proposal
from registry.targets import ACTIVE_STAGES, Target, TargetKind

Part = tuple[str, bool]
"""Some words, and whether they are a name that is set in bold."""


@dataclass(frozen=True, slots=True)
class Story:
    """What a sentence about a request needs, whether the request is in the database or still being written.

    Attributes:
        proposal: What is asked for.
        author: The author's name.
        champion_version: Who holds the target, or held it when the request was promoted; None for nobody.
        status: Where the request stands.
        promoted_version: The version that a copy got.
        leaves: The stage that the version has and would leave, or left.
    """

    proposal: Proposal
    author: str
    champion_version: str | None
    status: str = Status.OPEN
    promoted_version: str = ""
    leaves: str = ""

    @classmethod
    def of(cls, promote_request: PromoteRequest, champion_version: str | None) -> Self:
        """Returns the story of a request with this champion, which may be newer than the recorded one."""
        return cls(
            promote_request.proposal,
            promote_request.author.get_username(),
            champion_version,
            promote_request.status,
            promote_request.promoted_version,
            promote_request.challenger_stage,
        )


def sentence(story: Story) -> str:
    """Returns what the request asks for or, once promoted, what happened, as one plain sentence."""
    return "".join(words for words, _ in parts(story))


def parts(story: Story) -> list[Part]:
    """Returns the sentence in pieces, so that a page can set the names in it in bold."""
    proposal = story.proposal
    model_version = (f"{proposal.model_name} version {proposal.version}", True)
    if proposal.change == Change.REMOVE:
        return _removal(story, model_version)
    infinitive, past, name, tail = _movement(story)
    if story.status == Status.PROMOTED:
        return _joined([model_version, (f" {past}", False), (name, True), (f"{tail}.", False)])
    want = "wanted" if story.status == Status.CLOSED else "wants"
    return _joined(
        [
            (story.author, True),
            (f" {want} ", False),
            model_version,
            (f" to {infinitive}", False),
            (name, True),
            (f"{tail}.", False),
        ]
    )


def destination(proposal: Proposal) -> str:
    """Returns where the version is to go in two or three words, for a row of a list."""
    if proposal.change == Change.REMOVE:
        return f"no longer {_marked(proposal.target)}"
    return _marked(proposal.target)


def target_in_menu(target: Target) -> str:
    """Returns a target's name where no chip or sign beside it says of what kind it is."""
    return f"a copy in {target.name}" if target.kind == TargetKind.MODEL else _marked(target)


def _marked(target: Target) -> str:
    """Returns a target's name as its kind is written: `@prod` for an alias."""
    if target == Target(TargetKind.STAGE, "None"):
        return "no stage"
    return f"@{target.name}" if target.kind == TargetKind.ALIAS else target.name


def consequence(proposal: Proposal, holders: Sequence[str]) -> str:
    """Returns what a promotion will do in MLflow.

    Args:
        proposal: What is asked for.
        holders: The versions that hold the target now.
    """
    target, version = proposal.target, proposal.version
    model_version = f"{proposal.model_name} version {version}"
    others = [holder for holder in holders if holder != version]
    if proposal.change == Change.REMOVE:
        return f"MLflow takes the alias {target.name} away from {model_version}. No version has it then."
    match target.kind:
        case TargetKind.ALIAS:
            loses = f" Version {others[0]} loses it." if others else ""
            return f"MLflow points the alias {target.name} of {proposal.model_name} at version {version}.{loses}"
        case TargetKind.STATUS:
            return f"MLflow gives {model_version} the status {target.name}. No other version changes."
        case TargetKind.MODEL:
            return f"MLflow copies {model_version} into {target.name} as a new version."
        case TargetKind.STAGE:
            stage = "out of its stage" if target.name == "None" else f"to {target.name}"
            if not others or not target.has_champion:
                return f"MLflow moves {model_version} {stage}."
            if proposal.archives:
                return f"MLflow moves {model_version} {stage} and archives {_versions(others)}."
            stay = inflected(len(others), "stays", "stay")
            many = counted(len(others) + 1, "version")
            return (
                f"MLflow moves {model_version} {stage}. {_versions(others).capitalize()} {stay} there too: "
                f"{target.name} then has {many}."
            )


def effect(proposal: Proposal) -> str:
    """Returns what a promotion will do in a few words, for a button: `move version 3 to Production`."""
    target, version = proposal.target, f"version {proposal.version}"
    if proposal.change == Change.REMOVE:
        return f"remove @{target.name} from {version}"
    match target.kind:
        case TargetKind.ALIAS:
            return f"give @{target.name} to {version}"
        case TargetKind.MODEL:
            return f"copy {version} into {target.name}"
        case TargetKind.STATUS:
            return f"give {version} the status {target.name}"
        case TargetKind.STAGE if target.name == "None":
            return f"take {version} out of its stage"
        case TargetKind.STAGE if target.name == "Archived":
            return f"archive {version}"
    return f"move {version} to {target.name}"


def arrived(refused: Target, model_name: str) -> str:
    """Says to whom MLflow's page led here why nothing has changed, and what this page is for."""
    if refused.kind == TargetKind.MODEL:
        what = f"what {refused.name} holds"
    elif refused.kind == TargetKind.STATUS:
        what = f"the status {refused.name} of {model_name or 'its versions'}"
    else:
        what = f"{'@' if refused.kind == TargetKind.ALIAS else ''}{refused.name} of {model_name or 'this model'}"
    return f"MLflow changed nothing: {what} is protected. Ask for the change here, and colleagues decide."


def present_holders(champion_version: str | None, evidence: Evidence | None) -> list[str]:
    """Returns the versions that a promotion would replace; without evidence those that are recorded.

    Args:
        champion_version: The one recorded last.
        evidence: None where MLflow does not answer.
    """
    if evidence is None:
        return [champion_version] if champion_version else []
    if evidence.champion is None:
        return []
    return [evidence.champion.version.version, *evidence.other_holders]


def suggested_title(proposal: Proposal) -> str:
    """Returns a title for a new request, short enough for its field."""
    model_name, version, target = proposal.model_name, proposal.version, proposal.target
    if proposal.change == Change.REMOVE:
        words = f"Take {target.name} away from {model_name} version {version}"
    elif target.kind == TargetKind.MODEL:
        words = f"Copy {model_name} version {version} into {target.name}"
    elif target == Target(TargetKind.STAGE, "None"):
        words = f"Take {model_name} version {version} out of its stage"
    else:
        words = f"{model_name} version {version} to {target.name}"
    return words[:200]


def _versions(numbers: Sequence[str]) -> str:
    """Returns `version 1` or `versions 1, 2 and 3`."""
    return f"{inflected(len(numbers), 'version', 'versions')} {listed(numbers)}"


def _removal(story: Story, model_version: Part) -> list[Part]:
    alias = (story.proposal.target.name, True)
    if story.status == Status.PROMOTED:
        return [("The alias ", False), alias, (" was taken away from ", False), model_version, (".", False)]
    want = "wanted" if story.status == Status.CLOSED else "wants"
    return [
        (story.author, True),
        (f" {want} to take the alias ", False),
        alias,
        (" away from ", False),
        model_version,
        (".", False),
    ]


def _movement(story: Story) -> tuple[str, str, str, str]:
    """Returns (infinitive, past tense, name of the place, what becomes of the present holder)."""
    target, champion = story.proposal.target, story.champion_version
    match target.kind:
        case TargetKind.MODEL:
            if story.promoted_version:
                tail = f" as version {story.promoted_version}"
            else:
                tail = f", where it follows version {champion}" if champion else ", as its first version"
            return "be copied into ", "was copied into ", target.name, tail
        case TargetKind.STAGE if not target.has_champion and story.leaves in ACTIVE_STAGES:
            archived = (" and be archived", " and was archived") if target.name == "Archived" else ("", "")
            is_done = story.status == Status.PROMOTED
            return "leave ", "left ", story.leaves, archived[is_done]
        case TargetKind.STAGE if target.name == "Archived":
            return "be archived", "was archived", "", ""
        case TargetKind.STAGE if target.name == "None":
            return "leave its stage", "left its stage", "", ""
        case TargetKind.STATUS if not target.has_champion:
            return "become ", "became ", target.name, ""
    of_model = f" of {story.proposal.model_name}" if target.kind == TargetKind.ALIAS else ""
    return "become ", "became ", target.name, of_model + _succession(story)


def _succession(story: Story) -> str:
    if story.champion_version is None:
        return "" if story.status == Status.PROMOTED else ", which no version is now"
    replaces = story.proposal.target.kind == TargetKind.ALIAS or story.proposal.archives
    if replaces:
        return f", replacing version {story.champion_version}"
    return f", beside version {story.champion_version}, which stays"


def _joined(pieces: list[Part]) -> list[Part]:
    return [piece for piece in pieces if piece[0]]


def covered(target_pattern: str) -> str:
    """Says which targets a rule's pattern covers: `every stage`, `the alias @champion`, `copies into prod.*`."""
    kind, _, name = target_pattern.partition(":")
    is_every = name == "*"
    match kind:
        case "stage":
            return "every stage" if is_every else f"the stage {name}"
        case "alias":
            return "every alias" if is_every else f"the alias @{name}"
        case "status":
            return (
                "every status of skills and MCP servers" if is_every else f"the status {name} of skills and MCP servers"
            )
        case "model":
            return "every copy into another model" if is_every else f"copies into {name}"
    return "every target" if target_pattern == "*" else target_pattern
