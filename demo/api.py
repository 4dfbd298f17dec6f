"""Checkpoint's API as the demo's people call it."""

from collections.abc import Mapping
from typing import Any

import urllib3


class SeedFailed(Exception):
    """A step failed; the message is one line."""


class Api:
    """Checkpoint's API as one person."""

    def __init__(self, address: str, token: str) -> None:
        self._base = f"{address}/checkpoint/api/"
        self._headers = {"Authorization": f"Bearer {token}"}

    def call(self, method: str, path: str, values: Mapping[str, Any] | None = None) -> Any:
        """Returns the JSON of the response.

        Raises:
            SeedFailed: Checkpoint refused.
        """
        answer = urllib3.request(
            method, self._base + path, json=values, headers=self._headers, timeout=60.0, retries=False
        )
        if answer.status >= 400:
            raise SeedFailed(f"{method} {path} was answered {answer.status}: {answer.data.decode(errors='replace')}")
        return answer.json()
