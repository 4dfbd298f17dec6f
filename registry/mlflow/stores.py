"""MLflow's REST stores, which know its messages and routes, calling through Checkpoint's transport."""

import json
from typing import Any, NoReturn
from urllib.parse import quote

from google.protobuf.json_format import ParseError
from google.protobuf.message import Message
from mlflow.store.model_registry.rest_store import RestStore as MlflowRegistryStore
from mlflow.store.tracking.rest_store import RestStore as MlflowTrackingStore
from mlflow.utils.proto_json_utils import parse_dict

from registry.exceptions import RegistryError
from registry.transport import Transport


class RegistryStore(MlflowRegistryStore):
    """Registered models and their versions."""

    def __init__(self, transport: Transport) -> None:
        super().__init__(_no_host_creds)
        self._transport = transport

    def _call_endpoint(
        self, api: Any, json_body: str, call_all_endpoints: bool = False, extra_headers: dict[str, str] | None = None
    ) -> Message:
        path, method = self._get_endpoint_from_method(api)
        return _call(self._transport, method, path, json_body, api.Response())


class TrackingStore(MlflowTrackingStore):
    """Runs, logged models and jobs."""

    def __init__(self, transport: Transport) -> None:
        super().__init__(_no_host_creds)
        self._transport = transport

    def _call_endpoint(
        self,
        api: Any,
        json_body: str | None = None,
        endpoint: str | None = None,
        retry_timeout_seconds: int | None = None,
        response_proto: Message | None = None,
    ) -> Message:
        path, method = self._METHOD_TO_INFO[api]
        return _call(self._transport, method, endpoint or path, json_body, response_proto or api.Response())

    def get_job_run(self, job_id: str) -> str:
        """Returns the run of a job; MLflow's own store has no method for it."""
        answer = self._transport.call("GET", f"/api/3.0/mlflow/prompt-optimization/jobs/{quote(job_id, safe='')}")
        return str(answer.get("job", {}).get("run_id", ""))


def _call(transport: Transport, method: str, path: str, json_body: str | None, response: Message) -> Message:
    answer = transport.call(method, path, json.loads(json_body) if json_body else None)
    try:
        parse_dict(answer, response)
    except ParseError as error:
        raise RegistryError("MLflow's answer cannot be read: it may be a version that Checkpoint does not know.") from (
            error
        )
    return response


def _no_host_creds() -> NoReturn:
    # Whatever in MLflow asks for these would go round the transport, with the environment's credentials.
    raise RuntimeError("Calls to MLflow go through registry.transport.")
