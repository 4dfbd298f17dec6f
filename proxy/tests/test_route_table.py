"""MLflow's real route table, read from the installed server, against the guard's."""

import re
import warnings

import pytest

from proxy.guard.messages import SHAPES, camel_case
from proxy.guard.routes import (
    INDIRECT_CALLS,
    READ_METHODS,
    READING_POSTS,
    REGISTRY_CALLS,
    Traffic,
    classify,
    path_fault,
)
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
    for route in routes:
        router = getattr(route, "original_router", None)
        if router is not None:
            yield from _walk(router.routes, prefix + getattr(route.include_context, "prefix", ""))
        elif getattr(route, "methods", None):
            for method in route.methods:
                yield method, prefix + route.path, route.endpoint


@pytest.fixture(scope="module")
def routes():
    """Every (method, example path, handler) of the installed MLflow."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # MLflow's own, about libraries of its own
        found = [*flask_routes(), *fastapi_routes()]
    return [(method, re.sub(r"<[^>]+>|\{[^}]+\}", "x", path), handler) for method, path, handler in found]


def below_version(path):
    return path.partition("/mlflow/")[2]


def test_the_whole_table_is_seen(routes):
    assert len(routes) > 400
    assert {"/v1/traces", "/ajax-api/3.0/jobs/", "/graphql", "/health"} <= {path for _, path, _ in routes}


def test_every_registry_write_of_mlflow_is_classified(routes):
    writes = {
        (method, path)
        for method, path, _ in routes
        if re.search(r"/(registered-models|model-versions)(/|$)", path)
        and method not in READ_METHODS
        and below_version(path) not in READING_POSTS
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


def test_every_rule_matches_a_route_of_mlflow(routes):
    real = {(method, below_version(path)) for method, path, _ in routes}
    assert set(REGISTRY_CALLS) <= real
    assert {("POST", path) for path in READING_POSTS} <= real
    for method, pattern, _, operation in INDIRECT_CALLS:
        assert any(method == wanted and pattern.search(path) for wanted, path, _ in routes), operation


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
