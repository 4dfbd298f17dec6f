"""Figures of versions, kept by version and by when it was updated last.

MLflow says of a version when it was updated, and nothing of the kind of a run: somebody may log to it at any time. So
what was read serves for some seconds, and where somebody looks. Nothing is opened, approved or promoted by it.
"""

from django.conf import settings

from evidence.recent.kept import Kept
from registry.client import RegistryClient
from registry.types import VersionFacts

SECONDS = 10.0
"""How long figures serve, if `CHECKPOINT_FIGURES_SECONDS` says nothing else."""
_MOST = 60_000
"""Metrics, parameters and tags that are kept at once: about 40 MB."""

kept: Kept[VersionFacts] = Kept(_MOST, lambda facts: 20 + len(facts.metrics) + len(facts.params) + len(facts.tags))


def facts_of(
    registry: RegistryClient, name: str, version: str, *, workspace: str, recent: bool = False
) -> VersionFacts:
    """Returns what was measured of a version; see `RegistryClient.get_facts`, which raises what this does.

    Args:
        registry: The workspace's.
        name: Of the model.
        version: Of the model.
        workspace: Canonical.
        recent: Whether figures serve that were read some seconds ago, if the version was not updated since.
    """
    key = (settings.CHECKPOINT_REGISTRY_URL, workspace, name, version)
    seconds = getattr(settings, "CHECKPOINT_FIGURES_SECONDS", SECONDS)
    known = kept.get(key, seconds) if recent else None
    found = registry.get_facts(name, version, known=known)
    if known is None or found.metrics is not known.metrics:
        kept.keep(key, found)
    return found
