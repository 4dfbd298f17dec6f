"""Checkpoint's view of the model registry."""

import os

from registry.client import RegistryClient
from registry.workspaces import require_workspace

# Before anything imports MLflow: Checkpoint sends no telemetry to MLflow's makers.
os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"


def get_registry(workspace: str = "") -> RegistryClient:
    """Returns the client of a workspace of the configured MLflow server ("" where it has none).

    The one place that chooses the implementation; tests replace it by the setting `CHECKPOINT_REGISTRY_CLIENT`.

    Raises:
        InvalidInput: no workspace can be called so.
    """
    require_workspace(workspace)
    from django.conf import settings  # noqa: PLC0415
    from django.utils.module_loading import import_string  # noqa: PLC0415

    factory = import_string(getattr(settings, "CHECKPOINT_REGISTRY_CLIENT", "registry.mlflow.connect"))
    client: RegistryClient = factory(workspace)
    return client
