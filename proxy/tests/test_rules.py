import pytest

from proxy.admission import without_doubled_slash
from proxy.guard.known_writes import TABLE
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
        "/x/api/2.0/mlflow/registered-models/alias",
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
        ("POST", "/api/2.0/mlflow/registered-models/copy"),
        ("POST", "/api/3.0/mlflow/prompts/copy"),
        ("DELETE", "/ajax-api/3.0/mlflow/prompts/detach"),
        ("POST", "/api/3.0/mlflow/mcp-servers/copy"),
        ("POST", "/api/3.0/mlflow/mcp-servers/io.github/own/detach"),
        ("POST", "/api/2.0/mlflow/users/create"),
        ("PATCH", "/api/2.0/mlflow/users/update-admin"),
        ("POST", "/ajax-api/3.0/mlflow/roles/permissions/add"),
        ("POST", "/gateway/proxy/own/api/2.0/mlflow/registered-models/alias"),
        ("POST", "/ml/gateway/proxy/own/ajax-api/3.0/mlflow/newest"),
        ("POST", "/gateway/proxy/own/%2561pi/2.0/mlflow/runs/create"),
    ],
)
def test_unknown_and_indirect_registry_writes_are_forbidden(method, path):
    assert classify(method, path).traffic == Traffic.FORBIDDEN


@pytest.mark.parametrize(
    ("method", "path", "operation"),
    [
        ("POST", "/api/3.0/mlflow/mcp-servers/io.github%2Fown/versions", "register-entry"),
        ("POST", "/ajax-api/3.0/mlflow/skills/@team/reader/versions", "register-entry"),
        ("POST", "/ml/api/3.0/mlflow/skills/reader/Versions/", "register-entry"),
        ("POST", "/api/3.0/mlflow/skills/bulk%2Dregister", "register-entry"),
        ("POST", "/api/3.0/mlflow/mcp-servers/io.github%2Fown/aliases", "set-entry-alias"),
        ("POST", "/api/3.0/mlflow/MCP-servers/io.github/own/Aliases/", "set-entry-alias"),
        ("DELETE", "/api/3.0/mlflow/mcp-servers/io.github/own/aliases/champion", "delete-entry-alias"),
        ("PATCH", "/api/3.0/mlflow/mcp-servers/io.github/own/versions/1.0/", "update-entry-version"),
        ("DELETE", "/ml/api/3.0/mlflow/mcp-servers/io.github/own/versions/1.0.0", "delete-entry-version"),
        ("DELETE", "/api/3.0/mlflow/mcp-servers/io.github/own", "delete-entry"),
        ("POST", "/api/3.0/mlflow/skills/reader/aliases", "set-entry-alias"),
        ("POST", "/api/3.0/mlflow/skills/@team/reader/aliases", "set-entry-alias"),
        ("DELETE", "/ajax-api/3.0/mlflow/skills/%40team/reader/aliases/champion", "delete-entry-alias"),
        ("PATCH", "/api/3.0/mlflow/skills/reader/versions/3", "update-entry-version"),
        ("DELETE", "/api/3.0/mlflow/skills/reader/versions/3", "delete-entry-version"),
        ("POST", "/api/3.0/mlflow/skills/reader/versions/3/tags", "tag-entry"),
        ("DELETE", "/api/3.0/mlflow/skills/%2540team/reader", "delete-entry"),
    ],
)
def test_writes_of_skills_and_mcp_servers_are_guarded(method, path, operation):
    route = classify(method, path)
    assert (route.traffic, route.operation) == (Traffic.GUARDED, operation)


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
        ("POST", "/gateway/proxy/own/v1/chat/completions", False),
        ("POST", "/ml/ajax-api/2.0/mlflow/runs/create", False),
        ("POST", "/api/3.0/mlflow/mcp-servers/io.github%2Fown/endpoints", False),
        ("PATCH", "/api/3.0/mlflow/skills/%40team/reader", False),
        ("POST", "/api/2.0/mlflow/runs/log-batch", False),
        ("POST", "/api/2.0/mlflow/runs%2Flog-batch", False),
        ("GET", "/api/2.0/mlflow-artifacts/artifacts/1/a%20b", True),
        ("DELETE", "/api/2.0/mlflow/logged-models/m-1/tags/x", False),
        ("PATCH", "/api/2.0/mlflow/logged-models/m-1/tags", False),
        ("GET", "/ajax-api/2.0/mlflow/upload-artifact", True),
        ("POST", "/v1/traces", False),
    ],
)
def test_everything_else_passes_and_reads_are_known(method, path, is_read):
    route = classify(method, path)
    assert (route.traffic, route.operation, route.is_read) == (Traffic.PASS, "", is_read)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/api/2.0/mlflow/runs/purge"),
        ("PUT", "/api/2.0/mlflow/runs/create"),
        ("POST", "/api/2.0/mlflow/Runs/Create"),
        ("POST", "/api/2.0/mlflow/runs/create/more"),
        ("POST", "/api/4.0/mlflow/runs/create"),
        ("POST", "/api/2.0/preview/mlflow/runs/create"),
        ("POST", "/api/2.0/mlflow%252Fruns%252Fcreate"),
        ("POST", "/newest/{anything}/ajax-api/2.0/mlflow/runs/create"),
        ("POST", "/mcp"),
        ("POST", "/v1/logs"),
        ("POST", "/gateway/newest/v1/chat"),
        ("POST", "/gateway/graphql"),
        ("DELETE", "/"),
        ("PATCH", "/api/3.0/mlflow/skills/reader/more"),
    ],
)
def test_a_write_that_no_tested_mlflow_has_is_unknown(method, path):
    assert classify(method, path).traffic == Traffic.UNKNOWN
    assert not classify(method, path).is_read


@pytest.mark.parametrize("prefix", ["/api/2.0/", "/ajax-api/3.0/", "/ml/ajax-api/2.0/", "/a/b/api/3.0/"])
def test_the_table_says_what_is_done(prefix):
    for write in TABLE:
        path = write.path.replace("**", "some/name").replace("*", "some")
        route = classify(write.method, path if path.startswith("/") else prefix + path)
        assert (route.traffic, route.operation, route.is_read) == (write.traffic, write.operation, write.is_read), write


def test_a_call_is_in_the_table_once():
    assert len({(write.method, write.path) for write in TABLE}) == len(TABLE)


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
        ("PATCH", "/ajax-api/2.0/mlflow/logged%2Dmodels/m-1", Traffic.GUARDED, "finalize-logged-model"),
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


@pytest.mark.parametrize("before", ["", "/ml", "/a/b"])
@pytest.mark.parametrize(
    "path",
    [
        "/gateway/openai/mlflow/invocations",
        "/gateway/gemini/v1beta/models/own:generateContent",
        "/gateway/gemini/v1beta/models/own%3AstreamGenerateContent",
        "/gateway/mlflow/v1/chat/completions",
        "/gateway/mlflow/v1/chat%2Fcompletions/",
        "/Gateway/OpenAI/v1/responses",
        "/gateway/anthropic/v1/messages",
    ],
)
def test_what_is_sent_to_a_model_is_read(before, path):
    found = classify("POST", before + path)
    assert (found.traffic, found.operation) == (Traffic.GUARDED, "call-model")


@pytest.mark.parametrize("end", ["%3F", "%3Fx", "%23", "%23x", "%253Fx", "%252523"])
@pytest.mark.parametrize(
    "path",
    [
        "api/2.0/mlflow/runs/delete",
        "api/2.0/mlflow/registered-models/alias",
        "ajax-api/3.0/jobs/",
        "api/2.0/mlflow/experiments/delete",
        "mlflow/runs/delete",
        "x/api/2.0/mlflow/runs/create",
    ],
)
def test_the_gateway_is_not_made_to_call_mlflow_itself(path, end):
    found = classify("POST", f"/gateway/proxy/endpoint/{path}{end}")
    assert (found.traffic, found.operation) == (Traffic.FORBIDDEN, "gateway-loop")


@pytest.mark.parametrize("family", ["/api/2.0", "/ajax-api/2.0", "/api/3.0"])
@pytest.mark.parametrize(
    "write",
    [write for write in TABLE if not write.path.startswith("/")],
    ids=lambda write: f"{write.method} {write.path}",
)
def test_a_doubled_slash_in_front_is_read_as_one_of_what_only_reads(family, write):
    path = f"{family}/{write.path.replace('**', 'x').replace('*', 'x')}"
    single = without_doubled_slash(write.method, f"/{path}")
    assert single == (path if classify(write.method, path).is_read else f"/{path}")


@pytest.mark.parametrize(
    ("method", "path", "single"),
    [
        ("POST", "//api/2.0/mlflow/runs/search", "/api/2.0/mlflow/runs/search"),
        ("GET", "//api/2.0/mlflow/runs/get", "/api/2.0/mlflow/runs/get"),
        ("HEAD", "//health", "/health"),
        ("GET", "//version", "/version"),
        ("POST", "//health", "//health"),
        ("POST", "//api/2.0/mlflow/runs%2Fsearch", "//api/2.0/mlflow/runs%2Fsearch"),
        ("POST", "//api/2.0/mlflow/runs/create", "//api/2.0/mlflow/runs/create"),
        ("POST", "///api/2.0/mlflow/runs/search", "///api/2.0/mlflow/runs/search"),
        ("GET", "//api//2.0/mlflow/runs/get", "//api//2.0/mlflow/runs/get"),
        ("GET", "//checkpoint/healthz", "//checkpoint/healthz"),
        ("GET", "//", "//"),
    ],
)
def test_which_doubled_slash_is_read_as_one(method, path, single):
    assert without_doubled_slash(method, path) == single
