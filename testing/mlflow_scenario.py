"""What a team does with MLflow's client, as a program of its own: prints what it saw as JSON, {area: facts}.

Run it once against MLflow and once against Checkpoint; `test_mlflow_client.py` compares. Ids and times, which two runs
cannot share, are replaced by labels; nothing else is.

    python mlflow_scenario.py ADDRESS PREFIX [AREA ...]
"""

import hashlib
import json
import os
import re
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import mlflow
import requests
from mlflow import MlflowClient
from mlflow.entities import Metric, Param, RunTag
from mlflow.entities._mlflow_object import _MlflowObject
from mlflow.exceptions import MlflowException

ARTIFACT_NAMES = [
    "plain.txt",
    "with space.txt",
    "a+b.txt",
    "100%.txt",
    "a%2Fb.txt",
    "%41.txt",
    "caf\u00e9.txt",
    "\u6a21\u578b.txt",
    "hash#quote'.txt",
    "q&a=1;b,c.txt",
    "(round)[square]{curly}.txt",
    "tilde~at@colon.txt",
]
BIG = 100 * 1024 * 1024

_TIMES = re.compile(r"(?:time|timestamp|_at|date)(?:_ms|_ns|_nano)?$|^(?:start|end)_time_unix_nano$")
_NOW = re.compile(r"\b1[7-9]\d{11}\b")
_IDS = re.compile(r"\b(?:(?:tr-|m-|a-|d-)?[0-9a-f]{32}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\b")


class Run:
    """One run of the scenario: the client, plain HTTP with the same credentials, and names of its own."""

    def __init__(self, address: str, prefix: str) -> None:
        self.address, self.prefix = address, prefix
        self.client = MlflowClient(address, address)
        self.http = requests.Session()
        self.http.headers["Accept-Encoding"] = "identity"
        if token := os.environ.get("MLFLOW_TRACKING_TOKEN"):
            self.http.headers["Authorization"] = f"Bearer {token}"
        self.folder = Path(tempfile.mkdtemp())
        self._ids: dict[str, str] = {}

    def name(self, rest: str) -> str:
        return f"{self.prefix}{rest}"

    def experiment(self, rest: str) -> str:
        return self.learn(self.client.create_experiment(self.name(rest)), "experiment")

    def start(self, rest: str) -> str:
        """Returns the id of a run in an experiment of its own."""
        return self.start_in(self.experiment(rest))

    def start_in(self, experiment: str) -> str:
        return self.client.create_run(experiment, run_name="named").info.run_id

    def learn(self, value: str, label: str) -> str:
        """Gives an id that is not recognised by its looks a label; returns it."""
        self._ids[value] = f"<{label}>"
        return value

    def call(self, method: str, path: str, **arguments: Any) -> dict[str, Any]:
        """Calls by plain HTTP; returns status, headers and body as facts."""
        answer = self.http.request(method, self.address + path, allow_redirects=False, timeout=100, **arguments)
        # The last two are Checkpoint's own (proxy/tests/test_policy.py).
        hidden = {"expires", "date", "server", "connection", "transfer-encoding"}
        hidden |= {"content-security-policy", "x-content-type-options"}
        found = {name.lower(): value for name, value in answer.headers.items() if name.lower() not in hidden}
        try:
            content: Any = answer.json()
        except ValueError:
            content = answer.text if len(answer.content) < 2000 else hashlib.sha256(answer.content).hexdigest()
        if "artifact" in path:  # made by this run, at another time than the other run's
            found |= {name: "<time>" for name in ("etag", "last-modified") if name in found}
        if path.startswith("/static-files/"):  # Checkpoint lets browsers keep them for another time
            found.pop("cache-control", None)
        if found.get("content-length") == str(len(answer.content)):  # ids that are numbers are not equally long
            found["content-length"] = "<as long as the body>"
        return {"status": answer.status_code, "headers": dict(sorted(found.items())), "content": content}

    def facts(self, value: Any, key: str = "") -> Any:
        """Returns a value as JSON, with labels for ids and times."""
        if isinstance(value, _MlflowObject):
            value = dict(value)
        if isinstance(value, dict):
            return {self.facts(str(name)): self.facts(found, str(name)) for name, found in value.items()}
        if isinstance(value, list | tuple | set):
            return [self.facts(found, key) for found in (sorted(value) if isinstance(value, set) else value)]
        if _TIMES.search(key) and value not in (None, 0, "0", ""):
            return "<time>"
        if "experiment" in key and value in self._ids:
            return self._ids[value]
        if isinstance(value, str):
            return self._text(value)
        return value if isinstance(value, int | float | bool | None) else self._text(str(value))

    def _text(self, text: str) -> str:
        text = text.replace(self.address, "<address>").replace(self.prefix, "<prefix>")
        text = _NOW.sub("<time>", text)
        text = re.sub(r"(mlflow-artifacts:/|artifacts/|artifact: ')(\d+)(?=/|$)", r"\1<experiment>", text)
        return _IDS.sub(lambda found: self._ids.setdefault(found[0], f"<id {len(self._ids)}>"), text)


def refusal(attempt: Callable[[], Any]) -> list[str]:
    """Returns class, code and message of the error that an attempt ends in."""
    try:
        found = attempt()
    except MlflowException as error:
        return [type(error).__name__, error.error_code, error.message]
    return ["no refusal", repr(found)]


def digest(path: str | Path) -> str:
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


def experiments(run: Run) -> Any:
    client = run.client
    name = run.name("caf\u00e9 & co/100%+")
    made = run.learn(client.create_experiment(name, tags={"team": "\u6a21 %41+b", "empty": ""}), "experiment")
    client.set_experiment_tag(made, "note", "line\nline\ttab")
    by_name = client.get_experiment_by_name(name)
    client.rename_experiment(made, name + " renamed")
    client.delete_experiment(made)
    deleted = client.get_experiment(made).lifecycle_stage
    client.restore_experiment(made)
    found = client.search_experiments(filter_string=f"name LIKE '{run.prefix}caf\u00e9%'", order_by=["name ASC"])
    missing = refusal(lambda: client.get_experiment("987654321"))
    taken = refusal(lambda: client.create_experiment(name + " renamed"))
    return [by_name, deleted, found, missing, taken, client.get_experiment_by_name(run.name("nowhere"))]


def runs(run: Run) -> Any:
    client = run.client
    experiment = run.experiment("runs")
    made = client.create_run(experiment, start_time=1_700_000_000_000, tags={"k": "caf\u00e9"}, run_name="a +%b")
    run_id = made.info.run_id
    metrics = [Metric(f"m{number % 10}", number / 7, 1_700_000_000_000 + number, number) for number in range(1000)]
    for at in range(0, 1000, 250):
        client.log_batch(run_id, metrics[at : at + 250])
    params = [Param(f"p/{number} x", "v" * number) for number in range(100)]
    client.log_batch(run_id, params=params, tags=[RunTag(f"t{number}", "\u6a21") for number in range(100)])
    client.log_metric(run_id, "inf", float("inf"), timestamp=1_700_000_000_000)
    client.log_metric(run_id, "tiny", 5e-324, timestamp=1_700_000_000_000)
    client.delete_tag(run_id, "t99")
    client.update_run(run_id, status="RUNNING", name="renamed")
    client.set_terminated(run_id, "FINISHED", end_time=1_700_000_001_000)
    history = [[entry.step, entry.value] for entry in client.get_metric_history(run_id, "m3")]
    clash = refusal(lambda: client.log_param(run_id, "p/1 x", "other"))
    found = client.search_runs([experiment], "metrics.m3 > 1 and tags.k = 'caf\u00e9'", order_by=["metrics.m3 DESC"])
    client.delete_run(run_id)
    gone = len(client.search_runs([experiment]))
    client.restore_run(run_id)
    data = client.get_run(run_id).data
    return [history, clash, len(found), gone, data.params, data.metrics, data.tags, client.get_run(run_id).info]


def artifacts(run: Run) -> Any:
    client = run.client
    run_id = run.start("artifacts")
    for size, name in [(0, "empty.bin"), (1, "one.bin"), *((20, name) for name in ARTIFACT_NAMES)]:
        path = run.folder / name
        path.write_bytes(name.encode().ljust(size, b"x")[:size])
        client.log_artifact(run_id, str(path), "d\u00e9p t/100%")
    listed = client.list_artifacts(run_id, "d\u00e9p t/100%")
    back = Path(client.download_artifacts(run_id, "d\u00e9p t/100%", str(run.folder)))
    # MLflow itself decodes once too often: it stores `a%2Fb.txt` as `a/b.txt`. The same through Checkpoint, no better.
    got = {str(path.relative_to(back)): digest(path) for path in sorted(back.rglob("*")) if path.is_file()}
    client.log_text(run_id, "caf\u00e9", "text/in a folder.txt")
    text = mlflow.artifacts.load_text(f"runs:/{run_id}/text/in a folder.txt")
    missing = refusal(lambda: client.download_artifacts(run_id, "nowhere.bin"))
    return [listed, got, text, missing[:2], client.list_artifacts(run_id)]


def big_artifact(run: Run) -> Any:
    client = run.client
    run_id = run.start("big")
    piece, path = os.urandom(1024 * 1024), run.folder / "big.bin"
    with path.open("wb") as output:
        for _ in range(BIG // len(piece)):
            output.write(piece)
    sent = digest(path)
    client.log_artifact(run_id, str(path))
    path.unlink()
    back = client.download_artifacts(run_id, "big.bin", str(run.folder))
    return [Path(back).stat().st_size, digest(back) == sent, client.list_artifacts(run_id)]


def registry(run: Run) -> Any:
    client = run.client
    name = run.name("fraud caf\u00e9+%41")
    run_id = run.start("registry")
    client.create_registered_model(name, tags={"team": "risk \u6a21"}, description="# Title\n\n*text*")
    for number in range(3):
        client.create_model_version(name, f"runs:/{run_id}/{number}", run_id, tags={"n": str(number)})
    client.update_registered_model(name, "other")
    client.update_model_version(name, "2", "second")
    client.set_registered_model_tag(name, "a b", "c\u00e9")
    client.delete_registered_model_tag(name, "team")
    client.set_model_version_tag(name, "3", "k", "v")
    client.delete_model_version_tag(name, "3", "n")
    client.set_registered_model_alias(name, "candidate", "2")
    client.set_registered_model_alias(name, "candidate", "3")
    by_alias = client.get_model_version_by_alias(name, "candidate").version
    client.delete_registered_model_alias(name, "candidate")
    client.transition_model_version_stage(name, "1", "Staging")
    moved = client.transition_model_version_stage(name, "2", "Staging", archive_existing_versions=True)
    latest = [[found.version, found.current_stage] for found in client.get_latest_versions(name)]
    copied = client.copy_model_version(f"models:/{name}/2", run.name("copies"))
    client.delete_model_version(name, "3")
    client.rename_registered_model(name, name + " renamed")
    models = client.search_registered_models(f"name LIKE '{run.prefix}%'", order_by=["name ASC"])
    versions = client.search_model_versions(f"name = '{name} renamed'", order_by=["version_number DESC"])
    refused = [
        refusal(lambda: client.get_registered_model(name)),
        refusal(lambda: client.create_registered_model(name + " renamed")),
        refusal(lambda: client.get_model_version(name + " renamed", "77")),
        # The guard refuses these itself: MLflow's code, but words of its own.
        refusal(lambda: client.transition_model_version_stage(name + " renamed", "1", "Nowhere"))[:2],
        refusal(lambda: client.create_registered_model(""))[:2],
    ]
    uri = client.get_model_version_download_uri(name + " renamed", "2")
    client.delete_registered_model(run.name("copies"))
    return [by_alias, moved, latest, copied, models, versions, refused, uri]


def prompts(run: Run) -> Any:
    name = run.name("greeting")
    first = mlflow.genai.register_prompt(name, "Hello {{ name }}, caf\u00e9", commit_message="one", tags={"a": "b"})
    second = mlflow.genai.register_prompt(name, [{"role": "user", "content": "Hi {{ name }}"}])
    mlflow.genai.set_prompt_alias(name, "candidate", 2)
    by_alias = mlflow.genai.load_prompt(f"prompts:/{name}@candidate")
    run.client.set_prompt_version_tag(name, "1", "judged", "yes")
    run.client.set_prompt_tag(name, "owner", "risk")
    mlflow.genai.delete_prompt_alias(name, "candidate")
    loaded = mlflow.genai.load_prompt(name, version=1)
    found = [[prompt.name, prompt.tags] for prompt in mlflow.genai.search_prompts(f"name = '{name}'")]
    formats = [loaded.format(name="Ada"), by_alias.format(name="Ada")]
    return [first.version, second.version, loaded.tags, loaded.template, by_alias.template, formats, found]


def traces(run: Run) -> Any:
    mlflow.set_experiment(experiment_id=run.experiment("traces"))

    @mlflow.trace(name="outer \u6a21", attributes={"a": 1})
    def outer(value: int) -> int:
        with mlflow.start_span("inner") as span:
            span.set_inputs({"caf\u00e9": value})
            span.set_outputs({"x": "y" * 20_000})
        return value * 2

    for value in range(3):
        outer(value)
    mlflow.flush_trace_async_logging()
    client = run.client
    experiment = client.get_experiment_by_name(run.name("traces")).experiment_id
    found = client.search_traces(locations=[experiment], order_by=["timestamp_ms ASC"])
    trace_id = found[0].info.trace_id
    client.set_trace_tag(trace_id, "k", "v")
    mlflow.log_feedback(trace_id=trace_id, name="good", value=True, rationale="caf\u00e9")
    seen = client.get_trace(trace_id)
    spans = [[span.name, span.inputs, span.outputs, span.attributes.get("a")] for span in seen.data.spans]
    feedback = [[found.name, found.value, found.rationale] for found in seen.info.assessments]
    tags = {key: value for key, value in seen.info.tags.items() if not key.startswith("mlflow.")}
    deleted = client.delete_traces(experiment, trace_ids=[found[1].info.trace_id])
    left = len(client.search_traces(locations=[experiment]))
    return [len(found), spans, feedback, tags, seen.info.state, deleted, left]


def models(run: Run) -> Any:
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415 - takes seconds that only this area needs

    data = [[0.0, 1.0], [1.0, 0.0], [2.0, 1.0], [3.0, 5.0]]
    model = LogisticRegression().fit(data, [0, 0, 1, 1])
    experiment = run.experiment("models")
    mlflow.set_experiment(experiment_id=experiment)
    name = run.name("predictor")
    with mlflow.start_run(run_name="named") as active:
        logged = mlflow.sklearn.log_model(
            model,
            name="clf",
            registered_model_name=name,
            input_example=[[0.5, 0.5]],
            params={"c": 1},
            pip_requirements=[],
        )
        mlflow.log_metric("auc", 0.75, model_id=logged.model_id)
    client = run.client
    client.set_logged_model_tags(logged.model_id, {"k": "caf\u00e9"})
    client.delete_logged_model_tag(logged.model_id, "k")
    seen = client.get_logged_model(logged.model_id)
    found = client.search_logged_models([experiment], "metrics.auc > 0.5")
    uris = [f"models:/{name}/1", f"runs:/{active.info.run_id}/clf", f"models:/{logged.model_id}"]
    predictions = [[float(x) for x in mlflow.pyfunc.load_model(uri).predict(data)] for uri in uris]
    unchanged = [float(x) for x in model.predict(data)]
    listed = client.list_logged_model_artifacts(logged.model_id)
    client.finalize_logged_model(client.create_logged_model(experiment, "other").model_id, "FAILED")
    version = client.get_model_version(name, "1")
    return [
        [seen.name, str(seen.status), seen.params, [[metric.key, metric.value] for metric in seen.metrics]],
        [len(found), predictions, unchanged, sorted(entry.path for entry in listed)],
        [version.source, version.run_id, version.model_id, mlflow.models.get_model_info(uris[0]).flavors.keys()],
    ]


def webhooks(run: Run) -> Any:
    # Switched off, and for an event that nothing here causes: MLflow calls nobody. It refuses names it cannot resolve.
    client, name = run.client, run.name("hook")
    made = client.create_webhook(
        name, "https://1.1.1.1/x", ["prompt_version_tag.deleted"], description="caf\u00e9", status="DISABLED"
    )
    changed = client.update_webhook(made.webhook_id, description="other", name=name + "-renamed")
    listed = [hook.name for hook in client.list_webhooks() if hook.name.startswith(name)]
    seen = client.get_webhook(made.webhook_id)
    client.delete_webhook(made.webhook_id)
    refused = [refusal(lambda: client.get_webhook(made.webhook_id))]
    refused.append(refusal(lambda: client.create_webhook(name, "http://localhost/x", ["prompt_version_tag.deleted"])))
    plain = [[hook.name, hook.url, str(hook.status), hook.description] for hook in (made, changed, seen)]
    return [plain, listed, refused]


def datasets(run: Run) -> Any:
    experiment = run.experiment("datasets")
    made = mlflow.genai.create_dataset(name=run.name("questions"), experiment_id=experiment, tags={"a": "b"})
    made.merge_records([{"inputs": {"q": "caf\u00e9 %41+"}, "expectations": {"a": "x"}}])
    seen = mlflow.genai.get_dataset(name=run.name("questions"))
    records = [[record["inputs"], record["expectations"]] for record in seen.to_df().to_dict("records")]
    mlflow.genai.delete_dataset(dataset_id=made.dataset_id)
    return [seen.name, seen.tags.get("a"), records]


def ui(run: Run) -> Any:
    """What MLflow's web pages ask for."""
    client = run.client
    experiment = run.experiment("ui")
    run_id = run.start_in(experiment)
    client.log_text(run_id, "caf\u00e9\n" * 40, "notes/a b+c%.txt")
    client.log_metric(run_id, "m", 1.5, timestamp=1_700_000_000_000, step=1)
    name = run.name("shown")
    client.create_registered_model(name)
    client.create_model_version(name, f"runs:/{run_id}/notes", run_id)
    query = {"run_uuid": run_id, "path": "notes/a b+c%.txt"}
    ajax = "/ajax-api/2.0/mlflow"
    graph = "query Q($d: MlflowGetExperimentInput!) { mlflowGetExperiment(input: $d) { experiment { name } } }"
    graphql = {"operationName": "Q", "query": graph, "variables": {"d": {"experimentId": experiment}}}
    assets = re.findall(r"static-files/static/(?:js|css)/main\.[^\"']+", run.http.get(run.address).text)
    asset = f"/{assets[0]}"
    etag = run.http.head(run.address + asset).headers.get("ETag", "")
    return [
        run.call("GET", f"{ajax}/experiments/get", params={"experiment_id": experiment}),
        run.call("POST", f"{ajax}/runs/search", json={"experiment_ids": [experiment], "max_results": 5}),
        run.call("GET", f"{ajax}/metrics/get-history", params={"run_uuid": run_id, "metric_key": "m"}),
        run.call("GET", f"{ajax}/metrics/get-history-bulk", params={"run_id": [run_id], "metric_key": "m"}),
        run.call("GET", f"{ajax}/artifacts/list", params={"run_id": run_id, "path": "notes"}),
        run.call("GET", f"{ajax}/registered-models/search", params={"filter": f"name = '{name}'"}),
        run.call("GET", "/get-artifact", params=query),
        run.call("HEAD", "/get-artifact", params=query),
        run.call("GET", "/get-artifact", params=query, headers={"Range": "bytes=0-9"}),
        run.call("GET", "/model-versions/get-artifact", params={"name": name, "version": 1, "path": "a b+c%.txt"}),
        run.call("POST", f"{ajax}/upload-artifact", params={"run_uuid": run_id, "path": "up.png"}, data=b"\x89PNG\0"),
        run.call("GET", "/get-artifact", params={"run_uuid": run_id, "path": "up.png"}),
        run.call("POST", "/graphql", json=graphql),
        run.call("GET", "/ajax-api/3.0/mlflow/server-info"),
        run.call("GET", "/health"),
        run.call("GET", "/version"),
        run.call("GET", "/static-files/favicon.ico"),
        run.call("HEAD", "/static-files/favicon.ico"),
        run.call("GET", "/static-files/favicon.ico", headers={"Range": "bytes=100-199"}),
        # Checkpoint keeps files with a hash in their name, and answers with headers of its own.
        [run.call("GET", asset)[fact] for fact in ("status", "content")],
        run.call("GET", asset, headers={"If-None-Match": etag})["status"],
        run.call("GET", "/ajax-api/2.0/mlflow/users/current"),
        run.call("GET", "/nowhere"),
        run.call("POST", f"{ajax}/runs/create", data=b"{broken"),
        run.call("OPTIONS", f"{ajax}/experiments/get"),
    ]


def otlp(run: Run) -> Any:
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest  # noqa: PLC0415

    experiment = run.experiment("otlp")
    message = ExportTraceServiceRequest()
    span = message.resource_spans.add().scope_spans.add().spans.add()
    span.trace_id, span.span_id, span.name = os.urandom(16), os.urandom(8), "caf\u00e9"
    span.start_time_unix_nano, span.end_time_unix_nano = 1_700_000_000_000_000_000, 1_700_000_000_500_000_000
    headers = {"Content-Type": "application/x-protobuf", "X-Mlflow-Experiment-Id": experiment}
    sent = run.call("POST", "/v1/traces", data=message.SerializeToString(), headers=headers)
    bad = run.call("POST", "/v1/traces", data=b"\xff\xff", headers=headers)
    found = run.client.search_traces(locations=[experiment])
    return [sent, bad, [[span.name for span in trace.data.spans] for trace in found]]


def artifact_routes(run: Run) -> Any:
    """The routes for multipart and presigned uploads; a local store supports neither, and says so."""
    experiment = run.experiment("routes")
    run_id = run.start_in(experiment)
    path, base = f"{experiment}/{run_id}/artifacts/m u+l%25.bin", "/api/2.0/mlflow-artifacts"
    part = {"path": "m.bin", "num_parts": 2}
    return [
        run.call("PUT", f"{base}/artifacts/{path}", data=b"abc"),
        run.call("GET", f"{base}/artifacts/{path}"),
        run.call("HEAD", f"{base}/artifacts/{path}"),
        run.call("PUT", f"{base}/artifacts/{path}", data=iter([b"ab", b"", b"cd"])),
        run.call("GET", f"{base}/artifacts/{path}"),
        run.call("GET", f"{base}/artifacts", params={"path": f"{experiment}/{run_id}/artifacts"}),
        run.call("POST", f"{base}/mpu/create/{path}", json=part),
        run.call("POST", f"{base}/mpu/complete/{path}", json={"path": "m.bin", "upload_id": "1", "parts": []}),
        run.call("POST", f"{base}/mpu/abort/{path}", json={"path": "m.bin", "upload_id": "1"}),
        run.call("GET", f"{base}/presigned/{path}"),
        run.call("POST", "/api/2.0/mlflow/artifacts/presigned-upload-url", json={"run_id": run_id, "path": "m.bin"}),
        run.call("POST", "/api/2.0/mlflow/artifacts/presigned-download-url", json={"run_id": run_id, "path": "m.bin"}),
        run.call("DELETE", f"{base}/artifacts/{path}"),
        run.call("GET", f"{base}/artifacts/{path}"),
    ]


def guarded(run: Run) -> Any:
    """What is protected: only through Checkpoint."""
    client = run.client
    name = run.name("guarded")
    client.create_registered_model(name)
    run_id = run.start("guarded")
    client.create_model_version(name, f"runs:/{run_id}/model", run_id)
    return [
        refusal(lambda: client.transition_model_version_stage(name, "1", "Production")),
        refusal(lambda: client.set_registered_model_alias(name, "champion", "1")),
    ]


def callers(run: Run) -> Any:
    """The other two ways to say who calls: only through Checkpoint."""
    token = os.environ.pop("MLFLOW_TRACKING_TOKEN")
    nobody = refusal(lambda: run.client.search_experiments(max_results=1))
    found = []
    for secret in (token, os.environ["SCENARIO_PASSWORD"], "wrong"):
        os.environ |= {"MLFLOW_TRACKING_USERNAME": "ada", "MLFLOW_TRACKING_PASSWORD": secret}
        found.append(refusal(lambda: len(run.client.search_experiments(max_results=1))))
    return [nobody, found]


SHARED = [
    *(experiments, runs, artifacts, big_artifact, registry, prompts, traces, models),
    *(webhooks, datasets, ui, otlp, artifact_routes),
]
ONLY_THROUGH_CHECKPOINT = [guarded, callers]


def main() -> None:
    address, prefix, *wanted = sys.argv[1:]
    mlflow.set_tracking_uri(address)
    mlflow.set_registry_uri(address)
    run = Run(address, prefix)
    seen: dict[str, Any] = {}
    for area in [*SHARED, *ONLY_THROUGH_CHECKPOINT]:
        if area.__name__ not in wanted:
            continue
        began = time.monotonic()
        try:
            found = run.facts(area(run))
        except Exception:  # noqa: BLE001 - any failure is that area's, told to the test that reads it
            seen[area.__name__] = {"failed": traceback.format_exc()}
        else:
            seen[area.__name__] = {"facts": found, "seconds": round(time.monotonic() - began, 2)}
    sys.stdout.write(json.dumps(seen, ensure_ascii=False))


if __name__ == "__main__":
    main()
