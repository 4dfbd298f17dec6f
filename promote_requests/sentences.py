"""A request in words: what is asked for, what MLflow will do, what is still missing.

The page's first sentence is also the subject of a mail, so it is written here once.
"""

from collections.abc import Iterable, Sequence

from promote_requests.choices import RequestAction, Status, TargetKind
from promote_requests.decision import Decision
from promote_requests.evidence import Evidence
from promote_requests.models import PromoteRequest
from promote_requests.targets import Target

Part = tuple[str, bool]
"""Some words, and whether they are a name that deserves weight."""


def sentence(promote_request: PromoteRequest) -> str:
    """Returns what the request asks for or, once promoted, what happened, as one plain sentence."""
    return "".join(words for words, _ in parts(promote_request))


def parts(promote_request: PromoteRequest) -> list[Part]:
    """Returns the sentence in pieces, so that a page can set the names in it in bold."""
    model_version = (f"{promote_request.model_name} version {promote_request.version}", True)
    if promote_request.action == RequestAction.REMOVE:
        return _removal(promote_request, model_version)
    infinitive, past, name, tail = _movement(promote_request)
    if promote_request.status == Status.PROMOTED:
        return _joined([model_version, (f" {past}", False), (name, True), (f"{tail}.", False)])
    want = "wanted" if promote_request.status == Status.CLOSED else "wants"
    author = (promote_request.author.get_username(), True)
    return _joined(
        [author, (f" {want} ", False), model_version, (f" to {infinitive}", False), (name, True), (f"{tail}.", False)]
    )


def destination(promote_request: PromoteRequest) -> str:
    """Returns where the version is to go in two or three words, for a row of a list."""
    target = promote_request.target
    if promote_request.action == RequestAction.REMOVE:
        return f"no longer {target.name}"
    return "no stage" if target == Target(TargetKind.STAGE, "None") else target.name


def consequence(promote_request: PromoteRequest, holders: Sequence[str]) -> str:
    """Returns what a promotion will do in MLflow.

    Args:
        promote_request: What is asked for.
        holders: The versions that hold the target now.
    """
    target, version = promote_request.target, promote_request.version
    model_version = f"{promote_request.model_name} version {version}"
    others = [holder for holder in holders if holder != version]
    if promote_request.action == RequestAction.REMOVE:
        return f"MLflow takes the alias {target.name} away from {model_version}. No version has it then."
    match target.kind:
        case TargetKind.ALIAS:
            loses = f" Version {others[0]} loses it." if others else ""
            return f"MLflow points the alias {target.name} of {promote_request.model_name} at version {version}.{loses}"
        case TargetKind.MODEL:
            return f"MLflow copies {model_version} into {target.name} as a new version."
        case TargetKind.STAGE:
            stage = "out of its stage" if target.name == "None" else f"to {target.name}"
            if not others or not target.has_champion:
                return f"MLflow moves {model_version} {stage}."
            if promote_request.archive_existing_versions:
                return f"MLflow moves {model_version} {stage} and archives {versions(others)}."
            return f"MLflow moves {model_version} {stage}; {versions(others)} stays there too."


def present_holders(promote_request: PromoteRequest, evidence: Evidence | None) -> list[str]:
    """Returns the versions that a promotion would replace, as far as is known without MLflow where it is silent."""
    if evidence is None:
        return [promote_request.champion_version] if promote_request.champion_version else []
    if evidence.champion is None:
        return []
    return [evidence.champion.version.version, *(holder.version for holder in evidence.other_holders)]


def missing(decision: Decision, *, author: str, blocking: Iterable[str]) -> list[str]:
    """Returns what a request still needs from reviewers; empty when it is approved.

    Args:
        decision: What the reviews amount to.
        author: Who cannot give the approval.
        blocking: The reviewers whose request for changes stands.
    """
    needs = [f"{name} asked for changes and has to approve first." for name in blocking]
    more = decision.missing - len(needs)
    if more > 0:
        needs.append(f"{more} more approval{'' if more == 1 else 's'}, by somebody other than {author}.")
    needs.extend(f"{name} approved earlier facts: a fresh look is needed." for name in decision.stale)
    return needs


def suggested_title(model_name: str, version: str, target: Target, action: RequestAction) -> str:
    """Returns a title for a new request, short enough for its field."""
    if action == RequestAction.REMOVE:
        words = f"Take {target.name} away from {model_name} version {version}"
    elif target.kind == TargetKind.MODEL:
        words = f"Copy {model_name} version {version} into {target.name}"
    elif target == Target(TargetKind.STAGE, "None"):
        words = f"Take {model_name} version {version} out of its stage"
    else:
        words = f"{model_name} version {version} to {target.name}"
    return words[:200]


def versions(numbers: Sequence[str]) -> str:
    """Returns `version 1` or `versions 1, 2 and 3`."""
    if len(numbers) == 1:
        return f"version {numbers[0]}"
    return f"versions {', '.join(numbers[:-1])} and {numbers[-1]}"


def _removal(promote_request: PromoteRequest, model_version: Part) -> list[Part]:
    alias = (promote_request.target_name, True)
    if promote_request.status == Status.PROMOTED:
        return [("The alias ", False), alias, (" was taken away from ", False), model_version, (".", False)]
    want = "wanted" if promote_request.status == Status.CLOSED else "wants"
    author = (promote_request.author.get_username(), True)
    return [author, (f" {want} to take the alias ", False), alias, (" away from ", False), model_version, (".", False)]


def _movement(promote_request: PromoteRequest) -> tuple[str, str, str, str]:
    """Returns (infinitive, past tense, name of the place, what it means for the present holder)."""
    target, champion = promote_request.target, promote_request.champion_version
    match target.kind:
        case TargetKind.MODEL:
            if promote_request.promoted_version:
                tail = f" as version {promote_request.promoted_version}"
            else:
                tail = f", where it follows version {champion}" if champion else ", as its first version"
            return "be copied into ", "was copied into ", target.name, tail
        case TargetKind.STAGE if target.name == "Archived":
            return "be archived", "was archived", "", ""
        case TargetKind.STAGE if target.name == "None":
            return "leave its stage", "left its stage", "", ""
    of_model = f" of {promote_request.model_name}" if target.kind == TargetKind.ALIAS else ""
    return "become ", "became ", target.name, of_model + _succession(promote_request, champion)


def _succession(promote_request: PromoteRequest, champion: str | None) -> str:
    if champion is None:
        return "" if promote_request.status == Status.PROMOTED else ", which no version is now"
    replaces = promote_request.target_kind == TargetKind.ALIAS or promote_request.archive_existing_versions
    return f", {'replacing' if replaces else 'beside'} version {champion}"


def _joined(pieces: list[Part]) -> list[Part]:
    return [piece for piece in pieces if piece[0]]
