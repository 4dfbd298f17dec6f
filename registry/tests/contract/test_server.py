from importlib import metadata

import pytest

from registry.exceptions import RegistryRefused
from registry.tests.contract import worlds
from registry.tests.contract.worlds import RealMlflow

world = worlds.world
mlflow_world = worlds.mlflow_world


def test_an_mlflow_without_workspaces_lists_none(world):
    assert world.client.list_workspaces() == []


@pytest.mark.mlflow
def test_a_workspace_that_mlflow_does_not_have_is_refused_and_not_ignored(mlflow_world):
    from registry.mlflow import connect  # noqa: PLC0415 - only with a real MLflow

    with pytest.raises(RegistryRefused, match="workspaces are not enabled"):
        connect("team-a").search_models()


@pytest.mark.mlflow
def test_settings_of_mlflow_in_the_environment_do_not_reach_the_client(mlflow_world, monkeypatch):
    for variable, value in {
        "MLFLOW_TRACKING_URI": "http://127.0.0.1:1",
        "MLFLOW_REGISTRY_URI": "http://127.0.0.1:1",
        "MLFLOW_TRACKING_TOKEN": "somebody-elses",
        "MLFLOW_WORKSPACE": "elsewhere",
        "HTTP_PROXY": "http://127.0.0.1:1",
        "http_proxy": "http://127.0.0.1:1",
    }.items():
        monkeypatch.setenv(variable, value)
    assert mlflow_world.client.search_models(mlflow_world.prefix) == []


def test_the_server_says_which_version_it_is(world):
    found = world.client.server_version()
    assert found.split(".")[0] == "3"
    if isinstance(world, RealMlflow):
        assert found == metadata.version("mlflow")
        assert world.client.answers_anybody()
