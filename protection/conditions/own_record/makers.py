"""The condition that whoever made the version does not approve it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, ClassVar, Self

from django import forms
from typing_extensions import override

from foundation.exceptions import InvalidInput
from foundation.words import listed
from protection.conditions.base import Condition, Facts, Unmet
from registry.makers import Deed, Maker


class WhenUnknown(StrEnum):
    """What it means that nobody knows who made the version."""

    BLOCK = "block"
    PASS = "pass"  # noqa: S105 - not a password


_CREATED = {Deed.CREATED_RUN: "run", Deed.CREATED_LOGGED_MODEL: "logged model"}
_BECAUSE = "the rule wants it approved by people who did not make it"


@dataclass(frozen=True, slots=True)
class Makers(Condition):
    """Who registered the version, or created the run or logged model behind it, may not approve it.

    Of what a service account did, the person who answered for it then may not either: they held its tokens. By
    Checkpoint's own record: what MLflow says of users is whatever their clients wrote.

    Attributes:
        unknown: What follows where nobody knows who did one of these.
    """

    unknown: WhenUnknown = WhenUnknown.BLOCK

    key: ClassVar[str] = "makers"

    @classmethod
    @override
    def parse(cls, value: Any) -> Self:
        """Reads `{unknown: block}` or `{unknown: pass}`; without a word it blocks."""
        if not isinstance(value, dict) or value.keys() - {"unknown"}:
            raise InvalidInput("Write {unknown: block} or {unknown: pass}.", field=cls.key)
        try:
            return cls(WhenUnknown(value.get("unknown", WhenUnknown.BLOCK)))
        except ValueError:
            raise InvalidInput("Unknown makers block, or pass.", field=cls.key) from None

    @override
    def as_json(self) -> dict[str, str]:
        return {"unknown": str(self.unknown)}

    @override
    def stricter(self, other: Self) -> Self:
        return self if self.unknown == WhenUnknown.BLOCK else other

    @override
    def narrowed(self, facts: Facts) -> Facts:
        """Marks what makers of the version judged: an approval of theirs does not count."""
        makers = {key: name for maker in facts.record.makers for key, name in maker.people.items()}
        return replace(
            facts,
            barred_names=tuple(makers.values()),
            judgements=tuple(replace(each, is_makers=each.reviewer_id in makers) for each in facts.judgements),
        )

    @override
    def barred(self, facts: Facts) -> Mapping[int, str]:
        """Names everybody who is known to have made the version."""
        own: dict[int, list[Maker]] = {}
        answered_for: dict[int, list[Maker]] = {}
        for maker in facts.record.makers:
            if maker.owner_id is not None:
                answered_for.setdefault(maker.owner_id, []).append(maker)
            if maker.user_id is not None:
                own.setdefault(maker.user_id, []).append(maker)
        said = {
            user_id: f"You answered for {listed(sorted({maker.name for maker in found}))}, which {_deeds(found)}"
            for user_id, found in answered_for.items()
        } | {user_id: f"You {_deeds(found)}" for user_id, found in own.items()}
        return {user_id: f"{what}, and {_BECAUSE}: somebody else has to approve it." for user_id, what in said.items()}

    @override
    def unmet(self, facts: Facts) -> Unmet | None:
        """Says what nobody is known for, where that blocks; which approvals do not count, `Approvals` says."""
        if self.unknown == WhenUnknown.PASS:
            return None
        unknown = [maker for maker in facts.record.makers if not maker.is_known]
        if facts.record.makers and not unknown:
            return None
        what = _deeds(unknown or [Maker(Deed.REGISTERED)])
        return Unmet(
            "makers_unknown",
            f"Checkpoint does not know who {what}, and {_BECAUSE}: register it, from a run created there, through "
            "Checkpoint.",
        )

    @override
    def __str__(self) -> str:
        unknown = "and they must be known" if self.unknown == WhenUnknown.BLOCK else "as far as they are known"
        return f"no approval by its makers, {unknown}"

    @classmethod
    @override
    def form_field(cls) -> forms.Field:
        """Asks whether makers may approve, and what it means that they are unknown."""
        return MakersField(
            label="Makers",
            choices=(
                ("", "may approve"),
                (WhenUnknown.BLOCK.value, "may not approve, and must be known"),
                (WhenUnknown.PASS.value, "may not approve, as far as they are known"),
            ),
            required=False,
            help_text="Who registered the version or created its run or logged model, by Checkpoint's own record. "
            "What was made past Checkpoint, or by MLflow itself, is unknown.",
        )


class MakersField(forms.ChoiceField):
    """Whether makers may approve; gives the settings, or {} where they may."""

    @override
    def prepare_value(self, value: Any) -> Any:
        return value.get("unknown", WhenUnknown.BLOCK.value) if isinstance(value, dict) else value or ""

    @override
    def clean(self, value: Any) -> dict[str, str]:
        chosen = super().clean(value)
        return {"unknown": chosen} if chosen else {}


def _deeds(makers: Iterable[Maker]) -> str:
    """Returns `registered this version and created its run`."""
    deeds = {maker.deed for maker in makers}
    created = listed([name for deed, name in _CREATED.items() if deed in deeds])
    if Deed.REGISTERED not in deeds:
        return f"created this version's {created}"
    return f"registered this version and created its {created}" if created else "registered this version"
