"""Who may change the rules, the freeze windows and the owners."""

from django.db.models import Model

from audit.actors import Actor
from foundation.exceptions import NotAllowed

_NOUNS = {"protectionrule": "protection rules", "freezewindow": "freeze windows", "ownership": "the ownership list"}


def only_editors_of(row: Model | type[Model]) -> str:
    """Returns the refusal for who may not edit rows of this kind."""
    return f"Only people with the permission to edit {_NOUNS[str(row._meta.model_name)]} can do this."


def require_editor(actor: Actor, change: str, row: Model) -> None:
    """Raises NotAllowed unless `actor` has Django's permission to `change` (add, change, delete) rows of this kind."""
    if not actor.has_perm(f"protection.{change}_{row._meta.model_name}"):
        raise NotAllowed(only_editors_of(row))
