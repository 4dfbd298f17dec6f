"""What a model says of itself, by which versions are judged: nothing serves that was read before it was changed."""

import time

from django.conf import settings

from registry.client import RegistryClient
from registry.lists import kept
from registry.lists.kept import Question
from registry.types import Family, RegisteredModel, family_of

DESCRIBED = "described"


class Description:
    """What a model says of itself: its tags and description.

    Of one that MLflow takes long to show, what was changed past Checkpoint in the last half minute may be missing. Only
    making one and `keep` touch Django's cache, so that any thread may `ask`.
    """

    def __init__(self, registry: RegistryClient, name: str, *, workspace: str) -> None:
        self._registry, self._name = registry, name
        self._question = question_of(workspace, name)
        self._mark, self._kept, self._noted = kept.look(self._question)
        self._slow: RegisteredModel | None = None

    def ask(self) -> RegisteredModel:
        """Returns the model as it was kept, or else as MLflow has it; RegistryNotFound when there is none."""
        if self._kept is not None:
            known: RegisteredModel = self._kept.answer
            return known
        began = time.monotonic()
        answer = self._registry.get_model(self._name)
        # While a change of it is under way nothing is kept, for longer than MLflow gets to make it.
        if self._mark is None and family_of(self._name) is Family.MODEL:
            self._slow = answer if time.monotonic() - began >= kept.AT_ONCE_SECONDS else None
        return answer

    def keep(self) -> None:
        """Keeps what MLflow took long to say.

        A change that was passed on meanwhile has left its mark, which outlives what is kept here.
        """
        if self._slow is not None:
            kept.keep(self._question, None, self._slow)
        if self._slow is not None or self._kept is not None:
            kept.note(self._question, self._noted)


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
    seconds = settings.CHECKPOINT_READ_TIMEOUT + kept.SERVES_SECONDS
    kept.outdate(workspace, question_of(workspace, name).kind, seconds=seconds)


def question_of(workspace: str, name: str) -> Question:
    """Returns the question what a model says of itself; of each model it becomes out of date by itself."""
    return Question(workspace, f"{DESCRIBED} {name}", (DESCRIBED, name))
