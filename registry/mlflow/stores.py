"""MLflow's REST stores, which know its messages and routes, calling through Checkpoint's transport."""

import json
from collections import OrderedDict
from typing import Any, NoReturn, TypeVar
from urllib.parse import quote

from google.protobuf.json_format import ParseError
from google.protobuf.message import Message
from mlflow.entities import Metric, Param, Run, RunData, RunTag
from mlflow.protos.service_pb2 import GetRun
from mlflow.store.model_registry.rest_store import RestStore as MlflowRegistryStore
from mlflow.store.tracking.rest_store import RestStore as MlflowTrackingStore
from mlflow.utils.proto_json_utils import parse_dict
from typing_extensions import override

from registry.exceptions import RegistryError
from registry.mlflow.entities import number_of
from registry.transport import Transport

M = TypeVar("M", bound=Message)
_MOST_PLACES = 10_000
_UNREADABLE = (AttributeError, KeyError, TypeError, ValueError)
"""What Python says of JSON of another shape."""


class _Places(OrderedDict[tuple[str, str], str]):
    """{(MLflow's address, run or logged model): where its artifacts lie} of those asked for last. For many threads."""

    @override
    def __setitem__(self, key: tuple[str, str], place: str) -> None:
        super().__setitem__(key, place)
        while len(self) > _MOST_PLACES:
            self.popitem(last=False)


_places = _Places()


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

    @override
    def get_run(self, run_id: str) -> Run:
        """Returns a run. Its figures are read as plain JSON: as protocol buffers 10,000 take a tenth of a second.

        Raises:
            RegistryError: as `Transport.call`; also if the answer cannot be read.
        """
        path, method = self._METHOD_TO_INFO[GetRun]
        answer = self._transport.call(method, path, {"run_uuid": run_id, "run_id": run_id})
        try:
            data = answer["run"].setdefault("data", {})
            metrics = [_metric(one) for one in data.pop("metrics", [])]
            params = [Param(one["key"], one.get("value", "")) for one in data.pop("params", [])]
        except _UNREADABLE as error:
            raise _unreadable() from error
        run = Run.from_proto(_parsed(answer, GetRun.Response()).run)
        _places[self._transport.base, run_id] = run.info.artifact_uri
        tags = [RunTag(*tag) for tag in run.data.tags.items()]
        return Run(run.info, RunData(metrics, params, tags), run.inputs, run.outputs)

    def run_place(self, run_id: str) -> str:
        """Returns where a run's artifacts lie, which never changes: MLflow is asked once.

        Raises:
            RegistryError: as `get_run`.
        """
        known = _places.get((self._transport.base, run_id))
        return known if known is not None else str(self.get_run(run_id).info.artifact_uri)

    def model_place(self, model_id: str) -> str:
        """Returns where a logged model's artifacts lie, which never changes: MLflow is asked once.

        Raises:
            RegistryError: as `Transport.call`; RegistryNotFound where there is none, or none any more.
        """
        known = _places.get((self._transport.base, model_id))
        if known is None:
            known = _places[self._transport.base, model_id] = str(self.get_logged_model(model_id).artifact_location)
        return known

    def experiment_place(self, experiment_id: str) -> str:
        """Returns where the artifacts of an experiment's runs lie.

        Raises:
            RegistryError: as `Transport.call`; RegistryNotFound where there is none.
        """
        return str(self.get_experiment(experiment_id).artifact_location)

    def get_job_run(self, job_id: str) -> str:
        """Returns the run of a job; MLflow's own store has no method for it."""
        answer = self._transport.call("GET", f"/api/3.0/mlflow/prompt-optimization/jobs/{quote(job_id, safe='')}")
        return str(answer.get("job", {}).get("run_id", ""))


def _call(transport: Transport, method: str, path: str, json_body: str | None, response: Message) -> Message:
    return _parsed(transport.call(method, path, json.loads(json_body) if json_body else None), response)


def _parsed(answer: dict[str, Any], response: M) -> M:
    try:
        parse_dict(answer, response)
    except ParseError as error:
        raise _unreadable() from error
    return response


def _metric(one: dict[str, Any]) -> Metric:
    return Metric(
        one["key"],
        number_of(one.get("value", 0.0)),
        int(one.get("timestamp", 0)),
        int(one.get("step", 0)),
        model_id=one.get("model_id"),
        # "" for None: MLflow's entity refuses one without the other, and nobody could look at the run.
        dataset_name=one.get("dataset_name", ""),
        dataset_digest=one.get("dataset_digest", ""),
        run_id=one.get("run_id"),
    )


def _unreadable() -> RegistryError:
    return RegistryError("MLflow's answer cannot be read: it may be a version that Checkpoint does not know.")


def _no_host_creds() -> NoReturn:
    # Whatever in MLflow asks for these would go round the transport, with the environment's credentials.
    raise RuntimeError("Calls to MLflow go through registry.transport.")
