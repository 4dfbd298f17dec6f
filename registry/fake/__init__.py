"""A registry in memory that keeps MLflow's rules, for tests and for trying pages without a server.

`registry/tests/contract/` runs the same expectations against this and against a real MLflow.
"""

from registry.fake.registry import FakeRegistry, connect, reset
from registry.fake.shelf import measured

__all__ = ["FakeRegistry", "connect", "measured", "reset"]
