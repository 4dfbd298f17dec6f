"""The choices in the form of a new request, and how a choice is read. Pure."""

from collections.abc import Iterable

from foundation.exceptions import InvalidInput
from registry.proposals import Change
from registry.targets import STATUS_CHANGES, STATUSES, Target, TargetKind
from registry.types import Family, ModelVersion, RegisteredModel

TAKE_AWAY = "remove:"
"""Starts the choice that takes an alias away: `remove:alias:champion`."""
OTHER_ALIAS, COPY = "alias:", "model:"
"""The choices whose name is typed beside them."""
TYPED = {OTHER_ALIAS: "alias", COPY: "registered model"}

Groups = list[tuple[str, list[tuple[str, str]]]]
"""[(heading, [(value, label)])], as a menu with headings takes it."""


def chosen_change(choice: str, name: str) -> tuple[Target, Change]:
    """Reads the menu's value and the name typed beside it.

    Raises:
        InvalidInput: nothing is chosen or typed, or there is no such target; its `field` says which.
    """
    if choice.startswith(TAKE_AWAY):
        return Target.parse(choice.removeprefix(TAKE_AWAY)), Change.REMOVE
    if choice in TYPED:
        if not name.strip():
            raise InvalidInput(f"Type the name of the {TYPED[choice]}.", field="target_name")
        return Target.of(choice.rstrip(":"), name), Change.SET
    if not choice:
        raise InvalidInput("Choose what should happen.", field="target")
    return Target.parse(choice), Change.SET


def version_choices(versions: Iterable[ModelVersion], chosen: str) -> list[tuple[str, str]]:
    """Returns the versions with stage or status and aliases; the chosen one too, even if it is not among them."""
    choices = []
    for version in versions:
        stands = version.stage if version.family is Family.MODEL else version.status
        places = [*([stands] if stands != "None" else []), *(f"@{alias}" for alias in version.aliases)]
        where = f" ({', '.join(places)})" if places else ""
        choices.append((version.version, f"Version {version.version}{where}"))
    if choices and chosen and chosen not in dict(choices):
        choices.append((chosen, f"Version {chosen}"))
    return choices


def target_choices(model: RegisteredModel | None, version: ModelVersion | None, aliases: Iterable[str]) -> Groups:
    """Returns what can be asked for a version.

    Args:
        model: None while it is not chosen or not known.
        version: None while it is not chosen or not known; only a version's own aliases can be taken away.
        aliases: Those that rules name, offered although the model may have none of them yet.
    """
    names = sorted({*(model.aliases if model else ()), *aliases})
    held = version.aliases if version else ()
    stages = [(f"stage:{stage}", stage) for stage in ("Production", "Staging", "Archived")]
    groups: Groups = [
        ("Move to the stage", [*stages, ("stage:None", "None (no stage)")]),
        (
            "Give the alias",
            [*((f"alias:{name}", f"@{name}") for name in names), (OTHER_ALIAS, "Another alias …")],
        ),
        ("Copy", [(COPY, "Into another registered model …")]),
        ("Take the alias away", [(f"{TAKE_AWAY}alias:{name}", f"@{name} no longer") for name in held]),
    ]
    if model is not None and model.family is not Family.MODEL:
        possible = STATUS_CHANGES.get(version.status, ()) if version else STATUSES
        groups = [groups[1], ("Give the status", [(f"status:{name}", name) for name in possible]), groups[3]]
    elif model is not None and model.is_prompt:
        groups = [groups[1], groups[3]]
    return [group for group in groups if group[1]]


def aliases_named_by(target_patterns: Iterable[str]) -> list[str]:
    """Returns the aliases that target patterns such as `alias:champion` name without a wildcard."""
    named = (pattern.partition(":") for pattern in target_patterns)
    return sorted({name for kind, _, name in named if kind == TargetKind.ALIAS and not set(name) & set("*?[")})


def placed(choice: str, typed: str, offered: Groups) -> tuple[str, str, Groups]:
    """Returns (menu value, typed name, groups) so that the menu has what is chosen.

    An alias or destination that the menu does not list becomes the typed name. Anything else is added to the menu, so
    that the form shows what a link asked for even if it will be refused.
    """
    listed = {value for _, choices in offered for value, _ in choices}
    if not choice or choice in listed:
        return choice, typed, offered
    kind, _, name = choice.partition(":")
    if f"{kind}:" in listed and name:
        return f"{kind}:", name, offered
    return choice, typed, [*offered, ("Asked for", [(choice, choice)])]
