"""What services and doors ask of a request without changing it."""

from functools import reduce
from typing import TYPE_CHECKING

from promote_requests import permissions
from promote_requests.choices import Action, RequestAction, Status, TargetKind
from promote_requests.decision import Decision, countable, decide
from promote_requests.evidence import Evidence, observe, thaw
from promote_requests.models import PromoteRequest, ProtectionRule
from promote_requests.protection import Requirement, requirement_for, strictest
from promote_requests.registry import get_registry
from promote_requests.targets import ACTIVE_STAGES, Target

if TYPE_CHECKING:
    from collections.abc import Iterable

    from accounts.models import User


def default_archive(target: Target) -> bool:
    """Returns whether a promotion to `target` archives its present holders unless somebody says otherwise."""
    return target.can_archive_holders


def enabled_rules() -> list[ProtectionRule]:
    """Returns the rules that hold now; load them once for a whole page of requests."""
    return list(ProtectionRule.objects.filter(is_enabled=True))


def requirement_of(promote_request: PromoteRequest, rules: "Iterable[ProtectionRule] | None" = None) -> Requirement:
    """Returns what the rules ask for before this request may be promoted.

    A version that goes to another stage leaves one: whoever protects Production decides on that, too.
    """
    rules = enabled_rules() if rules is None else list(rules)
    places = [promote_request.target]
    if promote_request.challenger_stage in ACTIVE_STAGES:
        places.append(Target(TargetKind.STAGE, promote_request.challenger_stage))
    requirements = (
        requirement_for(rules, workspace=promote_request.workspace, model_name=promote_request.model_name, target=place)
        for place in places
    )
    return reduce(strictest, requirements)


def decision_of(promote_request: PromoteRequest, rules: "Iterable[ProtectionRule] | None" = None) -> Decision:
    """Returns what the reviews since the request was last opened amount to.

    Uses prefetched `reviews` with their reviewers where the caller has them (`with_people`).
    """
    return decide(
        countable(promote_request),
        author_id=promote_request.author_id,
        evidence_fingerprint=promote_request.evidence_fingerprint,
        requirement=requirement_of(promote_request, rules),
    )


def evidence_of(promote_request: PromoteRequest) -> Evidence:
    """Returns the facts that the request is judged on: from MLflow now, or frozen once it is being promoted.

    Raises:
        RegistryError: MLflow cannot be asked, or no longer knows the version.
    """
    if promote_request.challenger_evidence is not None and promote_request.status in (
        Status.PROMOTING,
        Status.PROMOTED,
    ):
        champion = promote_request.champion_evidence
        return Evidence(
            challenger=thaw(promote_request.challenger_evidence),
            champion=None if champion is None else thaw(champion),
            other_holders=(),
            removing=promote_request.action == RequestAction.REMOVE,
        )
    return live_evidence_of(promote_request)


def live_evidence_of(promote_request: PromoteRequest) -> Evidence:
    """Returns the facts as MLflow has them now, whatever the request's state.

    Raises:
        RegistryError: MLflow cannot be asked, or no longer knows the version.
    """
    return observe(
        get_registry(promote_request.workspace),
        model_name=promote_request.model_name,
        version=promote_request.version,
        target=promote_request.target,
        action=RequestAction(promote_request.action),
    )


def actions_for(actor: "User", promote_request: PromoteRequest, decision: Decision | None = None) -> list[Action]:
    """Returns what `actor` could do to the request right now."""
    return permissions.available_actions(actor, promote_request, decision or decision_of(promote_request))
