"""What lists and menus show of a registry. Nothing that is decided rests on them, so that an answer serves a while."""

from typing import Any

from registry import RegistryClient, get_registry
from registry.lists import kept
from registry.lists.kept import Question
from registry.types import ModelVersion, RegisteredModel

MODELS, VERSIONS = "1 models", "2 versions"
"""Kinds of questions, in the order in which they are asked: the answer about versions needs that about their model."""


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
        return self._recent(MODELS, "workspaces")

    def models(self, text: str, *, limit: int) -> list[RegisteredModel]:
        """Returns the models and prompts whose name contains a text; see `RegistryClient.search_models`."""
        return self._recent(MODELS, "models", text, limit)

    def model(self, name: str, *, listed: list[RegisteredModel] | None = None) -> RegisteredModel:
        """Returns a model; RegistryNotFound when there is none.

        Args:
            name: Of the model.
            listed: Models that the caller has already.
        """
        found = next((model for model in listed or [] if model.name == name), None)
        return found or self._recent(MODELS, "model", name)

    def versions(self, model: RegisteredModel, *, limit: int, below: int = 0) -> list[ModelVersion]:
        """Returns a model's versions, newest first; see `RegistryClient.list_versions`."""
        return self._recent(VERSIONS, "versions", model.name, limit, below, model=model)

    def ask(self, *asked: Any, model: RegisteredModel | None = None) -> Any:
        """Asks MLflow itself.

        Args:
            asked: The name of one of the methods above and its arguments, or of what `describing` keeps.
            model: Whose versions are asked for, where the caller has it.
        """
        match asked:
            case ("workspaces",):
                return self.registry.list_workspaces()
            case ("models", text, limit):
                return self.registry.search_models(text, limit=limit)
            case ("model" | "described", name):
                return self.registry.get_model(name)
            case ("versions", name, limit, below):
                return self.registry.list_versions(name, limit=limit, below=below, model=model or self._model(name))
        raise ValueError(f"Nobody asks {asked}.")

    def _model(self, name: str) -> RegisteredModel:
        """Returns a model without noting that somebody asked for it: it is needed for its versions only."""
        _, known, _ = kept.look(Question(self._workspace, MODELS, ("model", name)))
        found: RegisteredModel = known.answer if known is not None else self.ask("model", name)
        return found

    def _recent(self, kind: str, *asked: Any, model: RegisteredModel | None = None) -> Any:
        return kept.recent(Question(self._workspace, kind, asked), lambda: self.ask(*asked, model=model))


def forget(workspace: str, *, has_moved_stage_only: bool = False) -> None:
    """Lets nothing serve that was read of a workspace before: Checkpoint itself has just changed something in MLflow.

    Args:
        workspace: Canonical.
        has_moved_stage_only: Whether a version went to another stage, which lists of models do not show.
    """
    for kind in (VERSIONS,) if has_moved_stage_only else (VERSIONS, MODELS):
        kept.outdate(workspace, kind)
