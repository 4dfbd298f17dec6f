"""What a rule would touch, before it is saved."""

from dataclasses import dataclass, replace
from datetime import timedelta

from django.utils import timezone

from foundation.exceptions import InvalidInput
from promote_requests.decision import Decision
from promote_requests.models import PromoteRequest
from promote_requests.services.reading import decision_of, requirement_of
from protection.choices import Enforcement
from protection.insights import SHOWN_DAYS
from protection.matching import Rulebook, is_match
from protection.models import ProtectionRule, RuleInsight
from protection.rulebook import rulebook
from registry.targets import Target

SHOWN = 20
"""The most requests and calls that are named; the others are counted."""
_LOOKED_AT = 2_000
"""Rows of each, the newest: what is older is left out rather than let anybody wait."""


@dataclass(frozen=True, slots=True)
class TouchedRequest:
    """An unfinished request that the rule touches.

    Attributes:
        promote_request: The request.
        now: What is decided under the rules as they are.
        then: What would be decided with the rule.
    """

    promote_request: PromoteRequest
    now: Decision
    then: Decision

    @property
    def is_unmoved(self) -> bool:
        """Whether exactly the same would be missing."""
        return self.now.unmet == self.then.unmet

    @property
    def additions(self) -> list[str]:
        """What would be missing that is not missing now, as sentences."""
        before = {sentence for missing in self.now.unmet for sentence in missing.sentences}
        return [each for missing in self.then.unmet for each in missing.sentences if each not in before]


@dataclass(frozen=True, slots=True)
class Touched:
    """What a rule would touch.

    Attributes:
        requests: The first `SHOWN`.
        more_requests: How many others.
        calls: The last direct changes and promotions within `SHOWN_DAYS` days that some rule judged and this one would
            judge, the first `SHOWN`.
        more_calls: How many others.
        is_off: Whether the rule is switched off: then all of this is what it would touch if it were enforced.
    """

    requests: list[TouchedRequest]
    more_requests: int
    calls: list[RuleInsight]
    more_calls: int
    is_off: bool


def touched_by(rule: ProtectionRule, *, viewer_id: int) -> Touched:
    """Returns what a rule touches with the values that it has now, saved or not.

    Args:
        rule: It has been checked; its people are looked up.
        viewer_id: Drafts of others are not shown to this person.
    """
    stored = ProtectionRule.objects.filter(pk=rule.pk).first()
    enforced = replace_enforcement(rule)
    now = rulebook()
    then = replace(now, rules=(*(each for each in now.rules if getattr(each, "pk", None) != rule.pk), enforced))
    unfinished = PromoteRequest.objects.undecided().visible_to(viewer_id)
    former = (stored,) if stored is not None and stored.is_active else ()
    asked = unfinished.defer("description", "gate_results").order_by("-number")[:_LOOKED_AT]
    found = [each.pk for each in asked if requirement_of(each, Rulebook((enforced, *former))).is_protected]
    calls = _calls(rule)
    shown = PromoteRequest.objects.filter(pk__in=found[:SHOWN]).with_people().order_by("-number")
    return Touched(
        [TouchedRequest(each, decision_of(each, now), decision_of(each, then)) for each in shown],
        max(len(found) - SHOWN, 0),
        calls[:SHOWN],
        max(len(calls) - SHOWN, 0),
        rule.enforcement == Enforcement.OFF,
    )


def replace_enforcement(rule: ProtectionRule) -> ProtectionRule:
    """Returns a copy of the rule, not to be saved, that is enforced."""
    fields = {field.attname: getattr(rule, field.attname) for field in ProtectionRule._meta.concrete_fields}
    return ProtectionRule(**fields | {"enforcement": Enforcement.ACTIVE})


def _calls(rule: ProtectionRule) -> list[RuleInsight]:
    since = timezone.now() - timedelta(days=SHOWN_DAYS)
    found: dict[tuple[object, ...], RuleInsight] = {}
    for row in RuleInsight.objects.filter(at__gte=since)[:_LOOKED_AT]:
        try:
            target = Target.parse(row.target)
        except InvalidInput:
            continue
        if is_match(rule, workspace=row.workspace, model_name=row.model_name, target=target):
            # Several rules judged the same call: one row each, at the same moment.
            key = (row.actor_name, row.model_name, row.version, row.target, row.promote_request_number)
            found.setdefault((*key, row.at.replace(microsecond=0)), row)
    return list(found.values())
