"""Which approvals of a person count no more though the facts are the same, so that they are waited for again."""

from datetime import timedelta
from typing import TYPE_CHECKING

from django.db.models import Exists, F, Prefetch, Q
from django.utils import timezone

from promote_requests.choices import Verdict
from promote_requests.models import PromoteRequest, Review
from promote_requests.services.reading import judgements_of, requirement_of
from protection.choices import Enforcement
from protection.conditions import Facts
from protection.conditions.approval_age import FEWEST_DAYS, ApprovalAge
from protection.conditions.signature import Signature
from protection.matching import Rulebook
from protection.models import ProtectionRule

if TYPE_CHECKING:
    from accounts.models import User

_MOST = 1_000
"""So many requests of one person are looked at, those that were opened first: it is asked for every page."""
_NOT_NEEDED = ("description", "gate_results", "makers", "held_since")


def may_be_in_vain() -> Q:
    """Returns the condition that holds for the reviews that may be approvals too old or unsigned for some rule.

    It holds for none where no rule asks for either. Which rule covers what, only Python tells: `approved_in_vain`.
    """
    rules = ProtectionRule.objects.filter(enforcement=Enforcement.ACTIVE).order_by()
    is_old = Q(created_at__lt=timezone.now() - timedelta(days=FEWEST_DAYS))
    return Q(verdict=Verdict.APPROVE) & (
        is_old & Exists(rules.filter(conditions__has_key=ApprovalAge.key))
        | Q(signature=None) & Exists(rules.filter(conditions__has_key=Signature.key))
    )


def approved_in_vain(person: "User", rules: Rulebook | None = None) -> list[int]:
    """Returns the open requests whose present facts this person approved, which is too old by now or lacks a signature.

    In one query where none may be one, and in four at most. Each that may be is judged as reminders judge it
    (`Judgement.is_done`). Left out is an approval whose signature was changed in the database, which reminders ask for
    again: only to read all that was signed would tell; and whatever is beyond `_MOST`.

    Args:
        person: Who approved.
        rules: The enforced ones, where the caller has them.
    """
    given = Review.objects.standing().filter(
        may_be_in_vain(), reviewer=person, evidence_fingerprint=F("promote_request__evidence_fingerprint")
    )
    candidates = (
        PromoteRequest.objects.open()
        .filter(pk__in=given.order_by().values("promote_request"))
        .select_related("author")
        .defer(*_NOT_NEEDED)
        .prefetch_related(Prefetch("reviews", Review.objects.filter(reviewer=person)))
        .order_by("opened_at", "number")
    )
    if not (found := list(candidates[:_MOST])):
        return []
    if rules is None:
        rules = Rulebook(tuple(ProtectionRule.objects.filter(enforcement=Enforcement.ACTIVE)))
    return [asked.pk for asked in found if _is_in_vain(asked, rules)]


def _is_in_vain(promote_request: PromoteRequest, rules: Rulebook) -> bool:
    # Of all facts these alone tell which approvals are too old or unsigned.
    facts = Facts(promote_request.author.get_username(), judgements_of(promote_request), timezone.now())
    judged = requirement_of(promote_request, rules).narrowed(facts).judgements
    return not all(judgement.is_done for judgement in judged)
