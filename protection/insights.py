"""What rules did, or would have done: each judged call and promotion, by rule. Read before a rule is switched on."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, timedelta

from django.db.models import Count, Q, QuerySet
from django.db.models.functions import TruncDate
from django.utils import timezone

from audit.actors import Actor
from audit.trail import About
from foundation.texts import storable_text
from foundation.words import counted
from protection.choices import Outcome
from protection.models import ProtectionRule, RuleInsight

SHOWN_DAYS = 30


@dataclass(frozen=True, slots=True)
class Judged:
    """What came of judging by one rule.

    Attributes:
        rule: By which.
        outcome: What came of it.
        reason: What was missing, as sentences.
    """

    rule: ProtectionRule
    outcome: Outcome
    reason: str = ""


def record(judged: Iterable[Judged], *, actor: Actor, about: About) -> None:
    """Keeps what rules said about a call or a promotion, one row each, written together."""
    RuleInsight.objects.bulk_create(
        RuleInsight(
            rule_id=one.rule.pk,
            rule_version=one.rule.version,
            rule_name=str(one.rule),
            outcome=one.outcome,
            actor_name=actor.name[:150],
            promote_request_number=about.request_number,
            workspace=storable_text(about.workspace)[:256],
            model_name=storable_text(about.model_name)[:256],
            version=storable_text(about.version)[:32],
            target=storable_text(about.target)[:270],
            reason=storable_text(one.reason),
        )
        for one in judged
    )


def of_call(covering: Iterable[ProtectionRule], reason: str) -> list[Judged]:
    """Returns what rules say about a direct change of a target that they cover, which is, or would be, refused."""
    return [Judged(rule, Outcome.REFUSED if rule.is_active else Outcome.WOULD_REFUSE, reason) for rule in covering]


def per_day(rows: QuerySet[RuleInsight]) -> list[tuple[date, dict[str, int]]]:
    """Returns [(day in UTC, {outcome: how many})] of those in the last `SHOWN_DAYS` days, the newest day first.

    Args:
        rows: Which are counted. A day on which there was nothing is left out.
    """
    found = rows.filter(at__gte=timezone.now() - timedelta(days=SHOWN_DAYS))
    counts = found.annotate(day=TruncDate("at", tzinfo=UTC)).order_by()
    days: dict[date, dict[str, int]] = {}
    for day, outcome, count in counts.values_list("day", "outcome").annotate(count=Count("pk")):
        days.setdefault(day, dict.fromkeys(Outcome.values, 0))[outcome] = count
    return sorted(days.items(), reverse=True)


def forecast(rule: ProtectionRule) -> str:
    """Says what a rule that is only evaluated would have refused lately, before somebody switches it on."""
    return forecasts([rule])[rule.pk]


def forecasts(rules: Iterable[ProtectionRule]) -> dict[int, str]:
    """Returns {rule's key: what it would have refused lately}, in one query for all of them."""
    keys = [rule.pk for rule in rules]
    since = timezone.now() - timedelta(days=SHOWN_DAYS)
    found = RuleInsight.objects.filter(rule_id__in=keys, at__gte=since, outcome=Outcome.WOULD_REFUSE).order_by()
    counted_by_rule = found.values_list("rule_id").annotate(
        calls=Count("pk", filter=Q(promote_request_number=None)),
        promotions=Count("pk", filter=Q(promote_request_number__isnull=False)),
        people=Count("actor_name", distinct=True),
    )
    said = {key: _refused(calls, promotions, people) for key, calls, promotions, people in counted_by_rule}
    return {key: said.get(key) or f"In the last {SHOWN_DAYS} days it would have refused nothing." for key in keys}


def _refused(calls: int, promotions: int, people: int) -> str:
    what = [counted(calls, "call")] if calls else []
    what += [counted(promotions, "promotion")] if promotions else []
    by = counted(people, "person", "people")
    return f"In the last {SHOWN_DAYS} days it would have refused {' and '.join(what)} by {by}."
