"""What is taken for made of something when there is more of it than one look affords: never less than there is."""

from types import SimpleNamespace
from typing import Any

import pytest
from mlflow.store.entities.paged_list import PagedList

from registry.exceptions import RegistryTimeout
from registry.mlflow.origins import Origins

MODEL = "m-" + "1" * 32
RUN = "a" * 32


def version(name: str, number: int) -> Any:
    return SimpleNamespace(name=name, version=number)


class Searches:
    """Answers a search by the first of the words in it."""

    def __init__(self, answers: dict[str, list[Any]]) -> None:
        self._answers = answers

    def everywhere(self, clause: str) -> Any:
        return iter(next((found for word, found in self._answers.items() if word in clause), []))


class Tracking:
    """Has one run, from which so many logged models came; it gives out the first page of them."""

    def __init__(self, count: int) -> None:
        self._models = [SimpleNamespace(model_id=f"m-{number:032d}") for number in range(count)]

    def get_run(self, run_id: str) -> Any:
        return SimpleNamespace(outputs=None, info=SimpleNamespace(run_id=run_id, experiment_id="1"))

    def search_logged_models(self, experiments: Any, *, filter_string: str, max_results: int) -> PagedList[Any]:
        more = "more" if len(self._models) > max_results else None
        return PagedList(self._models[:max_results], more)


def made_of(answers: dict[str, list[Any]], *, runs: tuple[str, ...] = (), logged: int = 0) -> list[tuple[str, str]]:
    origins = Origins(Searches(answers), Tracking(logged))  # type: ignore[arg-type]
    return origins.made_of(runs, () if runs else (MODEL,), ())


@pytest.mark.parametrize("decoys", [0, 199])
def test_a_version_is_found_behind_decoys(decoys):
    found = [*(version("decoy", number) for number in range(decoys, 0, -1)), version("victim", 1)]
    assert ("victim", "1") in made_of({MODEL: found})


@pytest.mark.parametrize("decoys", [200, 420])
def test_no_decoys_hide_what_a_call_would_change(decoys):
    found = [*(version("decoy", number) for number in range(decoys, 0, -1)), version("victim", 1)]
    with pytest.raises(RegistryTimeout, match="More than 200 versions"):
        made_of({MODEL: found})


def test_no_decoys_among_the_copies_hide_a_copy():
    copies = [*(version("decoy", number) for number in range(200, 0, -1)), version("victim", 1)]
    with pytest.raises(RegistryTimeout, match="More than 200 versions"):
        made_of({MODEL: [version("first", 1)], "models:/first/1": copies})


@pytest.mark.parametrize("logged", [50, 51])
def test_no_number_of_logged_models_hides_one_of_a_run(logged):
    answers = {f"m-{logged - 1:032d}": [version("victim", 1)]}
    if logged == 50:
        assert made_of(answers, runs=(RUN,), logged=logged) == [("victim", "1")]
    else:
        with pytest.raises(RegistryTimeout, match="More than 50 logged models"):
            made_of(answers, runs=(RUN,), logged=logged)


def test_no_chain_of_copies_is_too_long_to_be_followed_and_passes():
    chain = {MODEL: [version("copy", 1)]}
    chain |= {f"models:/copy/{number}'": [version("copy", number + 1)] for number in range(1, 4)}
    assert made_of(chain)[-1] == ("copy", "4")
    chain["models:/copy/4'"] = [version("copy", 5)]
    with pytest.raises(RegistryTimeout, match="copied more than 4 times"):
        made_of(chain)
