import pytest

from proxy.guard.routes import REGISTRY_CALLS, Traffic, classify, path_fault

PREFIXES = ("/api/2.0", "/ajax-api/2.0", "/api/3.0", "/ajax-api/3.0", "/ajax-api/2.0/preview", "/static/api/2.0")


@pytest.mark.parametrize("prefix", PREFIXES)
@pytest.mark.parametrize(("method", "path"), REGISTRY_CALLS)
def test_registry_writes_are_guarded_in_every_family(prefix, method, path):
    route = classify(method, f"{prefix}/mlflow/{path}")
    assert (route.traffic, route.operation) == (Traffic.GUARDED, REGISTRY_CALLS[method, path])
    assert not route.is_read


@pytest.mark.parametrize(
    "path",
    [
        "/api/2.0/mlflow/%72egistered-models/alias",
        "/api/2.0/mlflow%2Fregistered-models%2Falias",
        "/api/2.0/mlflow/%2572egistered-models/alias",
        "/api/2.0/mlflow/Registered-Models/ALIAS",
        "/gateway/proxy/own/api/2.0/mlflow/registered-models/alias",
    ],
)
def test_disguised_registry_writes_are_guarded(path):
    assert classify("POST", path).operation == "set-alias"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/api/2.0/mlflow/registered-models"),
        ("POST", "/api/2.0/mlflow/registered-models/alias/"),
        ("POST", "/api/2.0/mlflow/registered-models/alias;x=1"),
        ("POST", "/api/2.0/mlflow/registered-models/alias\n"),
        ("POST", "/api/2.0/mlflow/registered-models/move"),
        ("PUT", "/api/2.0/mlflow/registered-models/alias"),
        ("POST", "/api/4.0/mlflow/model-versions/release"),
        ("POST", "/api/2.0/mlflow/registered-models/%252e%252e/x"),
        ("POST", "/ajax-api/3.0/jobs/"),
        ("POST", "/ajax-api/3.0/jobs"),
        ("POST", "/ajax-api/3.0/mlflow/demo/generate"),
        ("POST", "/ajax-api/3.0/mlflow/assistant/message"),
        ("PUT", "/ajax-api/3.0/mlflow/assistant/config"),
    ],
)
def test_unknown_and_indirect_registry_writes_are_forbidden(method, path):
    assert classify(method, path).traffic == Traffic.FORBIDDEN


def test_indirect_writes_that_can_be_judged_are_guarded():
    assert classify("DELETE", "/api/3.0/mlflow/workspaces/blue").operation == "delete-workspace"
    assert classify("POST", "/ajax-api/3.0/mlflow/prompt-optimization/jobs").operation == "optimize-prompt"


@pytest.mark.parametrize(
    ("method", "path", "is_read"),
    [
        ("GET", "/", True),
        ("GET", "/api/2.0/mlflow/registered-models/get", True),
        ("HEAD", "/model-versions/get-artifact", True),
        ("OPTIONS", "/api/2.0/mlflow/registered-models/alias", True),
        ("POST", "/api/2.0/mlflow/registered-models/get-latest-versions", True),
        ("POST", "/api/2.0/mlflow/runs/search", True),
        ("POST", "/ajax-api/2.0/mlflow/runs%2Fsearch", False),
        ("POST", "/api/3.0/mlflow/traces/batchGetInfos", True),
        ("POST", "/graphql", True),
        ("POST", "/ajax-api/3.0/jobs/search", True),
        ("POST", "/ajax-api/3.0/mlflow/prompt-optimization/jobs/search", True),
        ("POST", "/gateway/proxy/own/api/2.0/mlflow/runs/search", False),
        ("POST", "/gateway/mlflow/v1/chat/completions", False),
        ("POST", "/api/2.0/mlflow/runs/log-batch", False),
        ("POST", "/api/2.0/mlflow/runs%2Flog-batch", False),
        ("GET", "/api/2.0/mlflow-artifacts/artifacts/1/a%20b", True),
        ("DELETE", "/api/2.0/mlflow/logged-models/m-1/tags/x", False),
        ("PATCH", "/api/2.0/mlflow/logged-models/m-1", False),
        ("GET", "/ajax-api/2.0/mlflow/upload-artifact", True),
        ("POST", "/v1/traces", False),
    ],
)
def test_everything_else_passes_and_reads_are_known(method, path, is_read):
    route = classify(method, path)
    assert (route.traffic, route.operation, route.is_read) == (Traffic.PASS, "", is_read)


@pytest.mark.parametrize(
    ("method", "path", "traffic", "operation"),
    [
        ("PUT", "/api/2.0/mlflow-artifacts/artifacts/1/registered-models/alias", Traffic.SEALED, "change-artifact"),
        ("DELETE", "/ajax-api/2.0/mlflow-artifacts/artifacts/1/x", Traffic.SEALED, "change-artifact"),
        ("POST", "/api/2.0/mlflow-artifacts/mpu/create/1/x", Traffic.SEALED, "change-artifact"),
        ("PUT", "/ml/ajax-api/2.0/mlflow-artifacts/artifacts/1/x", Traffic.SEALED, "change-artifact"),
        ("PUT", "/api/2.0/mlflow%2Dartifacts/artifacts/1/x", Traffic.SEALED, "change-artifact"),
        ("POST", "/ml/ajax-api/2.0/mlflow/upload-artifact", Traffic.SEALED, "upload-artifact"),
        ("DELETE", "/api/2.0/mlflow/logged%2Dmodels/m-1", Traffic.SEALED, "delete-logged-model"),
        ("POST", "/api/2.0/mlflow/artifacts/presigned-upload-url", Traffic.GUARDED, "presign-upload"),
        ("POST", "/ajax-api/2.0/mlflow/runs/delete", Traffic.GUARDED, "delete-run"),
        ("POST", "/api/2.0/mlflow/experiments%2Fdelete", Traffic.GUARDED, "delete-experiment"),
    ],
)
def test_what_changes_a_versions_making_is_judged(method, path, traffic, operation):
    assert (classify(method, path).traffic, classify(method, path).operation) == (traffic, operation)
    assert not classify(method, path).is_read


@pytest.mark.parametrize(
    ("path", "word"),
    [
        ("api/2.0", "begin"),
        ("http://host/api", "begin"),
        ("*", "begin"),
        ("/x/../api", "dot"),
        ("/x/%2e%2e/api", "dot"),
        ("/x/%252e%252e/api", "dot"),
        ("/x/%25252e./api", "dot"),
        ("/x/%2e%2e%2fapi", "dot"),
        ("/./api", "dot"),
        ("/api/..", "dot"),
        ("/api/2.0//mlflow", "slash"),
        ("//api", "slash"),
        ("/api%2f/mlflow", "slash"),
        ("/api\\mlflow", "backslash"),
        ("/api%5cmlflow", "backslash"),
        ("/api%255cmlflow", "backslash"),
        ("/api/%00", "control"),
        ("/api/%0a", "control"),
        ("/api/%250d", "control"),
        ("/api/%7f", "control"),
        ("/api/2.0/mlflow/x;v=1", "matrix"),
        ("/api/2.0/mlflow/x%3bv=1", "matrix"),
        ("/api/%ff", "UTF-8"),
        ("/api/%c0%ae%c0%ae/x", "UTF-8"),
        ("/api/\u00e9", "encoded"),
        ("/api/a b", "encoded"),
        ("/api/x\n", "encoded"),
        ("/api/x#y", "encoded"),
        ("/api/x?y", "encoded"),
    ],
)
def test_paths_that_two_servers_could_read_differently_are_refused(path, word):
    assert word in path_fault(path)


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/api/2.0/mlflow/runs/search",
        "/static-files/static/js/main.1a2b.js",
        "/api/2.0/mlflow-artifacts/artifacts/1/my%20file+1%25.txt",
        "/api/2.0/mlflow-artifacts/artifacts/1/a;b%3Bc",
        "/api/2.0/mlflow-artifacts/artifacts/1/%E6%A8%A1%E5%9E%8B/...hidden",
        "/api/2.0/mlflow-artifacts/artifacts/1/%25ff",
        "/gateway/gemini/v1beta/models/own:generateContent",
        "/api/3.0/mlflow/mcp-servers/io.github%2Fown/versions",
    ],
)
def test_paths_that_a_client_may_send_are_accepted(path):
    assert path_fault(path) == ""


@pytest.mark.parametrize("end", ["%3F", "%3Fx", "%23", "%23x", "%253Fx", "%252523"])
@pytest.mark.parametrize(
    ("path", "operation"),
    [
        ("api/2.0/mlflow/runs/delete", "delete-run"),
        ("api/2.0/mlflow/registered-models/alias", "set-alias"),
        ("ajax-api/3.0/jobs/", "submit-job"),
        ("api/2.0/mlflow/experiments/delete", "delete-experiment"),
    ],
)
def test_what_the_gateway_would_call_ends_where_an_address_ends(path, operation, end):
    found = classify("POST", f"/gateway/proxy/endpoint/{path}{end}")
    assert found.operation in {operation, "unknown-registry-write"}
    assert found.traffic != Traffic.PASS
