"""Looks at the registry of one workspace, asks only for what has changed since the last look, and writes it down."""

import hashlib
import json
import time
from collections.abc import Iterable

from django.utils import timezone

from promote_requests import services
from proxy.protected import Protected
from proxy.seal import store
from proxy.seal.store import Found
from registry.exceptions import RegistryNotFound
from registry.targets import ACTIVE_STAGES, Target, TargetKind
from registry.types import ModelVersion, Provenance, RegisteredModel

REST = 20
"""The next look begins so many times as long after the last one as that took: a twentieth of MLflow's time at most."""
SHORTEST_REST_SECONDS = 2.5
LONGEST_REST_SECONDS = 30.0
_PAGE = 1_000


def rest_after(seconds: float) -> float:
    """Returns how many seconds after the beginning of a look that took some the next one begins."""
    return min(max(REST * seconds, SHORTEST_REST_SECONDS), LONGEST_REST_SECONDS)


def look(workspace: str) -> bool:
    """Brings what is known of a workspace up to date, unless somebody else is about it; returns whether it did.

    One call to MLflow for some hundreds of models, and a few for each version that is new in use. What was found is
    kept also where the look does not come to its end.

    Raises:
        RegistryError: MLflow had to be asked and did not answer.
    """
    began = store.begin(workspace)
    if began is None:
        return False
    began_at, clock = timezone.now(), time.monotonic()
    is_done = False
    try:
        _Look(workspace, began).run()
        is_done = True
    finally:
        if not is_done:
            store.give_up(workspace)
    took = time.monotonic() - clock
    rest = rest_after(took)
    # Until the end of the next look, which may begin a little late.
    serves = rest + took + SHORTEST_REST_SECONDS
    store.finish(workspace, began, began_at, rest_seconds=rest, serves_seconds=serves)
    return True


def learn(workspace: str) -> None:
    """Finds out what those versions are made of that were approved since the last look.

    Raises:
        RegistryError: MLflow had to be asked and did not answer.
    """
    registry = Protected(workspace).registry
    for model_name, version in store.unlearnt(workspace):
        try:
            found = registry.get_version(model_name, version)
            made_of = registry.get_provenance(model_name, version)
        except RegistryNotFound:  # deleted past Checkpoint: nothing is left to be sealed
            store.learn(workspace, model_name, version, None, Provenance())
        else:
            store.learn(workspace, model_name, version, found.created_at, made_of)


class _Look:
    def __init__(self, workspace: str, began: store.State) -> None:
        self._workspace = workspace
        self._began = began
        self._protected = Protected(workspace)

    def run(self) -> None:
        # In this order: what is promoted meanwhile is judged at the one moment or holds its target at the other.
        judged = set(services.keeping_their_version().filter(workspace=self._workspace).values_list(*_VERSION))
        listed = self._protected.registry.list_models() if self._protected.rules_mark else []
        known = store.marks(self._workspace)
        store.forget(self._workspace, known.keys() - {model.name for model in listed})
        self._look_at(listed, known)
        store.keep_judged(self._workspace, judged, self._began)
        learn(self._workspace)

    def _look_at(self, listed: list[RegisteredModel], known: dict[str, str]) -> None:
        found: dict[str, str] = {}
        try:
            for model in listed:
                mark = self._mark(model)
                if known.get(model.name) != mark:
                    if targets := self._covered(model):
                        store.go_on(self._workspace)
                        store.save(self._workspace, model.name, list(self._found(model, targets)))
                    elif model.name in known:
                        store.save(self._workspace, model.name, [])
                    found[model.name] = mark
        finally:
            store.remember(self._workspace, found)

    def _mark(self, model: RegisteredModel) -> str:
        seen = [model.revision, sorted(model.aliases.items()), self._protected.rules_mark]
        return hashlib.sha256(json.dumps(seen).encode("ascii")).hexdigest()

    def _covered(self, model: RegisteredModel) -> list[Target]:
        """Returns the protected targets that versions of a model hold."""
        targets = [Target(TargetKind.STAGE, stage) for stage in ACTIVE_STAGES if stage in model.newest]
        targets += [Target(TargetKind.ALIAS, alias) for alias in model.aliases]
        # Of an entry an alias counts, and no status: that says which version may be used, and not which one is.
        targets += [Target(TargetKind.MODEL, model.name)] if model.newest else []
        return [target for target in targets if self._protected.covers(model.name, target)]

    def _found(self, model: RegisteredModel, targets: list[Target]) -> Iterable[Found]:
        registry, known = self._protected.registry, store.known_of(self._workspace, model.name)
        for number, listed in self._holders(model, targets).items():
            try:
                version = listed or registry.get_version(model.name, number)
                if held := self._protected.held_by_version(version):
                    made_of = known.get((number, version.created_at)) or registry.get_provenance(model.name, number)
                    yield Found(number, version.created_at, tuple(held), made_of)
            except RegistryNotFound:  # deleted since it was listed
                continue
            store.go_on(self._workspace)

    def _holders(self, model: RegisteredModel, targets: list[Target]) -> dict[str, ModelVersion | None]:
        """Returns the versions that hold any of the targets, with what is known of them already."""
        registry = self._protected.registry
        found: dict[str, ModelVersion | None] = {}
        for target in targets:
            match target.kind:
                case TargetKind.STAGE | TargetKind.STATUS:
                    # Exactly: what is missed now is not asked for again until something else of the model changes.
                    found |= dict.fromkeys(registry.holders(model.name, target, exact=True))
                case TargetKind.ALIAS:
                    found[model.aliases[target.name]] = None
                case TargetKind.MODEL:
                    found |= {version.version: version for version in self._all_versions(model)}
        return found

    def _all_versions(self, model: RegisteredModel) -> Iterable[ModelVersion]:
        below = 0
        while page := self._protected.registry.list_versions(model.name, limit=_PAGE, below=below, model=model):
            yield from page
            below = page[-1].number
            if below == 1:
                return


_VERSION = ("model_name", "version")
