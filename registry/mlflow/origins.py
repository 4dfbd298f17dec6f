"""Which versions are made of a run, a logged model or what lies at a place: asked of all models at once.

MLflow searches versions by their run and by their source alone. A version that was registered from a logged model names
only that, and a copy only what it was copied from.
"""

import re
from collections.abc import Collection, Iterable
from itertools import islice

from mlflow.entities.model_registry import ModelVersion as MlflowVersion

from registry.exceptions import RegistryNotFound, RegistryTimeout
from registry.mlflow.searches import Searches, equals, like
from registry.mlflow.stores import TrackingStore

_ID = re.compile(r"[\w-]{1,256}")
_SHORTEST = 8
"""Letters of an id that is looked for in sources; MLflow's own have 32, and a single letter is in each of them."""
_MOST = 200
"""Versions that are taken from one search."""
_MOST_MODELS = 50
_COPIES_OF_COPIES = 5


class Origins:
    """Looks up what was made of something, for one workspace."""

    def __init__(self, searches: Searches, tracking: TrackingStore) -> None:
        self._searches = searches
        self._tracking = tracking

    def made_of(
        self, run_ids: Collection[str], model_ids: Collection[str], folders: Collection[str]
    ) -> list[tuple[str, str]]:
        """Returns the (model, version) of versions that may be made of any of these; see `RegistryClient`."""
        runs = sorted(filter(_ID.fullmatch, run_ids))
        models = {*filter(_ID.fullmatch, model_ids), *(model for run in runs for model in self._logged_by(run))}
        clauses = [f"run_id IN ({', '.join(map(_quoted, runs))})"] if runs else []
        named = [name for name in (*runs, *sorted(models)) if len(name) >= _SHORTEST]
        clauses += [like("source_path", f"%{name}%") for name in named]
        for folder in sorted(folders):
            clauses += [like("source_path", f"%/{folder}"), like("source_path", f"%/{folder}/")]
        return [(found.name, str(found.version)) for found in self._with_copies(clauses)]

    def _logged_by(self, run_id: str) -> list[str]:
        """Returns the logged models that came from a run; none of a run that is not there.

        Raises:
            RegistryTimeout: there are too many to be judged at once.
        """
        try:
            run = self._tracking.get_run(run_id)
        except RegistryNotFound:
            return []
        outputs = run.outputs.model_outputs if run.outputs else []
        found = self._tracking.search_logged_models(
            [run.info.experiment_id], filter_string=f"source_run_id = {_quoted(run_id)}", max_results=_MOST_MODELS
        )
        if found.token:
            raise _too_much(f"More than {_MOST_MODELS} logged models came from this run")
        return [*(output.model_id for output in outputs), *(logged.model_id for logged in found)]

    def _with_copies(self, clauses: Iterable[str]) -> list[MlflowVersion]:
        """Returns what the searches find, what was copied from that, and so on.

        Raises:
            RegistryTimeout: too much to be judged at once. What lies behind the bound might be what is sealed.
        """
        found: dict[tuple[str, str], MlflowVersion] = {}
        for _ in range(_COPIES_OF_COPIES):
            new = {
                (version.name, str(version.version)): version for clause in clauses for version in self._at_most(clause)
            }
            new = {key: version for key, version in new.items() if key not in found}
            if not new:
                return list(found.values())
            found |= new
            clauses = [equals("source_path", f"models:/{name}/{number}") for name, number in new]
        raise _too_much(f"Copies of this were copied more than {_COPIES_OF_COPIES - 1} times over")

    def _at_most(self, clause: str) -> list[MlflowVersion]:
        found = list(islice(self._searches.everywhere(clause), _MOST + 1))
        if len(found) > _MOST:
            raise _too_much(f"More than {_MOST} versions are made of this")
        return found


def _too_much(why: str) -> RegistryTimeout:
    return RegistryTimeout(f"{why}: what is protected is still being looked up. Please try again in a moment.")


def _quoted(name: str) -> str:
    return f"'{name}'"
