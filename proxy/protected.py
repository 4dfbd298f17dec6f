"""What is protected here, and who holds it now: the questions that the guard asks of the rules and of the registry."""

from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from typing import Self

from django.utils import timezone

from promote_requests import services
from promote_requests.choices import Status
from promote_requests.models import PromoteRequest
from protection.choices import Enforcement
from protection.matching import is_match
from protection.models import ProtectionRule
from protection.rulebook import kept
from registry import RegistryClient, get_registry
from registry.exceptions import RegistryNotFound
from registry.names import key_of
from registry.places import models_path, version_number
from registry.targets import ACTIVE_STAGES, ACTIVE_STATUSES, FIRST_STATUS, STATUSES, Target, TargetKind
from registry.types import Family, ModelVersion, family_of

_OF_LATE = timedelta(minutes=5)
"""Longer than anything takes between two looks, and than the clocks of two machines differ."""


@dataclass(frozen=True, slots=True)
class Held:
    """A target that a version holds."""

    target: Target
    version: str


@dataclass(frozen=True, slots=True)
class Promotions:
    """The promotions of a model, by the numbers of their requests: those under way, and those made of late."""

    under_way: frozenset[int]
    made: frozenset[int]


class Protected:
    """The enabled rules as they stand now, and the registry, of one workspace (canonical, as in `workspaces`).

    Rules are read on every guarded call, once, when they are first asked for: a saved rule holds at once in every
    process. With `Enforcement.EVALUATE` it tells what the rules that are only evaluated would protect.
    """

    def __init__(self, workspace: str, enforcement: Enforcement = Enforcement.ACTIVE) -> None:
        self.workspace = workspace
        self.registry: RegistryClient = get_registry(workspace)
        self._enforcement = enforcement
        self._covering: dict[tuple[str, str], tuple[ProtectionRule, ...]] = {}

    @cached_property
    def _all_rules(self) -> tuple[ProtectionRule, ...]:
        return kept.what_rules_cover()

    @cached_property
    def rules(self) -> tuple[ProtectionRule, ...]:
        """The rules that it goes by, as they stood when it was first asked."""
        return tuple(rule for rule in self._all_rules if rule.enforcement == self._enforcement)

    def evaluating(self) -> Self:
        """Returns what the rules that are only evaluated would protect, from the same reading."""
        other = type(self)(self.workspace, Enforcement.EVALUATE)
        other._all_rules = self._all_rules
        return other

    @property
    def rules_mark(self) -> tuple[tuple[object, ...], ...]:
        """Another value whenever a rule protects other targets than before."""
        return tuple((rule.workspace_pattern, rule.model_pattern, rule.target_pattern) for rule in self.rules)

    def require_exact_name(self, model_name: str) -> None:
        """Lets a name pass that means no model but the one that is called so, in any database that MLflow may use.

        Rules go by names. One of letters that a database takes for others (`registry.names`) means a model that the
        rules know under another name; MLflow says under which.

        Raises:
            RegistryNotFound: no model is called exactly so.
        """
        if not (model_name.isascii() and model_name.isprintable()) or model_name != model_name.strip():
            self.registry.get_model(model_name)

    def covers(self, model_name: str, target: Target) -> bool:
        """Tells whether a rule protects a target of a model, under any name that a database takes for the same."""
        return bool(self.covering(model_name, target))

    def covering(self, model_name: str, target: Target) -> tuple[ProtectionRule, ...]:
        """Returns the rules that protect a target of a model."""
        asked = (model_name, str(target))
        if asked not in self._covering:
            self._covering[asked] = tuple(
                rule
                for rule in self.rules
                if is_match(rule, workspace=self.workspace, model_name=model_name, target=target)
            )
        return self._covering[asked]

    def covers_registering(self, entry: str | None) -> bool:
        """Tells whether a rule protects a status that a version of an entry could be registered with; None is any."""
        targets = [Target(TargetKind.STATUS, status) for status in STATUSES if status != FIRST_STATUS]
        # A pattern matches itself, so that a rule for any entry at all is found by its own.
        return any(
            is_match(rule, workspace=self.workspace, model_name=entry or rule.model_pattern, target=target)
            for rule in self.rules
            for target in targets
        )

    def held_by_version(self, found: ModelVersion) -> list[Held]:
        """Returns the protected targets that a version holds: stage or status in use, aliases, place in its model."""
        targets = [Target(TargetKind.ALIAS, alias) for alias in found.aliases]
        if found.family is not Family.MODEL:
            if found.status in ACTIVE_STATUSES:
                targets.append(Target(TargetKind.STATUS, found.status))
            return [Held(target, found.version) for target in targets if self.covers(found.name, target)]
        if found.stage in ACTIVE_STAGES:
            targets.insert(0, Target(TargetKind.STAGE, found.stage))
        targets.append(Target(TargetKind.MODEL, found.name))
        return [Held(target, found.version) for target in targets if self.covers(found.name, target)]

    def held_by_model(self, name: str, *, as_name: str = "") -> list[Held]:
        """Returns the protected targets that versions of a model hold, or would hold if it were called `as_name`.

        Of a large model, which MLflow takes its time to show, perhaps one of them only.

        Raises:
            RegistryNotFound: no such model.
        """
        judged = as_name or name
        if family_of(name) is not Family.MODEL:
            return [held for found in self.registry.list_versions(name) for held in self.held_by_version(found)]
        stages = [target for stage in ACTIVE_STAGES if self.covers(judged, target := Target(TargetKind.STAGE, stage))]
        for target in stages:
            if version := self.registry.noted_holder(name, target):
                return [Held(target, version)]
        model = self.registry.get_model(name)
        held = [Held(target, model.newest[target.name]) for target in stages if target.name in model.newest]
        for alias, version in sorted(model.aliases.items()):
            if self.covers(judged, target := Target(TargetKind.ALIAS, alias)):
                held.append(Held(target, version))
        if self.covers(judged, target := Target(TargetKind.MODEL, judged)):
            newest = self.registry.holders(name, Target(TargetKind.MODEL, name))
            held += [Held(target, version) for version in newest]
        return held

    def promotions(self, model_name: str) -> Promotions:
        """Returns what Checkpoint is changing of a model, and has changed in the last minutes.

        A promotion that a crash cut off is settled first, or it would stand in the way until somebody opened its page.
        """
        found = self._promotions(model_name)
        if not found.under_way:
            return found
        for promote_request in PromoteRequest.objects.filter(pk__in=found.under_way):
            services.settle_if_cut_off(promote_request)
        return self._promotions(model_name)

    def _promotions(self, model_name: str) -> Promotions:
        under_way = PromoteRequest.objects.of_model(self.workspace, model_name).filter(status=Status.PROMOTING)
        numbers = frozenset(under_way.values_list("pk", flat=True))
        # Asked for last, so that what ends between the two is among them. Of all models, because the database then
        # reads the few by the time, and not all that this model ever had.
        of_late = PromoteRequest.objects.filter(promoted_at__gte=timezone.now() - _OF_LATE)
        wanted = (self.workspace, key_of(model_name))
        rows = of_late.order_by().values_list("pk", "workspace", "model_key")
        return Promotions(numbers, frozenset(pk for pk, *of_model in rows if tuple(of_model) == wanted))

    def judged_in(self, model_name: str, version: str = "") -> PromoteRequest | None:
        """Returns a request that keeps a version of a model, or the one named, as it is; None where there is none.

        One that is open comes before one that is being promoted: that ends by itself, and people judge the other.
        """
        found = services.keeping_their_version().of_model(self.workspace, model_name)
        if version:
            found = found.filter(version=version)
        return found.open().first() or found.first()

    def objection_in(self, model_name: str) -> services.Objection | None:
        """Returns an objection that nobody lifted to a version that the model has still; None where there is none.

        Of a version that is deleted nobody could lift it any more, and nobody asks for that version again.
        """
        for found in services.objections_in(self.workspace, model_name):
            try:
                self.registry.get_version(found.closed.model_name, found.closed.version)
            except RegistryNotFound:
                continue
            return found
        return None

    def judged_by_directions_of(self, model_name: str) -> PromoteRequest | None:
        """Returns an open request that is judged by which values of this model's metrics are better, or None."""
        return services.judged_by_directions_of(model_name, workspace=self.workspace).first()

    def copied_version(self, source: str) -> tuple[str, str] | None:
        """Returns the (model, version) that a new version would be a copy of; None for any other source.

        Reads `models:/NAME/VERSION`, `/STAGE`, `/latest` and `models:/NAME@ALIAS` as MLflow's `_parse_model_uri`
        does. The version is empty when the registry knows none such.
        """
        path = models_path(source)
        if path is None or (len(path) == 1 and "@" not in path[0]):
            return None
        name, place = path[0], "/".join(path[1:])
        if len(path) == 1:
            name, _, place = name.rpartition("@")
        elif number := version_number(place):
            return name, number
        try:
            return name, self._version_at(name, place, is_alias=len(path) == 1)
        except RegistryNotFound:
            return name, ""

    def _version_at(self, name: str, place: str, *, is_alias: bool) -> str:
        if is_alias:
            holders = self.registry.holders(name, Target(TargetKind.ALIAS, place))
        elif place.lower() == "latest":
            holders = self.registry.holders(name, Target(TargetKind.MODEL, name))
        else:
            stage = next((stage for stage in ACTIVE_STAGES if stage.lower() == place.lower()), "")
            holders = self.registry.holders(name, Target(TargetKind.STAGE, stage)) if stage else []
        return holders[0] if holders else ""
