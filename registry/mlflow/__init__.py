"""The registry as MLflow keeps it.

Importing this package imports MLflow, which takes a second: leave it to `registry.get_registry`.
"""

from registry.client import RegistryClient
from registry.memory import get_memory
from registry.mlflow.client import Models
from registry.mlflow.entries import Entries
from registry.mlflow.registries import MlflowRegistries
from registry.transport import Transport


def connect(workspace: str = "") -> RegistryClient:
    """Returns a client of one workspace of the configured MLflow; nothing is called yet.

    Raises:
        InvalidInput: the workspace's name cannot be one.
    """
    transport = Transport(workspace)
    return MlflowRegistries(Models(transport, get_memory(workspace)), Entries(transport))
