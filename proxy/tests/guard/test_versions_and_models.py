import pytest

from proxy.guard.rulings import Unchanged
from proxy.tests.guard import calls
from proxy.tests.guard.calls import form, passed, refused, send

pytestmark = pytest.mark.django_db
fraud = calls.fraud
only = calls.only


def test_a_version_that_holds_a_protected_target_is_not_deleted(fraud):
    outcome = refused(send("delete-version", {"name": "Fraud", "version": "2"}))
    assert "version 2 is in Production, version 2 has the alias champion" in outcome.message
    assert form(outcome)["target"] == "stage:Archived"


def test_a_version_with_only_a_protected_alias_is_to_lose_it_first(fraud, only):
    only("alias:champion")
    outcome = refused(send("delete-version", {"name": "Fraud", "version": "2"}))
    assert form(outcome) == {"model": "Fraud", "version": "2", "target": "alias:champion", "change": "remove"}


@pytest.mark.parametrize("version", ["1", "3"])
def test_a_version_that_holds_nothing_in_use_may_be_deleted(fraud, version):
    passed(send("delete-version", {"name": "Fraud", "version": version}))


def test_a_version_of_a_protected_model_is_not_deleted_and_no_request_would_help(fraud, only):
    only("model:Fraud")
    assert refused(send("delete-version", {"name": "Fraud", "version": "1"})).form_path == ""


def test_a_model_that_holds_a_protected_target_is_neither_deleted_nor_renamed(fraud):
    for operation, message in [
        ("delete-model", {"name": "Fraud"}),
        ("rename-model", {"name": "Fraud", "new_name": "Other"}),
    ]:
        assert form(refused(send(operation, message)))["version"] == "2"


def test_a_model_renamed_to_its_own_name_is_answered_as_done_and_not_passed_on(fraud):
    assert send("rename-model", {"name": "Fraud", "new_name": "Fraud"}) == Unchanged("Fraud")
    refused(send("rename-model", {"name": "Fraud", "new_name": "fraud"}))
    refused(send("rename-model", {"name": "Other", "new_name": "Other"}), status=404)


def test_a_model_that_holds_nothing_may_be_deleted_and_renamed(registry):
    registry.add_version("Trial", aliases=("try",))
    passed(send("delete-model", {"name": "Trial"}))
    passed(send("rename-model", {"name": "Trial", "new_name": "Trial2"}))


@pytest.mark.parametrize("name", [" Trial", "Trial ", "\tTrial\n", "\u3000Trial"])
def test_a_model_whose_name_nobody_should_have_is_renamed_to_a_better_one_and_not_back(registry, name):
    registry.add_version(name)
    message = {"name": name, "new_name": "Trial 2"}
    assert passed(send("rename-model", message)) == message
    refused(send("rename-model", {"name": "Trial 2", "new_name": name}), status=400)
    refused(send("delete-model", {"name": name}), status=400)


def test_a_name_with_outer_spaces_that_holds_something_protected_is_not_renamed_away(registry):
    registry.add_version(" Fraud", stage="Production")
    refused(send("rename-model", {"name": " Fraud", "new_name": "Trial"}))


def test_a_name_with_outer_spaces_means_no_model_that_is_called_otherwise(registry):
    registry.add_version("Fraud")
    refused(send("rename-model", {"name": "Fraud ", "new_name": "Trial"}), status=404)


def test_a_model_is_not_renamed_to_where_its_version_would_hold_something_protected(fraud, only):
    only("stage:Production", model_pattern="prod-*")
    passed(send("rename-model", {"name": "Fraud", "new_name": "old-fraud"}))
    refused(send("rename-model", {"name": "Fraud", "newName": "prod-fraud"}))


def test_a_model_with_versions_is_not_renamed_into_a_protected_destination(fraud, only):
    only("model:prod.*")
    refused(send("rename-model", {"name": "Fraud", "new_name": "PROD.fraud"}))
    fraud.add_model("Empty")
    passed(send("rename-model", {"name": "Empty", "new_name": "prod.empty"}))
