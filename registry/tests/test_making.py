"""What a version is made of, as far as its place tells: no name in it keeps the rest from being known."""

from types import SimpleNamespace

import pytest

from registry.exceptions import RegistryError, RegistryNotFound
from registry.mlflow import making
from registry.transport import BadParameter

RUN, EXPERIMENT = "0" * 32, "7"


class Tracking:
    """MLflow with one run; it refuses to look for what it would call nothing."""

    def get_run(self, run_id):
        if run_id == RUN:
            return SimpleNamespace(
                info=SimpleNamespace(experiment_id=EXPERIMENT, artifact_uri=f"s3://b/{RUN}/artifacts")
            )
        if not run_id.isprintable():
            raise RegistryError("MLflow failed (500): its database takes no such text.")
        if not run_id.isalnum():
            raise BadParameter("MLflow refused: Invalid value for run_id.")
        raise RegistryNotFound("No such run.")

    def get_logged_model(self, model_id):
        raise RegistryNotFound("No such logged model.")


@pytest.mark.parametrize("name", ["my run!", "a%00b", "a%ED%A0%80b", "mlflow-artifacts:", " ", "other"])
def test_a_place_that_names_what_can_be_no_run_does_not_keep_the_rest_from_being_known(name):
    place = f"s3://bucket/{name}/artifacts/{RUN}/artifacts/model"
    made = making.provenance(Tracking(), place, run_id="", model_id="")
    assert RUN in made.run_ids
    assert made.experiment_ids == {EXPERIMENT}
    assert made.locations == {place, f"s3://b/{RUN}/artifacts"}
