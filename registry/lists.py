"""What lists and menus show of a registry. Where MLflow takes long, the same answer serves for half a minute.

Of a model with very many versions MLflow needs half a second to say what it is called. Nothing that is decided rests on
lists and menus. What a model says of itself (`described`) is judged by; so nothing serves that was read before
Checkpoint last passed a change of it on. Slow answers are in Django's cache, which all processes share.
"""

import hashlib
import time
from collections.abc import Callable
from typing import TypeVar

from django.conf import settings
from django.core.cache import cache

from registry import RegistryClient, get_registry
from registry.types import Family, ModelVersion, RegisteredModel, family_of

T = TypeVar("T")

SERVES_SECONDS = 30
AT_ONCE_SECONDS = 0.2
"""An answer that came sooner is asked for again each time."""
_CHANGING = "changing"
_FORMAT = 1
"""Raised with every change of what is kept: another release may read it."""
_MODELS, _VERSIONS = "models", "versions"


class Lists:
    """The lists of one workspace. All of them may raise `RegistryError`, as the client does."""

    def __init__(self, workspace: str) -> None:
        """Takes the workspace's client.

        Raises:
            InvalidInput: no workspace can be called so.
        """
        self._workspace = workspace
        self.registry: RegistryClient = get_registry(workspace)

    def workspaces(self) -> list[str]:
        """Returns the workspaces that MLflow has; see `RegistryClient.list_workspaces`."""
        return self._recent(_MODELS, ("workspaces",), self.registry.list_workspaces)

    def models(self, text: str, *, limit: int) -> list[RegisteredModel]:
        """Returns the models and prompts whose name contains a text; see `RegistryClient.search_models`."""
        return self._recent(_MODELS, (text, limit), lambda: self.registry.search_models(text, limit=limit))

    def model(self, name: str, *, listed: list[RegisteredModel] | None = None) -> RegisteredModel:
        """Returns a model; RegistryNotFound when there is none.

        Args:
            name: Of the model.
            listed: Models that the caller has already.
        """
        found = next((model for model in listed or [] if model.name == name), None)
        return found or self._recent(_MODELS, (name,), lambda: self.registry.get_model(name))

    def versions(self, model: RegisteredModel, *, limit: int, below: int = 0) -> list[ModelVersion]:
        """Returns a model's versions, newest first; see `RegistryClient.list_versions`."""
        return self._recent(
            _VERSIONS,
            (model.name, limit, below),
            lambda: self.registry.list_versions(model.name, limit=limit, below=below, model=model),
        )

    def _recent(self, kind: str, asked: tuple[object, ...], ask: Callable[[], T]) -> T:
        mark = cache.get(_mark_of(self._workspace, kind))
        key = _key(self._workspace, kind, mark, *asked)
        kept: tuple[T] | None = cache.get(key)
        if kept is not None:
            return kept[0]
        began = time.monotonic()
        answer = ask()
        if time.monotonic() - began >= AT_ONCE_SECONDS:
            cache.set(key, (answer,), timeout=SERVES_SECONDS)
        return answer


class Description:
    """What a model says of itself: its tags and description.

    Of one that MLflow takes long to show, what was changed past Checkpoint in the last half minute may be missing. Only
    making one and `keep` touch Django's cache, so that any thread may `ask`.
    """

    def __init__(self, registry: RegistryClient, name: str, *, workspace: str) -> None:
        self._registry, self._name = registry, name
        self._key = _key(workspace, "described", name)
        self._kept: RegisteredModel | str | None = cache.get(self._key)
        self._slow: RegisteredModel | None = None

    def ask(self) -> RegisteredModel:
        """Returns the model as it was kept, or else as MLflow has it; RegistryNotFound when there is none."""
        if isinstance(self._kept, RegisteredModel):
            return self._kept
        began = time.monotonic()
        answer = self._registry.get_model(self._name)
        if self._kept is None and family_of(self._name) is Family.MODEL:
            self._slow = answer if time.monotonic() - began >= AT_ONCE_SECONDS else None
        return answer

    def keep(self) -> None:
        """Keeps what MLflow took long to say."""
        if self._slow is not None:
            # `add`: a change that was passed on meanwhile has left its mark, and stands.
            cache.add(self._key, self._slow, timeout=SERVES_SECONDS)


def described(registry: RegistryClient, name: str, *, workspace: str) -> RegisteredModel:
    """Returns a model whose tags and description are to be read, see `Description`."""
    description = Description(registry, name, workspace=workspace)
    answer = description.ask()
    description.keep()
    return answer


def changes(workspace: str, name: str) -> None:
    """Lets nothing serve for a while that is read of a model: what it says of itself is being changed.

    To be called before the change is passed on. For longer than MLflow gets to make it, each look asks MLflow.
    """
    cache.set(_key(workspace, "described", name), _CHANGING, timeout=settings.CHECKPOINT_READ_TIMEOUT + SERVES_SECONDS)


def forget(workspace: str, *, has_moved_stage_only: bool = False) -> None:
    """Lets nothing serve that was read of a workspace before: Checkpoint itself has just changed something in MLflow.

    Args:
        workspace: Canonical.
        has_moved_stage_only: Whether a version went to another stage, which lists of models do not show.
    """
    for kind in (_VERSIONS,) if has_moved_stage_only else (_VERSIONS, _MODELS):
        cache.set(_mark_of(workspace, kind), time.time_ns(), timeout=2 * SERVES_SECONDS)


def _mark_of(workspace: str, kind: str) -> str:
    return _key(workspace, kind, "mark")


def _key(*parts: object) -> str:
    # A cache's keys have no spaces and at most 250 characters.
    return f"registry.lists:{hashlib.sha256(repr((_FORMAT, *parts)).encode()).hexdigest()}"
