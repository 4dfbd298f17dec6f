"""MLflow's real route table, read from the installed server, against the guard's.

Run it on each of the tested versions: `make test` does so on the one that is installed, `make test-mlflow-next` on the
next one, in an environment of its own.
"""

import re
import warnings
from importlib.metadata import version

import pytest

from proxy.guard.known_writes import TABLE, TESTED_VERSIONS, Traffic
from proxy.guard.messages import SHAPES, camel_case
from proxy.guard.routes import READ_METHODS, READING_POSTS, REGISTRY_CALLS, classify, path_fault
from proxy.guard.rulings import RULINGS

MESSAGES = {
    "transition-stage": "TransitionModelVersionStage",
    "create-version": "CreateModelVersion",
    "update-version": "UpdateModelVersion",
    "delete-version": "DeleteModelVersion",
    "set-version-tag": "SetModelVersionTag",
    "delete-version-tag": "DeleteModelVersionTag",
    "create-model": "CreateRegisteredModel",
    "rename-model": "RenameRegisteredModel",
    "update-model": "UpdateRegisteredModel",
    "delete-model": "DeleteRegisteredModel",
    "set-model-tag": "SetRegisteredModelTag",
    "delete-model-tag": "DeleteRegisteredModelTag",
    "set-alias": "SetRegisteredModelAlias",
    "delete-alias": "DeleteRegisteredModelAlias",
}
# What MLflow's handlers call to change the registry and what its versions are made of; every function of the server
# that does is looked at below.
REGISTRY_WRITES = re.compile(
    r"\.(create_registered_model|rename_registered_model|delete_registered_model|update_registered_model"
    r"|create_model_version|update_model_version|transition_model_version_stage|delete_model_version"
    r"|set_registered_model_alias|delete_registered_model_alias|set_registered_model_tag|set_model_version_tag"
    r"|delete_registered_model_tag|delete_model_version_tag|delete_workspace"
    r"|delete_run|delete_experiment|delete_logged_model|log_artifact\w*|delete_artifacts)\("
)


def flask_routes():
    from mlflow.server import app  # noqa: PLC0415 - MLflow's server is loaded only where it is installed

    for rule in app.url_map.iter_rules():
        for method in rule.methods:
            yield method, rule.rule, app.view_functions[rule.endpoint]


def fastapi_routes():
    from mlflow.server.fastapi_app import create_fastapi_app  # noqa: PLC0415

    yield from _walk(create_fastapi_app().routes, "")


def _walk(routes, prefix):
    """Yields what ASGI routers answer, nested ones too; a router of a kind unheard of fails the test."""
    for route in routes:
        router = getattr(route, "original_router", None)
        if router is not None:
            yield from _walk(router.routes, prefix + getattr(route.include_context, "prefix", ""))
        elif getattr(route, "methods", None):
            for method in route.methods:
                yield method, prefix + route.path, route.endpoint
        else:
            # The only thing mounted is Flask, which `flask_routes` reads; a websocket would be a way past the guard.
            assert (prefix + route.path, type(route.app).__name__) == ("", "_EfficientWSGIMiddleware"), route


def is_served(handler):
    """Tells whether MLflow does anything there: it registers a route by mistake, which answers 501."""
    return handler.__name__ != "_not_implemented"


@pytest.fixture(scope="module")
def routes():
    """Every (method, example path, handler) of the installed MLflow."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # MLflow's own, about libraries of its own
        found = [*flask_routes(), *fastapi_routes()]
    return [
        (method, re.sub(r"<[^>]+>|\{[^}]+\}", "x", path), handler)
        for method, path, handler in found
        if is_served(handler)
    ]


def below_version(path):
    return path.partition("/mlflow/")[2]


def test_the_whole_table_is_seen(routes):
    assert len(routes) > 400
    assert {"/v1/traces", "/ajax-api/3.0/jobs/", "/graphql", "/health"} <= {path for _, path, _ in routes}
    assert {"/api/3.0/mlflow/mcp-servers", "/ajax-api/3.0/mlflow/assistant/message"} <= {path for _, path, _ in routes}


def test_the_installed_mlflow_is_one_of_those_that_the_table_stands_for():
    assert version("mlflow").startswith(TESTED_VERSIONS)


def test_no_write_of_mlflow_is_unknown(routes):
    unknown = {
        (method, path)
        for method, path, _ in routes
        if method not in READ_METHODS and classify(method, path).traffic is Traffic.UNKNOWN
    }
    assert unknown == set()


def test_no_row_of_the_table_is_made_up(routes):
    real = {(method, path.rstrip("/")) for method, path, _ in routes}

    def is_real(write):
        expression = re.escape(write.path).replace(r"\*\*", ".+").replace(r"\*", "[^/]+").replace("@[^/]+", "@?x")
        root = "" if write.path.startswith("/") else r"/(?:ajax-)?api/[23]\.0/"
        return any(method == write.method and re.fullmatch(root + expression, path) for method, path in real)

    def is_meant(write):
        # Whole families are forbidden, with every method, and may be another app's (`--app-name basic-auth`).
        return write.traffic is Traffic.FORBIDDEN and write.path.endswith("/**")

    installed = version("mlflow")
    expected = [write for write in TABLE if write.since <= installed and not is_meant(write)]
    assert len(expected) > 150
    assert [write for write in expected if not is_real(write) and write.operation != "change-artifact"] == []
    assert [write for write in TABLE if write.since == "planned" and is_real(write)] == []


def test_nobody_gets_an_account_of_mlflows_own_through_checkpoint():
    from mlflow.server.auth import routes as accounts  # noqa: PLC0415

    paths = {
        path
        for name, path in vars(accounts).items()
        if name.isupper() and isinstance(path, str) and re.search(r"/mlflow/(users|roles)/", path)
    }
    assert len(paths) > 30
    for path in paths:
        for method in ("POST", "PATCH", "DELETE"):
            assert classify(method, path).operation == "mlflow-account", path


def test_every_registry_write_of_mlflow_is_classified(routes):
    writes = {
        (method, path)
        for method, path, _ in routes
        if re.search(r"/(registered-models|model-versions)(/|$)", path)
        and method not in READ_METHODS
        and f"mlflow/{below_version(path)}" not in READING_POSTS
    }
    assert len(writes) == 2 * len(REGISTRY_CALLS)
    for method, path in writes:
        assert classify(method, path).operation == REGISTRY_CALLS[method, below_version(path)], (method, path)


def test_every_handler_that_changes_the_registry_is_classified(routes):
    import inspect  # noqa: PLC0415

    changing = {
        (method, path)
        for method, path, handler in routes
        if method not in READ_METHODS and REGISTRY_WRITES.search(inspect.getsource(inspect.unwrap(handler)))
    }
    assert len(changing) > 2 * len(REGISTRY_CALLS)
    assert [call for call in changing if classify(*call).traffic == Traffic.PASS] == []


def test_no_route_of_mlflow_is_refused_for_its_path(routes):
    assert [path for _, path, _ in routes if path_fault(path)] == []


def test_reads_are_never_guarded_and_writes_never_taken_for_reads(routes):
    for method, path, _ in routes:
        route = classify(method, path)
        if method in READ_METHODS:
            assert route.traffic == Traffic.PASS
            assert route.is_read
        elif route.is_read:
            assert path.endswith("/graphql") or re.search(
                r"search|get-latest|batchGet|metrics$|correlation$|presigned-download|search-datasets|ui-telemetry",
                path,
            ), path


def test_every_guarded_operation_has_a_shape_a_ruling_and_mlflows_fields():
    from mlflow.protos import model_registry_pb2  # noqa: PLC0415

    assert set(REGISTRY_CALLS.values()) == set(SHAPES) == set(RULINGS) == set(MESSAGES)
    for operation, shape in SHAPES.items():
        fields = getattr(model_registry_pb2, MESSAGES[operation]).DESCRIPTOR.fields
        assert set(shape.fields) == {field.name for field in fields}, operation
        assert {camel_case(field.name) for field in fields} == {field.json_name for field in fields}
