"""What an account or a group is and may, and what of that somebody changed, for the audit trail.

The admin saves these through Django's forms; what they change is found by comparing what was with what is.
"""

from collections.abc import Mapping

from django.contrib.auth.models import Group, Permission
from django.db.models import QuerySet

from accounts import sentences
from accounts.models import User
from audit import trail
from audit.actors import Actor
from audit.choices import AuditAction
from audit.trail import About

BEFORE = "_checkpoint_before"
"""The attribute of a request under which the admin keeps what was until all of its form is saved."""

Standing = Mapping[str, str | frozenset[str]]
"""{what: its value, or the names of several}."""


def about_account(user: User) -> About:
    """Returns what a row about an account says it is about."""
    return About(target=f"account:{user.get_username()}")


def of_account(user: User) -> Standing:
    """Returns what the database has of an account now, its password aside."""
    stored = User.objects.get(pk=user.pk)
    return {
        "name": stored.username,
        "address": stored.email,
        "first name": stored.first_name,
        "last name": stored.last_name,
        "staff": sentences.yes_or_no(stored.is_staff),
        "administrator": sentences.yes_or_no(stored.is_superuser),
        "groups": frozenset(stored.groups.values_list("name", flat=True)),
        "rights": _rights(stored.user_permissions.all()),
        "owner": stored.owner.get_username() if stored.owner else "",
        "purpose": stored.purpose,
    }


def of_group(group: Group) -> Standing:
    """Returns what the database has of a group now; of one that is not saved yet, nothing."""
    stored = Group.objects.filter(pk=group.pk).first()
    if stored is None:
        return {"name": "", "rights": frozenset()}
    return {"name": stored.name, "rights": _rights(stored.permissions.all())}


def record_account(*, actor: Actor, user: User, before: Standing, further: str = "") -> None:
    """Records what changed of an account, and what followed from it; nothing where nothing did."""
    if reason := "; ".join(filter(None, [sentences.changed(before, of_account(user)), further])):
        trail.record(AuditAction.ACCOUNT_CHANGED, actor=actor, about=about_account(user), reason=reason)


def record_group(*, actor: Actor, group: Group, before: Standing) -> None:
    """Records what changed of a group, or that it is new; nothing where nothing changed."""
    if reason := sentences.changed(before, of_group(group)):
        trail.record(AuditAction.GROUP_CHANGED, actor=actor, about=_about_group(group), reason=reason)


def record_deletion(*, actor: Actor, group: Group) -> None:
    """Records that a group is deleted, and whose rights went with it. Call it before."""
    members = list(group.user_set.values_list("username", flat=True).order_by("username"))
    reason = sentences.group_deleted(members, sorted(_rights(group.permissions.all())))
    trail.record(AuditAction.GROUP_CHANGED, actor=actor, about=_about_group(group), reason=reason)


def _about_group(group: Group) -> About:
    return About(target=f"group:{group.name}")


def _rights(permissions: QuerySet[Permission]) -> frozenset[str]:
    pairs = permissions.values_list("content_type__app_label", "codename")
    return frozenset(f"{label}.{codename}" for label, codename in pairs)
