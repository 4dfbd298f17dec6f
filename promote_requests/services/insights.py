"""What each rule alone says about a promotion: those that are enforced, and those that are only evaluated."""

from dataclasses import replace
from itertools import chain

from evidence.freeze import Observation
from evidence.observe import Evidence
from promote_requests.models import PromoteRequest
from promote_requests.services.gating import judge_gates
from promote_requests.services.reading import decision_under, requirement_for_proposal
from protection.choices import Enforcement, Outcome
from protection.insights import Judged
from protection.models import ProtectionRule
from protection.rulebook import rulebook


def judged(promote_request: PromoteRequest, evidence: Evidence) -> list[Judged]:
    """Returns what every rule that covers the request says about promoting it on this evidence, each by itself."""
    active, evaluated = rulebook(), rulebook(Enforcement.EVALUATE)
    seen = Observation.of(evidence, promote_request.target)
    found = []
    for rule in chain(active.rules, evaluated.rules):
        assert isinstance(rule, ProtectionRule)  # noqa: S101 - the rulebook is the database's here, for mypy
        alone = replace(active, rules=(rule,))
        requirement = requirement_for_proposal(
            promote_request.proposal,
            leaving=seen.challenger_stage,
            rules=alone,
            is_way_back=promote_request.is_fast_track,
        )
        if not requirement.is_protected:
            continue
        gates = promote_request.gates
        if not rule.is_active:
            gates = judge_gates(
                requirement.gates,
                evidence,
                workspace=promote_request.workspace,
                description=promote_request.description,
            )
        unmet = decision_under(requirement, promote_request, seen, gates).unmet
        refused = Outcome.REFUSED if rule.is_active else Outcome.WOULD_REFUSE
        found.append(
            Judged(rule, refused if unmet else Outcome.PASSED, " ".join(missing.sentence for missing in unmet))
        )
    return found
