"""Every write of the MLflow versions that Checkpoint was tested with, and what becomes of each.

Read from MLflow's source; `tests/test_route_table.py` walks the routes of the installed server, protobuf and ASGI
ones, and finds each of them here. What is not here is not passed on unless an administrator says so
(`unknown_writes`). The coverage page shows this table.
"""

from dataclasses import dataclass, replace
from enum import StrEnum

TESTED_VERSIONS = ("3.17", "3.18")
"""The minor versions of MLflow for which this table stands."""


class Traffic(StrEnum):
    """What becomes of a call."""

    PASS = "pass"  # noqa: S105 - not a password
    SEALED = "sealed"
    GUARDED = "guarded"
    UNKNOWN = "unknown"
    FORBIDDEN = "forbidden"


@dataclass(frozen=True, slots=True)
class Write:
    """A route of MLflow's that is not a GET.

    Attributes:
        subject: The group in which the coverage page shows it.
        path: Below `/api/<version>/`, or from the root where it begins with a slash. `*` is one segment, `**` one or
            more: names of the caller's own.
        operation: What is sealed, guarded or forbidden, for example `set-alias`; empty for what passes.
        is_read: Whether it changes nothing, so that an anonymous reader may make it.
        makes: What it creates of which it is recorded who did, though nobody judges it: `run` or `model`.
        since: The first of the tested versions that has it; empty where all have, `planned` where none has yet.
    """

    subject: str
    method: str
    path: str
    traffic: Traffic
    operation: str = ""
    is_read: bool = False
    since: str = ""
    makes: str = ""


def _since(version: str, writes: list[Write]) -> list[Write]:
    return [replace(write, since=version) for write in writes]


def _passed(subject: str, *calls: str) -> list[Write]:
    return [Write(subject, method, path, Traffic.PASS) for method, path in map(str.split, calls)]


def _reads(subject: str, *paths: str) -> list[Write]:
    return [Write(subject, "POST", path, Traffic.PASS, is_read=True) for path in paths]


def _making(subject: str, made: dict[str, str]) -> list[Write]:
    return [Write(subject, "POST", path, Traffic.PASS, makes=what) for path, what in made.items()]


def _judged(subject: str, traffic: Traffic, calls: dict[str, str]) -> list[Write]:
    return [
        Write(subject, method, path, traffic, operation)
        for call, operation in calls.items()
        for methods, path in [call.split()]
        for method in methods.split("|")
    ]


_REGISTRY = "Registered models and their versions"
_TRACKING = "Experiments, runs and logged models"
_ARTIFACTS = "Artifacts"
_TRACES = "Traces, datasets and labels"
_JUDGES = "Judges and jobs of MLflow's"
_GATEWAY = "Gateway"
_SKILLS = "Skills"
_SERVERS = "MCP servers"
_SERVER = "MLflow itself"

TABLE: tuple[Write, ...] = (
    *_judged(
        _REGISTRY,
        Traffic.GUARDED,
        {
            "POST mlflow/model-versions/transition-stage": "transition-stage",
            "POST mlflow/model-versions/create": "create-version",
            "PATCH mlflow/model-versions/update": "update-version",
            "DELETE mlflow/model-versions/delete": "delete-version",
            "POST mlflow/model-versions/set-tag": "set-version-tag",
            "DELETE mlflow/model-versions/delete-tag": "delete-version-tag",
            "POST mlflow/registered-models/create": "create-model",
            "POST mlflow/registered-models/rename": "rename-model",
            "PATCH mlflow/registered-models/update": "update-model",
            "DELETE mlflow/registered-models/delete": "delete-model",
            "POST mlflow/registered-models/set-tag": "set-model-tag",
            "DELETE mlflow/registered-models/delete-tag": "delete-model-tag",
            "POST mlflow/registered-models/alias": "set-alias",
            "DELETE mlflow/registered-models/alias": "delete-alias",
        },
    ),
    *_reads(_REGISTRY, "mlflow/registered-models/get-latest-versions"),
    # The routes `copy` and `detach` are planned upstream. A prompt is a registered model: whatever comes to write below
    # that word changes the registry too.
    *_since(
        "planned",
        _judged(
            _REGISTRY,
            Traffic.FORBIDDEN,
            {
                "POST|PUT|PATCH|DELETE mlflow/registered-models/copy": "unknown-registry-write",
                "POST|PUT|PATCH|DELETE mlflow/registered-models/detach": "unknown-registry-write",
                "POST|PUT|PATCH|DELETE mlflow/prompts/**": "unknown-registry-write",
            },
        ),
    ),
    *_judged(
        _TRACKING,
        Traffic.GUARDED,
        {
            "POST mlflow/runs/delete": "delete-run",
            "POST mlflow/experiments/delete": "delete-experiment",
            "PATCH mlflow/logged-models/*": "finalize-logged-model",
        },
    ),
    *_judged(_TRACKING, Traffic.SEALED, {"DELETE mlflow/logged-models/*": "delete-logged-model"}),
    *_passed(
        _TRACKING,
        "POST mlflow/experiments/create",
        "POST mlflow/experiments/update",
        "POST mlflow/experiments/restore",
        "POST mlflow/experiments/set-experiment-tag",
        "POST mlflow/experiments/delete-experiment-tag",
        "POST mlflow/runs/update",
        "POST mlflow/runs/restore",
        "POST mlflow/runs/log-batch",
        "POST mlflow/runs/log-inputs",
        "POST mlflow/runs/log-metric",
        "POST mlflow/runs/log-model",
        "POST mlflow/runs/log-parameter",
        "POST mlflow/runs/outputs",
        "POST mlflow/runs/set-tag",
        "POST mlflow/runs/delete-tag",
        "POST mlflow/logged-models/*/params",
        "PATCH mlflow/logged-models/*/tags",
        "DELETE mlflow/logged-models/*/tags/*",
    ),
    *_making(
        _TRACKING,
        {
            "mlflow/runs/create": "run",
            "mlflow/runs/create-promptlab-run": "run",
            "mlflow/logged-models": "model",
        },
    ),
    *_reads(
        _TRACKING,
        "mlflow/experiments/search",
        "mlflow/experiments/search-datasets",
        "mlflow/runs/search",
        "mlflow/logged-models/search",
    ),
    # What the address names is enough to judge these, so a body streams through.
    *_judged(
        _ARTIFACTS,
        Traffic.SEALED,
        {
            "POST|PUT|PATCH|DELETE mlflow-artifacts/**": "change-artifact",
            "POST mlflow/upload-artifact": "upload-artifact",
        },
    ),
    *_judged(_ARTIFACTS, Traffic.GUARDED, {"POST mlflow/artifacts/presigned-upload-url": "presign-upload"}),
    *_reads(_ARTIFACTS, "mlflow/artifacts/presigned-download-url"),
    *_passed(
        _TRACES,
        "POST /v1/traces",
        "POST mlflow/traces",
        "PATCH mlflow/traces/*",
        "PATCH mlflow/traces/*/tags",
        "DELETE mlflow/traces/*/tags",
        "POST mlflow/traces/*/assessments",
        "PATCH mlflow/traces/*/assessments/*",
        "DELETE mlflow/traces/*/assessments/*",
        "POST mlflow/traces/delete-traces",
        "POST mlflow/traces/link-prompts",
        "POST mlflow/traces/link-to-run",
        "POST mlflow/datasets/create",
        "DELETE mlflow/datasets/*",
        "POST mlflow/datasets/*/add-experiments",
        "POST mlflow/datasets/*/remove-experiments",
        "POST mlflow/datasets/*/records",
        "DELETE mlflow/datasets/*/records",
        "PATCH mlflow/datasets/*/tags",
        "DELETE mlflow/datasets/*/tags/*",
        "POST mlflow/issues",
        "PATCH mlflow/issues/*",
        "POST mlflow/label-schemas/create",
        "PATCH mlflow/label-schemas/update",
        "DELETE mlflow/label-schemas/delete",
        "POST mlflow/review-queues/create",
        "POST mlflow/review-queues/delete",
        "POST mlflow/review-queues/get-or-create-user",
        "POST mlflow/review-queues/items/add",
        "POST mlflow/review-queues/items/remove",
        "POST mlflow/review-queues/items/set-status",
        "POST mlflow/review-queues/update",
    ),
    *_reads(
        _TRACES,
        "mlflow/traces/search",
        "mlflow/traces/metrics",
        "mlflow/traces/batchGetInfos",
        "mlflow/traces/calculate-filter-correlation",
        "mlflow/datasets/search",
        "mlflow/issues/search",
    ),
    # Jobs of the server's call a language model as these say; one registers the optimised prompt as a new version.
    *_judged(
        _JUDGES,
        Traffic.GUARDED,
        {
            "POST mlflow/prompt-optimization/jobs": "optimize-prompt",
            "POST mlflow/scorers/register": "register-judge",
            "POST mlflow/scorer/invoke": "invoke-judge",
            "POST mlflow/genai/evaluate/invoke": "evaluate",
            "POST mlflow/issues/invoke": "detect-issues",
        },
    ),
    # Its run goes with it.
    *_judged(_JUDGES, Traffic.SEALED, {"DELETE mlflow/prompt-optimization/jobs/*": "delete-job"}),
    # Any function of MLflow's by its internal name.
    *_judged(_JUDGES, Traffic.FORBIDDEN, {"POST jobs": "submit-job"}),
    *_passed(
        _JUDGES,
        "DELETE mlflow/scorers/delete",
        "PUT mlflow/scorers/online-config",
        "POST mlflow/prompt-optimization/jobs/*/cancel",
        "PATCH mlflow/jobs/cancel/*",
        "PATCH jobs/cancel/*",
    ),
    *_since("3.18", _passed(_JUDGES, "POST mlflow/issues/schedule/state")),
    *_reads(_JUDGES, "mlflow/prompt-optimization/jobs/search", "jobs/search"),
    # What is set here MLflow's gateway calls, with a body of the caller's choice.
    *_judged(
        _GATEWAY,
        Traffic.GUARDED,
        {
            "POST mlflow/gateway/secrets/create": "gateway-secret",
            "POST mlflow/gateway/secrets/update": "gateway-secret",
            "POST mlflow/gateway/model-definitions/create": "model-definition",
            "POST mlflow/gateway/model-definitions/update": "model-definition",
            # What is sent here becomes the arguments of the library that calls the model, an address among them.
            "POST /gateway/mlflow/v1/chat/completions": "call-model",
            "POST /gateway/openai/v1/chat/completions": "call-model",
            "POST /gateway/openai/v1/embeddings": "call-model",
            "POST /gateway/openai/v1/responses": "call-model",
            "POST /gateway/openai/v1/responses/compact": "call-model",
            "POST /gateway/anthropic/v1/messages": "call-model",
            "POST /gateway/gemini/v1beta/models/*": "call-model",
            "POST /gateway/*/mlflow/invocations": "call-model",
        },
    ),
    *_passed(
        _GATEWAY,
        "DELETE mlflow/gateway/secrets/delete",
        "POST mlflow/gateway/budgets/create",
        "POST mlflow/gateway/budgets/update",
        "DELETE mlflow/gateway/budgets/delete",
        "DELETE mlflow/gateway/model-definitions/delete",
        "POST mlflow/gateway/endpoints/create",
        "POST mlflow/gateway/endpoints/update",
        "DELETE mlflow/gateway/endpoints/delete",
        "POST mlflow/gateway/endpoints/set-tag",
        "DELETE mlflow/gateway/endpoints/delete-tag",
        "POST mlflow/gateway/endpoints/models/attach",
        "POST mlflow/gateway/endpoints/models/detach",
        "POST mlflow/gateway/endpoints/bindings/create",
        "DELETE mlflow/gateway/endpoints/bindings/delete",
        "POST mlflow/gateway/guardrails/create",
        "DELETE mlflow/gateway/guardrails/delete",
        "POST mlflow/gateway/guardrails/add-to-endpoint",
        "DELETE mlflow/gateway/guardrails/remove-from-endpoint",
        "PATCH mlflow/gateway/guardrails/update-config",
        "POST mlflow/gateway-proxy",
        "POST /gateway/typesafe/v1/systemone",
        "POST /gateway/proxy/*/**",
    ),
    # Registries beside the models'. Names are the caller's own and may hold slashes: `entries` reads the path again.
    *_since(
        "3.18",
        _judged(
            _SKILLS,
            Traffic.GUARDED,
            {
                "POST mlflow/skills/bulk-register": "register-entry",
                "POST mlflow/skills/**/versions": "register-entry",
                "POST mlflow/skills/**/aliases": "set-entry-alias",
                "DELETE mlflow/skills/**/aliases/*": "delete-entry-alias",
                "PATCH mlflow/skills/**/versions/*": "update-entry-version",
                "POST mlflow/skills/**/versions/*/tags": "tag-entry",
                "DELETE mlflow/skills/**/versions/*/tags/**": "tag-entry",
                "DELETE mlflow/skills/**/versions/*": "delete-entry-version",
                "POST mlflow/skills/**/tags": "tag-entry",
                "DELETE mlflow/skills/**/tags/**": "tag-entry",
                "DELETE mlflow/skills/*": "delete-entry",
                "DELETE mlflow/skills/@*/*": "delete-entry",
            },
        ),
    ),
    *_since(
        "3.18",
        _passed(
            _SKILLS,
            "POST mlflow/skills",
            "PATCH mlflow/skills/*",
            "PATCH mlflow/skills/@*/*",
        ),
    ),
    *_judged(
        _SERVERS,
        Traffic.GUARDED,
        {
            "POST mlflow/mcp-servers/**/versions": "register-entry",
            "POST mlflow/mcp-servers/**/aliases": "set-entry-alias",
            "DELETE mlflow/mcp-servers/**/aliases/**": "delete-entry-alias",
            "PATCH mlflow/mcp-servers/**/versions/**": "update-entry-version",
            "POST mlflow/mcp-servers/**/versions/**/tags": "tag-entry",
            "DELETE mlflow/mcp-servers/**/versions/**/tags/**": "tag-entry",
            "DELETE mlflow/mcp-servers/**/versions/**": "delete-entry-version",
            "POST mlflow/mcp-servers/**/tags": "tag-entry",
            "DELETE mlflow/mcp-servers/**/tags/**": "tag-entry",
            "DELETE mlflow/mcp-servers/**/endpoints/*": "delete-endpoint",
            "DELETE mlflow/mcp-servers/**": "delete-entry",
        },
    ),
    *_since(
        "planned",
        _judged(
            _SERVERS,
            Traffic.FORBIDDEN,
            {
                "POST|PUT|PATCH mlflow/mcp-servers/copy": "entry-copy",
                "POST|PUT|PATCH mlflow/mcp-servers/detach": "entry-copy",
                "POST|PUT|PATCH mlflow/mcp-servers/**/copy": "entry-copy",
                "POST|PUT|PATCH mlflow/mcp-servers/**/detach": "entry-copy",
            },
        ),
    ),
    *_passed(
        _SERVERS,
        "POST mlflow/mcp-servers",
        "PATCH mlflow/mcp-servers/**",
        "POST mlflow/mcp-servers/**/endpoints",
    ),
    # The server itself would delete the models of a workspace, or move them to another one.
    *_judged(_SERVER, Traffic.GUARDED, {"DELETE mlflow/workspaces/*": "delete-workspace"}),
    *_judged(
        _SERVER,
        Traffic.FORBIDDEN,
        {
            # Sets and deletes the alias `production` of prompts of its own, behind the guard's back.
            "POST|PUT|PATCH|DELETE mlflow/demo/**": "demo",
            # Runs tools on MLflow's host, which reach the registry without passing here.
            "POST|PUT|PATCH|DELETE mlflow/assistant/**": "assistant",
            # Whoever has an account of MLflow's own needs no Checkpoint; it would be made with Checkpoint's rights.
            "POST|PUT|PATCH|DELETE mlflow/users/**": "mlflow-account",
            "POST|PUT|PATCH|DELETE mlflow/roles/**": "mlflow-account",
        },
    ),
    *_passed(
        _SERVER,
        "POST mlflow/workspaces",
        "PATCH mlflow/workspaces/*",
        "POST mlflow/webhooks",
        "PATCH mlflow/webhooks/*",
        "DELETE mlflow/webhooks/*",
        "POST mlflow/webhooks/*/test",
    ),
    *_reads(_SERVER, "/graphql", "mlflow/ui-telemetry"),
)
