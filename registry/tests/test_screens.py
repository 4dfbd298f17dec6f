import pytest

from registry import screens


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (screens.mlflow_model("a b"), "/#/models/a%20b"),
        (screens.mlflow_model("a", is_prompt=True, workspace="team b"), "/#/prompts/a?workspace=team+b"),
        (screens.mlflow_version("a", "2", workspace="team-b"), "/#/models/a/versions/2?workspace=team-b"),
        (screens.mlflow_version("a", "2", is_prompt=True), "/#/prompts/a"),
        (screens.mlflow_model("skill:@acme/reader"), "/#/skills/%40acme%2Freader"),
        (screens.mlflow_version("skill:reader", "2", workspace="team-b"), "/#/skills/reader?workspace=team-b"),
        (screens.mlflow_version("mcp:com.example/own", "1.0.0"), "/#/mcp-registry/com.example%2Fown"),
        (screens.mlflow_run("7", "r", workspace="team-b"), "/#/experiments/7/runs/r?workspace=team-b"),
        (screens.mlflow_logged_model("7", "m", workspace="team-b"), "/#/experiments/7/models/m?workspace=team-b"),
    ],
)
def test_a_screen_of_mlflow_is_that_of_the_workspace(path: str, expected: str) -> None:
    assert path == expected
