"""A model as every story has it: Fraud version 1 in Production, version 2 waiting; ada asks, grace judges."""

from typing import TYPE_CHECKING

import pytest

from testing.factories import PromoteRequestFactory, UserFactory

if TYPE_CHECKING:
    from accounts.models import User
    from promote_requests.models import PromoteRequest
    from registry.fake import FakeRegistry


@pytest.fixture
def fraud(registry: "FakeRegistry") -> "FakeRegistry":
    """Gives the registry with the model Fraud in it: version 1 in Production and champion, version 2 new."""
    registry.add_version(
        "Fraud", stage="Production", aliases=("champion",), params={"depth": "3"}, metrics={"auc": 0.91}
    )
    registry.add_version("Fraud", params={"depth": "5"}, metrics={"auc": 0.94})
    return registry


@pytest.fixture
def ada(db: None) -> "User":
    """Gives the author."""
    return UserFactory(username="ada")


@pytest.fixture
def grace(db: None) -> "User":
    """Gives the reviewer."""
    return UserFactory(username="grace")


@pytest.fixture
def open_request(fraud: "FakeRegistry", ada: "User") -> "PromoteRequest":
    """Gives ada's open request for version 2 to become Production."""
    return PromoteRequestFactory(actor=ada)
