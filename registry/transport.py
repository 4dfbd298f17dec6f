"""Carries calls to MLflow: one pool of connections, Checkpoint's own credentials, every failure one of ours.

MLflow's client reads address, credentials, workspace, retries and timeouts from the process environment and from
context variables, waits up to 120 s and tries seven times. Here they come from the settings and belong to the
instance, so that threads cannot mix workspaces and a page never waits long.
"""

import json
import logging
import time
from base64 import b64encode
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from urllib3 import BaseHTTPResponse, PoolManager, Timeout
from urllib3.exceptions import ConnectTimeoutError, HTTPError, NewConnectionError, ProtocolError, TimeoutError

from foundation.database import connections
from registry import patience
from registry.exceptions import RegistryError, RegistryNotFound, RegistryRefused, RegistryTimeout, RegistryUnreachable
from registry.workspaces import require_workspace

logger = logging.getLogger(__name__)

LONGEST_WAIT = 10.0
"""Seconds that a page waits for one answer at most, whatever longer the proxied calls get; for all see `patience`."""
LARGEST_ANSWER = 64 * 1024 * 1024
"""Bytes; 10,000 versions of a model with their tags stay below a third of it."""
_CHUNK = 256 * 1024
_pool = PoolManager(num_pools=4, maxsize=32, retries=False)
_NO_ANSWER = "MLflow did not answer in time. Please try again."
_WRONG_ADDRESS = "There is no MLflow API at the address that CHECKPOINT_REGISTRY_URL names."
_NO_ROUTE = b"""<!doctype html>
<html lang=en>
<title>404 Not Found</title>
<h1>Not Found</h1>
<p>The requested URL was not found on the server. If you entered the URL manually please check your spelling and try \
again.</p>
"""
"""How MLflow answers where it has no route, to the letter: werkzeug's page, which what stands in front has not."""


class AlreadyExists(RegistryRefused):
    """MLflow has a model of this name."""


class NoSuchRoute(RegistryUnreachable):
    """What answered knows no such path, or broke down over it: it is no MLflow, or one without what was asked for."""


class NotInMlflow(NoSuchRoute):
    """MLflow itself says so, in the words that it has for a path without a route."""


class BadParameter(RegistryRefused):
    """MLflow does not take a value, or knows nothing of it: it says both in one way."""


class Transport:
    """Calls one workspace of the configured MLflow. Safe to share between threads."""

    def __init__(self, workspace: str = "") -> None:
        """Takes address, credentials and timeouts from the settings.

        Raises:
            InvalidInput: no workspace can be called so.
        """
        require_workspace(workspace)
        self.base: str = settings.CHECKPOINT_REGISTRY_URL
        self._headers = {"Accept": "application/json", "User-Agent": "checkpoint", **_authorization()}
        if workspace:
            self._headers["X-MLFLOW-WORKSPACE"] = workspace
        self._wait = min(settings.CHECKPOINT_READ_TIMEOUT, LONGEST_WAIT)
        self._connect = min(settings.CHECKPOINT_CONNECT_TIMEOUT, LONGEST_WAIT)

    def call(self, method: str, path: str, message: dict[str, Any] | None = None) -> dict[str, Any]:
        """Returns MLflow's answer; `message` goes into the query of a GET and into the body of anything else.

        Raises:
            RegistryUnreachable: no connection, or what answered is no MLflow.
            RegistryTimeout: no whole answer in time. A write may have been made all the same.
            RegistryNotFound: MLflow knows no such thing.
            RegistryRefused: MLflow refused the call; for credentials the message says what to check.
            RegistryError: MLflow failed.
        """
        status, body = self._exchange(method, path, message)
        answer = _json_object(body)
        if status != 200:
            raise _refusal(status, answer, body, path)
        if answer is None:
            raise RegistryUnreachable(_WRONG_ADDRESS, may_be_done=True)
        return answer

    def ask(self, path: str, *, signed_in: bool = True, limit: int | None = None) -> tuple[int, bytes]:
        """Returns status and body of whatever answers a GET.

        Args:
            path: Below MLflow's address.
            signed_in: Whether Checkpoint shows its credentials.
            limit: Of a longer body so many bytes and a few more are read; without a limit it is an error.

        Raises:
            RegistryUnreachable: no connection.
            RegistryTimeout: no whole answer in time.
        """
        return self._exchange("GET", path, None, signed_in=signed_in, limit=limit)

    def stream(self, path: str) -> Iterator[bytes]:
        """Yields the body of a GET piece by piece; between two pieces MLflow may take as long as for an answer.

        Raises:
            RegistryUnreachable: no connection, or it broke off in the middle.
            RegistryTimeout: no answer, or no further piece, in time.
            RegistryNotFound: MLflow has no such thing.
            RegistryError: MLflow failed.
        """
        connections.release()
        try:
            timeout = Timeout(connect=self._connect, read=settings.CHECKPOINT_READ_TIMEOUT)
            response = _pool.request(
                "GET",
                f"{self.base}{path}",
                headers=self._headers,
                timeout=timeout,
                redirect=False,
                preload_content=False,
            )
            try:
                if response.status in (400, 404):
                    raise RegistryNotFound("MLflow has no such file.")
                if response.status != 200:
                    raise RegistryError(f"MLflow did not show a file of the version ({response.status}).")
                while chunk := response.read(_CHUNK):
                    yield chunk
            finally:
                response.close()
        except NewConnectionError as error:
            raise _unreachable(error) from error
        except TimeoutError as error:
            raise RegistryTimeout(_NO_ANSWER) from error
        except HTTPError as error:
            raise _unreachable(error) from error

    def _exchange(
        self,
        method: str,
        path: str,
        message: dict[str, Any] | None,
        *,
        signed_in: bool = True,
        limit: int | None = None,
    ) -> tuple[int, bytes]:
        # MLflow may take long, and others need the database meanwhile. Within a transaction this does nothing.
        connections.release()
        headers = {name: value for name, value in self._headers.items() if signed_in or name != "Authorization"}
        try:
            try:
                return self._send(method, path, message, headers, limit)
            except ProtocolError:
                # MLflow closes idle connections, and the pool may hand one out in that moment. Only reads are
                # repeated: whether a write arrived cannot be known.
                if method != "GET":
                    raise
                return self._send(method, path, message, headers, limit)
        except NewConnectionError as error:  # a TimeoutError to urllib3, though it is an answer: nobody listens
            raise _unreachable(error) from error
        except ConnectTimeoutError as error:
            raise RegistryTimeout(_NO_ANSWER) from error
        except TimeoutError as error:
            raise RegistryTimeout(_NO_ANSWER, may_be_done=True) from error
        except HTTPError as error:
            raise _unreachable(error, may_be_done=True) from error

    def _send(
        self, method: str, path: str, message: dict[str, Any] | None, headers: dict[str, str], limit: int | None
    ) -> tuple[int, bytes]:
        url, body = f"{self.base}{path}", None
        if method == "GET":
            url = f"{url}?{urlencode(message, doseq=True)}" if message else url
        else:
            body, headers = json.dumps(message or {}).encode("ascii"), {**headers, "Content-Type": "application/json"}
        wait = patience.seconds_left(self._wait)
        deadline = time.monotonic() + wait
        timeout = Timeout(connect=min(self._connect, wait), read=wait)
        response = _pool.request(
            method, url, body=body, headers=headers, timeout=timeout, redirect=False, preload_content=False
        )
        try:
            content, is_whole = _read(response, deadline, limit)
        except BaseException:
            response.close()
            raise
        if is_whole:
            response.release_conn()
        else:
            response.close()
        return response.status, content


def _unreachable(error: HTTPError, *, may_be_done: bool = False) -> RegistryUnreachable:
    logger.warning("MLflow cannot be reached: %s", error)
    return RegistryUnreachable("MLflow cannot be reached. Please try again in a moment.", may_be_done=may_be_done)


def _read(response: BaseHTTPResponse, deadline: float, limit: int | None) -> tuple[bytes, bool]:
    """Returns the body, and whether it is all of it."""
    # The socket's timeout bounds one read only: a server that sends a byte now and then would hold a page for ever.
    content = bytearray()
    while chunk := response.read1(_CHUNK):
        content += chunk
        if time.monotonic() > deadline:
            raise RegistryTimeout(_NO_ANSWER, may_be_done=True)
        if limit is not None and len(content) > limit:
            return bytes(content), False
        if len(content) > LARGEST_ANSWER:
            raise RegistryError("MLflow's answer is too large to be shown.")
    return bytes(content), True


def _authorization() -> dict[str, str]:
    if settings.CHECKPOINT_REGISTRY_TOKEN:
        return {"Authorization": f"Bearer {settings.CHECKPOINT_REGISTRY_TOKEN}"}
    if settings.CHECKPOINT_REGISTRY_USERNAME:
        pair = f"{settings.CHECKPOINT_REGISTRY_USERNAME}:{settings.CHECKPOINT_REGISTRY_PASSWORD}"
        return {"Authorization": f"Basic {b64encode(pair.encode()).decode('ascii')}"}
    return {}


def _json_object(body: bytes) -> dict[str, Any] | None:
    try:
        found = json.loads(body)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def _refusal(status: int, answer: dict[str, Any] | None, body: bytes, path: str) -> RegistryError:
    code = str((answer or {}).get("error_code", ""))
    said = " ".join(str((answer or {}).get("message", "")).split())[:500]
    match status, code:
        case 401, _:
            return RegistryRefused(
                "MLflow refuses Checkpoint's own credentials: an administrator must check "
                "CHECKPOINT_REGISTRY_USERNAME and CHECKPOINT_REGISTRY_PASSWORD, or CHECKPOINT_REGISTRY_TOKEN."
            )
        case 403, "" if b"Invalid Host" in body:
            return RegistryRefused(
                "MLflow refuses Checkpoint's calls (403): an administrator must let MLflow accept the host name in "
                "CHECKPOINT_REGISTRY_URL (mlflow server --allowed-hosts)."
            )
        case 403, "":
            return RegistryRefused(
                "MLflow does not let Checkpoint's own account do this: an administrator must give it more."
            )
        case _, "RESOURCE_DOES_NOT_EXIST":
            return RegistryNotFound(said)
        case _, "RESOURCE_ALREADY_EXISTS":
            return AlreadyExists(said)
        case 404, _:
            return NotInMlflow(_WRONG_ADDRESS) if body == _NO_ROUTE else NoSuchRoute(_WRONG_ADDRESS)
        case 500, "":
            return NoSuchRoute(_WRONG_ADDRESS)
        case 408 | 504, _:
            return RegistryTimeout(_NO_ANSWER, may_be_done=True)
        case 429 | 502 | 503, _:
            # 502 is what a server in front of MLflow says when MLflow broke off in the middle.
            return RegistryUnreachable(
                f"MLflow is not available ({status}). Please try again in a moment.", may_be_done=status == 502
            )
    if code == "INVALID_PARAMETER_VALUE":
        return BadParameter(f"MLflow refused: {said}")
    if code and (status < 500 or code == "FEATURE_DISABLED"):
        return RegistryRefused(f"MLflow refused: {said}")
    if 300 <= status < 400 or not code:
        return RegistryUnreachable(_WRONG_ADDRESS)
    # What MLflow says of its own failures may name its database and its files: that is for the log alone.
    logger.warning("MLflow answered %s %s to %s: %s", status, code, path, said)
    return RegistryError(f"MLflow failed ({status} {code}). Its log says why.")
