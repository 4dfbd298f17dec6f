"""Judges a call alone, while nobody has looked at everything yet, or not lately enough.

Costs some calls to MLflow, which searches all versions for those that are made of what the call names.
"""

import time
from collections import OrderedDict
from dataclasses import replace
from threading import Lock

from promote_requests import services
from proxy.protected import Protected
from proxy.seal import cache, look
from proxy.seal.seals import Seal, Seals, Traces
from proxy.seal.touched import Touched
from registry import patience
from registry.exceptions import RegistryNotFound, RegistryTimeout

SECONDS = 2.0
"""How long an upload waits for all of this. A deletion waits as long as any guarded call."""
_NOTHING_SECONDS = 5.0
"""How long it is remembered that nothing is made of a run: a run's many files are uploaded one after the other."""
_MOST = 1_000
_POLL_SECONDS = 0.1

_nothing: OrderedDict[tuple[object, ...], float] = OrderedDict()
_lock = Lock()


def seal_of(touched: Touched, workspace: str, generation: int) -> Seal | None:
    """Returns the reason why a call would change something sealed, by what it names alone.

    Args:
        touched: What the call would change.
        workspace: Canonical.
        generation: Of what is known of the workspace; what was remembered under another one does not count.

    Raises:
        RegistryError: MLflow did not answer in time, or the call changes too much to be judged alone.
    """
    asked = (workspace, generation, touched.run_ids, touched.model_ids, touched.folders)
    if _is_nothing(asked):
        return None
    protected = Protected(workspace)
    if not (protected.rules_mark or services.keeping_their_version().filter(workspace=workspace).exists()):
        return None
    with patience.at_most(patience.PAGE if touched.deletes else SECONDS):
        if not touched.is_narrow:
            return _seal_of_much(touched, workspace)
        candidates = protected.registry.find_made_of(
            run_ids=touched.run_ids, model_ids=touched.model_ids, folders=touched.folders
        )
        if not candidates:
            _remember_nothing(asked)
        for model_name, version in candidates:
            seals = Seals()
            seal = still(Seal(model_name, version, (), workspace=workspace), protected)
            if seal is not None:
                seals.add(seal, Traces.of(protected.registry.get_provenance(model_name, version), workspace))
            if found := touched.seal_in(seals):
                return found
    return None


def still(seal: Seal, protected: Protected) -> Seal | None:
    """Returns a seal as it is at this moment, or None where nothing keeps its version any more.

    Raises:
        RegistryError: MLflow did not answer.
    """
    if judged := protected.judged_in(seal.model_name, seal.version):
        return replace(seal, held=(), request=judged.pk)
    if not protected.rules_mark:
        return None
    try:
        found = protected.registry.get_version(seal.model_name, seal.version)
    except RegistryNotFound:
        return None
    if seal.created_at not in (None, found.created_at):
        return None  # its model was deleted and made anew
    held = tuple(protected.held_by_version(found))
    return replace(seal, held=held) if held else None


def _seal_of_much(touched: Touched, workspace: str) -> Seal | None:
    """Judges what reaches far, such as an experiment, once everything has been looked at."""
    while True:
        look.look(workspace)
        known = cache.known(workspace)
        if known.is_whole:
            found = touched.seal_in(known.seals)
            return still(found, Protected(workspace)) if found else None
        if patience.seconds_left(patience.PAGE) < _POLL_SECONDS:
            raise RegistryTimeout("What is protected is still being looked up. Please try again in a moment.")
        time.sleep(_POLL_SECONDS)  # somebody else looks


def _is_nothing(asked: tuple[object, ...]) -> bool:
    with _lock:
        return time.monotonic() < _nothing.get(asked, 0.0)


def _remember_nothing(asked: tuple[object, ...]) -> None:
    with _lock:
        _nothing[asked] = time.monotonic() + _NOTHING_SECONDS
        _nothing.move_to_end(asked)
        if len(_nothing) > _MOST:
            _nothing.popitem(last=False)


def forget() -> None:
    """Forgets everything; for tests."""
    with _lock:
        _nothing.clear()
