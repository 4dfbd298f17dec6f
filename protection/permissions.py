"""Who may change the rules."""

from audit.actors import Actor
from foundation.exceptions import NotAllowed

ONLY_RULE_EDITORS = "Only people with the permission to edit protection rules can do this."


def require_rule_editor(actor: Actor, change: str) -> None:
    """Raises NotAllowed unless `actor` has Django's permission to `change` (add, change, delete) protection rules."""
    if not actor.has_perm(f"protection.{change}_protectionrule"):
        raise NotAllowed(ONLY_RULE_EDITORS)
