import pytest

from registry import places


@pytest.mark.parametrize(
    ("location", "is_known"),
    [
        ("mlflow-artifacts:/1/run/artifacts/model", True),
        ("mlflow-artifacts:/777", True),
        ("models:/m-0123", True),
        ("runs:/0123/model", True),
        ("prompt-template", True),
        ("", True),
        ("s3://bucket/root/777/0123/artifacts/model", True),
        ("s3://bucket/root/777", False),
        ("s3://bucket/root/777/", False),
        ("s3://bucket/777", False),
        ("s3://bucket", False),
        ("s3://bucket/", False),
        ("file:///mlruns/777", False),
        ("/mlruns/777", False),
        ("/mlruns/777/model", True),
        ("http://[broken/777", False),
        ("http://169.254.169.254/latest", False),
        ("HTTPS://elsewhere.example/models/fraud", False),
        ("ftp://elsewhere.example/models/fraud", False),
        ("https://mlflow.example/api/2.0/mlflow-artifacts/artifacts/1/run/artifacts/model", True),
    ],
)
def test_a_number_alone_may_be_a_whole_experiment(location: str, is_known: bool) -> None:
    assert places.can_be_told(location) is is_known
