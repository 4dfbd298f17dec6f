"""Finds the rules that protect a target. The one place that matches patterns."""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from fnmatch import translate
from functools import lru_cache
from typing import Any, Protocol, Self

from foundation.exceptions import InvalidInput
from protection.asked.questions import Question
from protection.checks import RequiredCheck
from protection.choices import PromoteWhen
from protection.conditions import Condition, Facts, Unmet, as_document, merged, thaw
from protection.conditions.approvals import Approvals
from protection.conditions.base import Ending
from protection.conditions.checks import Checks
from protection.conditions.freeze_windows import FreezeWindows
from protection.conditions.gates import Gates
from protection.conditions.owners import Owners, Section
from protection.conditions.questions import Questions
from protection.conditions.signature import Signature
from protection.conditions.waiting_time import approved_at
from protection.gates import Gate
from protection.moves import NOT_ON_THE_WAY_BACK, NOTHING_SAID, Moves
from protection.references import People, Reference, references
from protection.windows import Window
from registry.names import plain
from registry.targets import STAGES, STATUSES, Target, TargetKind


class Rule(Protocol):
    """What matching needs of a protection rule; `models.ProtectionRule` has it."""

    workspace_pattern: str
    model_pattern: str
    target_pattern: str
    promote_when: str
    version: int

    def holds_direct_writes(self, *, by_service_account: bool) -> bool:
        """Tells whether a direct change opens the request for its caller."""

    @property
    def parsed_promoters(self) -> tuple[Reference, ...]:
        """The groups that may press Promote; empty for everybody."""

    @property
    def parsed_conditions(self) -> tuple[Condition, ...]:
        """What the rule asks for."""

    @property
    def parsed_moves(self) -> Moves:
        """What the rule says of the way back, a broken glass and the next review."""


_ALL_NAMES: dict[str, tuple[str, ...]] = {TargetKind.STAGE: STAGES, TargetKind.STATUS: STATUSES}
_PATTERNS = 16_384
"""So many patterns are kept compiled. `fnmatch` keeps 256, and compiles each anew where more are tried in turn."""
_PAIRS = 65_536
"""And so many answers: a page judges a hundred requests, for few targets and models, by each of 200 rules."""
_Match = Callable[[str], re.Match[str] | None]
FORMAT = 2
"""Of frozen requirements."""
_KEPT = ("pk", "version", "workspace_pattern", "model_pattern", "target_pattern")


@dataclass(frozen=True, slots=True)
class FrozenRule:
    """A rule as it was when it judged, as far as a page names it; it may have been changed or deleted since."""

    pk: int
    version: int
    workspace_pattern: str
    model_pattern: str
    target_pattern: str
    is_frozen: bool = True


@dataclass(frozen=True, slots=True)
class Requirement:
    """What the matching rules together ask for: every condition of each, the stricter where two have the same.

    No rule matches an unprotected target; a request for one still needs one approval.
    """

    conditions: tuple[Condition, ...] = merged([(Approvals(1),)])
    promote_when: PromoteWhen = PromoteWhen.APPROVED
    promoters: tuple[tuple[Reference, ...], ...] = ()
    holds_direct_writes: bool = False
    holds_service_accounts: bool = False
    rules: "tuple[Rule | FrozenRule, ...]" = ()
    moves: Moves = NOTHING_SAID

    @property
    def is_protected(self) -> bool:
        """Whether any rule matched."""
        return bool(self.rules)

    def freeze(self) -> dict[str, Any]:
        """Returns the requirement as JSON, to be kept with what it decided; `thaw` reads it."""
        return {
            "format": FORMAT,
            "conditions": as_document(self.conditions),
            "promote_when": str(self.promote_when),
            "promoters": [[group.as_json() for group in groups] for groups in self.promoters],
            "rules": [{name: getattr(rule, name) for name in _KEPT} for rule in self.rules],
            "moves": self.moves.as_document(),
        }

    @classmethod
    def thaw(cls, frozen: dict[str, Any]) -> Self:
        """Returns what `freeze` was given.

        Raises:
            InvalidInput: another release wrote it, with conditions or in a format that this one does not know.
        """
        if frozen.get("format") != FORMAT:
            raise InvalidInput("The rule is kept in a format that this Checkpoint cannot read.")
        rules = tuple(FrozenRule(**rule) for rule in frozen["rules"])
        promoters = tuple(references(groups, field="promoters") for groups in frozen["promoters"])
        return cls(
            thaw(frozen["conditions"]),
            PromoteWhen(frozen["promote_when"]),
            promoters,
            rules=rules,
            moves=Moves.parse(frozen.get("moves", {})),
        )

    @property
    def is_automatic(self) -> bool:
        """Whether the approval that meets the rules promotes, too."""
        return self.promote_when.is_automatic

    @property
    def required_approvals(self) -> int:
        """How many approvals are asked for; 0 where the rules leave that to other conditions."""
        return next((condition.count for condition in self.conditions if isinstance(condition, Approvals)), 0)

    @property
    def gates(self) -> tuple[Gate, ...]:
        """What the rules ask of the facts themselves."""
        return next((condition.gates for condition in self.conditions if isinstance(condition, Gates)), ())

    @property
    def checks(self) -> tuple[RequiredCheck, ...]:
        """Which checks the rules ask for."""
        return next((condition.checks for condition in self.conditions if isinstance(condition, Checks)), ())

    @property
    def wants_signatures(self) -> bool:
        """Whether an approval counts only if it is signed."""
        return any(isinstance(condition, Signature) for condition in self.conditions)

    @property
    def questions(self) -> tuple[Question, ...]:
        """What the rules ask of the author and of reviewers."""
        return next((condition.questions for condition in self.conditions if isinstance(condition, Questions)), ())

    def narrowed(self, facts: Facts) -> Facts:
        """Returns the facts as the conditions see them: without approvals that are too old, for example."""
        for condition in self.conditions:
            facts = condition.narrowed(facts)
        return replace(facts, approved_at=approved_at(self.conditions, facts))

    def barred(self, facts: Facts) -> dict[int, str]:
        """Returns {key of a user: why their approval would be refused}."""
        return {
            user_id: sentence for condition in self.conditions for user_id, sentence in condition.barred(facts).items()
        }

    def announcements(self, facts: Facts) -> tuple[str, ...]:
        """Returns what readers should know though it holds now: a freeze that begins soon."""
        return tuple(filter(None, (condition.announcement(facts) for condition in self.conditions)))

    def endings(self, facts: Facts) -> tuple[Ending, ...]:
        """Returns what ends at a known moment that is still to come, the next first."""
        found = [ending for condition in self.conditions for ending in condition.endings(facts)]
        return tuple(sorted(found, key=lambda ending: ending.at))

    def waits_for(self, facts: Facts) -> tuple[People, ...]:
        """Returns whose approval is missing, where the rules name people."""
        return tuple(people for condition in self.conditions for people in condition.waits_for(facts))

    def unmet(self, facts: Facts) -> tuple[Unmet, ...]:
        """Returns what is missing, in the order in which people read it: what blocks first."""
        found = [missing for condition in self.conditions if (missing := condition.unmet(facts))]
        return tuple(sorted(found, key=lambda missing: missing.code != "changes_requested"))


@dataclass(frozen=True, slots=True)
class Cover:
    """A freeze window and what it covers; a target pattern of `*` is every protected target."""

    window: Window
    workspace_pattern: str = "*"
    model_pattern: str = "*"
    target_pattern: str = "*"


@dataclass(frozen=True, slots=True)
class Owned:
    """A row of the ownership list: who owns the models of a pattern in one respect."""

    section: Section
    workspace_pattern: str = "*"
    model_pattern: str = "*"

    @property
    def closeness(self) -> tuple[bool, int]:
        """The greater, the more of a model's name the pattern spells."""
        return not set("*?") & set(self.model_pattern), sum(letter not in "*?" for letter in self.model_pattern)


@dataclass(frozen=True, slots=True)
class Rulebook:
    """All that is asked of requests: the enforced rules, the freeze windows for many of them, and who owns what.

    Read it once for a whole page of requests.
    """

    rules: tuple[Rule, ...] = ()
    freezes: tuple[Cover, ...] = ()
    ownership: tuple[Owned, ...] = ()

    def sections_of(self, workspace: str, model_name: str, target: Target) -> tuple[Section, ...]:
        """Returns who owns the model that changes when a version gets a target: for a copy the one it goes into.

        Of each section what the closest pattern says, of equally close ones the last.
        """
        closest: dict[str, Owned] = {}
        for row in self.ownership:
            if _covers(row, workspace, target.changed_model(model_name)):
                before = closest.setdefault(plain(row.section.name), row)
                closest[plain(row.section.name)] = max(row, before, key=lambda each: each.closeness)
        return tuple(closest[name].section for name in sorted(closest))

    def windows_for(self, workspace: str, model_name: str, targets: Iterable[Target]) -> tuple[Window, ...]:
        """Returns the freeze windows that cover one of the targets; of a copy, as one of the model it goes into."""
        those = list(targets)
        return tuple(
            cover.window
            for cover in self.freezes
            if any(
                _covers(cover, workspace, target.changed_model(model_name)) and _glob(str(target), cover.target_pattern)
                for target in those
            )
        )


def requirement_for(
    book: Rulebook,
    *,
    workspace: str,
    model_name: str,
    targets: Iterable[Target],
    leaves: Iterable[Target] = (),
    is_way_back: bool = False,
) -> Requirement:
    """Returns what the rulebook asks for a change that touches these targets of a model.

    Args:
        book: As it stands now.
        workspace: Canonical.
        model_name: Of the version.
        targets: Those that the version would get.
        leaves: Those that it would lose, and where others go in passing. How good it is does not matter there: a bad
            version must not be kept.
        is_way_back: Whether it puts back a version that had met the rules before: each rule that has a fast track for
            that asks for fewer approvals then, and for no time to pass.
    """
    got, lost = list(targets), list(leaves)

    def matches(rule: Rule, those: list[Target]) -> bool:
        return any(is_match(rule, workspace=workspace, model_name=model_name, target=target) for target in those)

    matching = tuple(rule for rule in book.rules if matches(rule, [*got, *lost]))
    if not matching:
        return Requirement()
    owned = [book.sections_of(workspace, model_name, target) for target in [*got, *lost]]
    sections = tuple(dict.fromkeys(section for found in owned for section in found))
    windows = book.windows_for(workspace, model_name, [*got, *lost])

    def asked(rule: Rule) -> Iterator[Condition]:
        fast = rule.parsed_moves.rollback_approvals if is_way_back else None
        for one in rule.parsed_conditions:
            if fast is not None and one.key in NOT_ON_THE_WAY_BACK:
                continue
            if matches(rule, got) or not one.is_about_quality:
                yield _of_this(one, sections, fast)

    groups = [list(asked(rule)) for rule in matching]
    if windows:
        own = next((one for one in groups[0] if isinstance(one, FreezeWindows)), FreezeWindows(()))
        groups[0] = [one for one in groups[0] if one is not own] + [own.stricter(FreezeWindows(windows))]
    return Requirement(
        conditions=merged(groups),
        promote_when=max((PromoteWhen(rule.promote_when) for rule in matching), key=list(PromoteWhen).index),
        holds_direct_writes=all(rule.holds_direct_writes(by_service_account=False) for rule in matching),
        holds_service_accounts=all(rule.holds_direct_writes(by_service_account=True) for rule in matching),
        promoters=tuple(rule.parsed_promoters for rule in matching if rule.parsed_promoters),
        rules=matching,
        moves=Moves.merged(rule.parsed_moves for rule in matching),
    )


def _of_this(one: Condition, sections: tuple[Section, ...], fast: int | None) -> Condition:
    """Returns a condition as it is asked of one change: with the model's owners, with the fast track's approvals."""
    match one:
        case Owners():
            return one.of(sections)
        case Approvals() if fast is not None:
            return Approvals(min(one.count, fast))
    return one


def is_match(rule: Rule, *, workspace: str, model_name: str, target: Target) -> bool:
    """Tells whether a rule covers a target of a model, whether it is enforced or not.

    Case, accents, strokes, width and invisible characters are ignored (`registry.names`). Otherwise another spelling,
    which MLflow's database takes for the same name, would evade the rule, by a direct call or by a request that then
    needs fewer approvals.
    """
    if not _glob(workspace or "default", rule.workspace_pattern):
        return False
    if not _glob(str(target), rule.target_pattern):
        return False
    return target.kind == TargetKind.MODEL or _glob(model_name, rule.model_pattern)


def _covers(row: Cover | Owned, workspace: str, model_name: str) -> bool:
    return _glob(workspace or "default", row.workspace_pattern) and _glob(model_name, row.model_pattern)


def pattern_problems(*, workspace_pattern: str, model_pattern: str, target_pattern: str) -> dict[str, str]:
    """Returns {field: what is wrong} of a rule's patterns, so that a typing error does not leave a target open.

    Only `*` and `?` are wildcards here. `[` is a wildcard of the matcher and is refused, because a model whose name has
    brackets would not match its own name.
    """
    patterns = {
        "workspace_pattern": workspace_pattern,
        "model_pattern": model_pattern,
        "target_pattern": target_pattern,
    }
    problems = {}
    for field, pattern in patterns.items():
        if pattern != pattern.strip():
            problems[field] = "Remove the space at the beginning or end."
        elif "[" in pattern:
            problems[field] = "Write ? in place of [: only * and ? are wildcards."
    kind, separator, name = target_pattern.partition(":")
    if not separator or kind not in TargetKind.values or not name:
        problems.setdefault(
            "target_pattern",
            f"{target_pattern!r} protects nothing: start with stage:, alias:, model: or status:, then a name.",
        )
    elif (names := _ALL_NAMES.get(kind)) and not any(_glob(each, name) for each in names):
        problems.setdefault("target_pattern", f"No {kind} is called {name!r}: MLflow has {', '.join(names)}.")
    return problems


def _glob(text: str, pattern: str) -> bool:
    return pattern == "*" or _matches(text, pattern)


@lru_cache(maxsize=_PAIRS)
def _matches(text: str, pattern: str) -> bool:
    folded, bare = _matchers(pattern)
    if folded(text.casefold()):
        return True
    # Of ASCII the plain form is the folded one: it would only be asked again.
    return not (text.isascii() and pattern.isascii()) and bool(bare(plain(text)))


@lru_cache(maxsize=_PATTERNS)
def _matchers(pattern: str) -> tuple[_Match, _Match]:
    """Returns what matches a folded text, and what matches a plain one."""
    folded, bare = (re.compile(translate(form)).match for form in (pattern.casefold(), plain(pattern)))
    return folded, bare
