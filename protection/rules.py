"""The services that write protection rules. Every change leaves an audit row that says what changed."""

from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from audit import trail
from audit.actors import Actor
from audit.choices import AuditAction
from foundation.exceptions import InvalidInput, WrongState
from foundation.words import counted, listed
from protection import documents, sentences
from protection.conditions.approvers import Approvers
from protection.conditions.owners import Owners
from protection.models import Ownership, ProtectionRule, RuleVersion
from protection.people import able, resolved
from protection.permissions import require_rule_editor
from registry.names import plain


@trail.records_refusals
def save_rule(*, actor: Actor, rule: ProtectionRule) -> ProtectionRule:
    """Adds a rule or stores its new values; saving it unchanged leaves no audit row.

    Raises:
        InvalidInput: a pattern or number is wrong, or another rule has the same patterns.
        NotAllowed: the actor may not edit rules.
        WrongState: somebody deleted the rule meanwhile.
    """
    adding = rule.pk is None
    require_rule_editor(actor, "add" if adding else "change")
    rule.conditions = resolved(rule.conditions)
    rule.promoters = resolved({"groups": rule.promoters}, field="promoters")["groups"]
    _check(rule)
    _require_that_it_can_be_met(rule)
    try:
        with transaction.atomic():
            locked = None if adding else _lock(rule)
            before = sentences.described(locked) if locked else None
            rule.version = locked.version if locked else 1
            after = sentences.described(rule)
            if before is not None and before != after:
                rule.version += 1
            rule.save(force_insert=adding, force_update=not adding)
            if before is None:
                _record(rule, actor, sentences.added(after))
            elif before != after:
                _record(rule, actor, sentences.changed(before, after))
            if before != after:
                _keep(rule, actor, documents.of_rule(rule))
    except IntegrityError:
        # Somebody saved the same patterns since the check above; the constraint refused the second.
        _check(rule)
        raise
    return rule


@trail.records_refusals
def delete_rule(*, actor: Actor, rule: ProtectionRule) -> None:
    """Deletes a rule; from then on anybody can change directly what only this rule protected.

    Raises:
        NotAllowed: the actor may not delete rules.
        WrongState: somebody deleted the rule already.
    """
    require_rule_editor(actor, "delete")
    with transaction.atomic():
        locked = _lock(rule)
        _record(locked, actor, sentences.deleted(sentences.described(locked)))
        locked.version += 1
        _keep(locked, actor, None)
        locked.delete()


def _check(rule: ProtectionRule) -> None:
    try:
        rule.full_clean()
    except ValidationError as error:
        field, messages = next(iter(error.message_dict.items()))
        raise InvalidInput(" ".join(messages), field="" if field == "__all__" else field) from None


def _require_that_it_can_be_met(rule: ProtectionRule) -> None:
    """Raises InvalidInput where nobody, whatever they do, could meet a condition of the rule."""
    for condition in rule.parsed_conditions:
        if isinstance(condition, Owners):
            sections = {plain(section) for section in Ownership.objects.values_list("section", flat=True)}
            missing = [name for name in condition.wanted if plain(name) not in sections]
            if missing or not sections:
                what = f"no section {listed(missing)}" if missing else "no section yet"
                raise InvalidInput(f"The ownership list has {what}: name its owners first.", field=condition.key)
        if not isinstance(condition, Approvers):
            continue
        for demand in condition.within(rule.parsed_conditions).demands:
            if (there := len(able(demand.people))) < demand.needed:
                asked = f"{counted(demand.needed, 'approval')} by {demand.people}"
                who = counted(there, "person", "people")
                raise InvalidInput(f"Nobody can meet {asked}: only {who} of them can sign in.", field=condition.key)


def _lock(rule: ProtectionRule) -> ProtectionRule:
    found = ProtectionRule.objects.select_for_update().filter(pk=rule.pk).first()
    if found is None:
        raise WrongState("Somebody else deleted this rule meanwhile.")
    return found


def _keep(rule: ProtectionRule, actor: Actor, document: dict[str, Any] | None) -> None:
    RuleVersion.objects.create(
        rule_id=rule.pk,
        number=rule.version,
        document=document,
        changed_by_id=actor.account.pk,
        changed_by_name=actor.name,
    )


def _record(rule: ProtectionRule, actor: Actor, reason: str) -> None:
    trail.record(
        AuditAction.RULE_CHANGED,
        reason=reason,
        about=rule.about,
        actor=actor,
    )


def versions_of(rule_id: int) -> list[RuleVersion]:
    """Returns every version of a rule that somebody changed, the newest first, of a deleted rule too.

    A rule that Checkpoint shipped has none before its first change.
    """
    return list(RuleVersion.objects.filter(rule_id=rule_id))
