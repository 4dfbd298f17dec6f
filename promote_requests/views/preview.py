"""What a request that is being written would look like to its reviewers."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from promote_requests import offers, sentences
from promote_requests.comparison import Comparison, compare
from promote_requests.evidence import Evidence, observe
from promote_requests.exceptions import InvalidInput, PromoteRequestError, RegistryError
from promote_requests.models import PromoteRequest
from promote_requests.offers import Wish
from promote_requests.registry import get_registry
from promote_requests.services import default_archive, feasibility, requirement_of

if TYPE_CHECKING:
    from accounts.models import User


@dataclass(slots=True)
class Preview:
    """The request as far as it is written.

    Attributes:
        wish: None while nothing sensible is chosen.
        problem: Why it cannot be, as far as that can be told before it is sent.
        existing: An unfinished request for the same.
        sentence: What reviewers will read first, in parts (`sentences.parts`).
    """

    model_name: str
    version: str
    wish: Wish | None = None
    problem: PromoteRequestError | None = None
    existing: PromoteRequest | None = None
    sentence: list[sentences.Part] | None = None
    consequence: str = ""
    requirement: str = ""
    evidence: Evidence | None = None
    comparison: Comparison | None = None


def preview(author: "User", chosen: dict[str, Any]) -> Preview:
    """Returns what can be said of a request before it is sent. Asks the registry as soon as all is chosen."""
    shown = Preview(chosen.get("model_name", "").strip(), chosen.get("version", "").strip())
    choice = chosen.get("target", "")
    if not (shown.model_name and shown.version and choice):
        return shown
    try:
        shown.wish = Wish.parse(choice, chosen.get("target_name", ""))
        _fill(shown, author, chosen)
    except (InvalidInput, RegistryError) as problem:
        shown.problem = problem
    return shown


def _fill(shown: Preview, author: "User", chosen: dict[str, Any]) -> None:
    if shown.wish is None:
        return
    workspace = chosen.get("workspace", "")
    target, action = shown.wish.target, shown.wish.action
    archive = default_archive(target)
    if chosen.get("archive_shown_for") == str(target):
        archive = bool(chosen.get("archive_existing_versions"))
    draft = PromoteRequest(
        author=author,
        workspace=workspace,
        model_name=shown.model_name,
        version=shown.version,
        target_kind=target.kind,
        target_name=target.name,
        action=action,
        archive_existing_versions=archive,
    )
    shown.existing = _existing(draft)
    registry = get_registry(workspace)
    feasibility.check(registry, model_name=shown.model_name, version=shown.version, target=target, action=action)
    evidence = observe(registry, model_name=shown.model_name, version=shown.version, target=target, action=action)
    draft.champion_version = evidence.champion_version
    shown.evidence = evidence
    shown.comparison = compare(evidence.challenger, evidence.champion)
    shown.sentence = sentences.parts(draft)
    shown.consequence = sentences.consequence(draft, sentences.present_holders(draft, evidence))
    shown.requirement = offers.explain(requirement_of(draft))


def _existing(draft: PromoteRequest) -> PromoteRequest | None:
    same = PromoteRequest.objects.unfinished().for_version(draft.workspace, draft.model_name, draft.version)
    return same.filter(target_kind=draft.target_kind, target_name=draft.target_name).first()
