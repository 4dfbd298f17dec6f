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
_MOST = 40 * 1024 * 1024
"""Bytes that are kept at once, about."""
_ENTRY = 600
"""Bytes that an entry takes beside its text, about: a measurement has a dozen fields."""


def weight(facts: VersionFacts) -> int:
    """Returns about how many bytes figures take: what is short is counted by entries, what may be long by its text."""
    texts = (facts.params, facts.tags, facts.run_tags, facts.origin, facts.prompt_settings, facts.datasets)
    entries = 20 + len(facts.metrics) + sum(map(len, texts))
    characters = sum(len(name) + len(text) for found in texts for name, text in found.items())
    long = len(facts.prompt_text or "") + len(facts.model_description) + len(facts.version.description)
    return entries * _ENTRY + characters + long


kept: Kept[VersionFacts] = Kept(_MOST, weight)


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
