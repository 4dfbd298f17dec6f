"""Judges calls that would change what a version with a protected target is made of."""

from collections.abc import Mapping

from proxy.protected import Protected
from proxy.refusals import Refusal, being_judged, holding
from proxy.seal import alone, background, cache, touched
from proxy.seal.seals import Seal
from proxy.seal.touched import Touched
from registry import patience
from registry.exceptions import RegistryError

_OTHER_WORKSPACES = (
    "This address holds the artifacts of other workspaces, and what is protected there. Name a folder of an "
    "experiment, and the workspace in the header X-MLFLOW-WORKSPACE."
)


def refusal_by_address(operation: str, *, method: str, path: str, query: str, workspace: str) -> Refusal | None:
    """Judges a call whose address names what it changes; None lets it pass.

    Args:
        operation: Of `known_writes`, `Traffic.SEALED`.
        method: As sent.
        path: As sent.
        query: As sent.
        workspace: Canonical.

    Raises:
        RegistryError: see `_refusal`.
    """
    try:
        named = touched.by_address(operation, method=method, path=path, query=query, workspace=workspace)
    except Refusal as refusal:
        return refusal
    return _refusal(named, workspace)


def refusal_by_message(operation: str, message: Mapping[str, str], *, workspace: str) -> Refusal | None:
    """Judges a call whose body names what it changes; None lets it pass.

    Args:
        operation: Of `messages.TRACKING_SHAPES`.
        message: From `messages.parse`.
        workspace: Canonical.

    Raises:
        RegistryError: see `_refusal`.
    """
    return _refusal(touched.by_message(operation, message), workspace)


def _refusal(named: Touched, workspace: str) -> Refusal | None:
    """Returns why a call would change something sealed; None lets it pass.

    A call elsewhere costs no call to MLflow while everything that is sealed is known, which it is but for some moments
    after a start, an approval or a changed rule; but for one for each run of which it is not known where it lies, where
    the call names the run and no place. A refusal rests on what MLflow says at this moment.

    Raises:
        RegistryError: MLflow had to be asked and did not answer.
    """
    known = cache.known(workspace)
    if known.has_looked:
        background.want(workspace)
    found = named.seal_in(known.seals)
    if found is not None and (seal := _still(found, workspace)):
        return _refused(named.what, seal)
    if named.reaches_other_workspaces:
        return Refusal(_OTHER_WORKSPACES)
    if found is None and known.is_whole and not known.seals.places:
        return None
    if found is None:
        with patience.at_most(patience.PAGE if named.deletes else alone.SECONDS):
            named = touched.at_home(named, workspace)
        found = named.seal_in(known.seals)
        if found is not None and (seal := _still(found, workspace)):
            return _refused(named.what, seal)
    if found is None and known.is_whole:
        return None
    try:
        seal = alone.seal_of(named, workspace, known.generation)
    except RegistryError:
        if found is None and known.may_serve:
            return None
        raise
    background.want(workspace)  # which MLflow knows
    return _refused(named.what, seal) if seal else None


def _still(seal: Seal, workspace: str) -> Seal | None:
    """Returns the seal as it is now; as it was known where MLflow does not answer."""
    try:
        return alone.still(seal, Protected(workspace))
    except RegistryError:
        return seal


def _refused(what: str, seal: Seal) -> Refusal | None:
    if not seal.held:
        return being_judged(seal.model_name, seal.version, seal.request)
    what = what.format(f"version {seal.version} of {seal.model_name}")
    return holding(what, seal.model_name, seal.held, seal.workspace)
