import pytest

from audit.models import AuditEvent
from proxy.guard.rulings import Unchanged
from proxy.tests.guard import calls
from proxy.tests.guard.calls import form, move, passed, refused, send

pytestmark = pytest.mark.django_db
fraud = calls.fraud
only = calls.only


@pytest.mark.parametrize("family", ["/api/2.0", "/ajax-api/2.0"])
def test_a_move_into_a_protected_stage_leads_to_the_form(fraud, family):
    outcome = refused(send("transition-stage", move("3", "production", archiveExistingVersions=True), family=family))
    assert outcome.code == "PERMISSION_DENIED"
    assert outcome.message.startswith(
        "Production of Fraud is protected: version 3 gets there by a promote request that colleagues approve. "
        "Open it here: http"
    )
    assert form(outcome) == {
        "model": "Fraud",
        "version": "3",
        "target": "stage:Production",
        "archive_existing_versions": "1",
    }


def test_a_move_out_of_a_protected_stage_leads_to_the_form(fraud, only):
    only("stage:Production")
    outcome = refused(send("transition-stage", move("2", "Staging")))
    assert "version 2 leaves it for Staging" in outcome.message
    assert form(outcome) == {"model": "Fraud", "version": "2", "target": "stage:Staging"}


def test_a_move_that_would_archive_others_into_a_protected_stage_is_refused(fraud, only):
    only("stage:Archived")
    outcome = refused(send("transition-stage", move("3", "Production", archive_existing_versions=True)))
    assert form(outcome)["target"] == "stage:Production"
    passed(send("transition-stage", move("3", "Production")))


def test_a_move_between_unprotected_stages_passes_in_our_own_words(fraud, only):
    only("stage:Production")
    message = passed(send("transition-stage", move("03", "STAGING", archive_existing_versions=True)))
    assert message == {"name": "Fraud", "version": "3", "stage": "Staging", "archive_existing_versions": True}


def test_a_stage_that_mlflow_does_not_know_is_bad_input(fraud):
    refused(send("transition-stage", move("3", "Live")), 400)


def test_what_is_so_already_is_answered_as_done_and_not_passed_on(fraud):
    before = AuditEvent.objects.count()
    assert send("transition-stage", move("2", "Production")) == Unchanged("Fraud", "2")
    assert send("set-alias", {"name": "Fraud", "alias": "champion", "version": "2"}) == Unchanged()
    assert AuditEvent.objects.count() == before


@pytest.mark.parametrize("protects", ["stage:Production", "stage:Archived"])
def test_a_move_that_archives_the_others_is_so_already_where_there_are_none(fraud, only, protects):
    only(protects)
    again = move("2", "Production", archive_existing_versions=True)
    assert send("transition-stage", again) == Unchanged("Fraud", "2")
    fraud.add_version("Fraud", stage="Production")
    assert form(refused(send("transition-stage", again)))["version"] == "2"


def test_a_move_that_mlflow_takes_for_a_mistake_is_not_answered_as_done(fraud, only):
    only("stage:Archived")
    refused(send("transition-stage", move("1", "Archived", archive_existing_versions=True)))


@pytest.mark.parametrize("alias", ["latest", "Latest", "v3", "V3", "a b", "a.b"])
def test_an_alias_that_mlflow_would_not_give_leads_to_no_form(fraud, only, alias):
    only("alias:*", on_direct_write="hold")
    outcome = refused(send("set-alias", {"name": "Fraud", "alias": alias, "version": "3"}), 400)
    assert (outcome.code, outcome.headers()) == ("INVALID_PARAMETER_VALUE", {})


def test_what_the_registry_does_not_know_is_answered_in_its_words_and_not_passed_on(fraud):
    for operation, message in [
        ("transition-stage", move("9", "Production")),
        ("set-alias", {"name": "Fraud", "alias": "champion", "version": "9"}),
        ("delete-alias", {"name": "Other", "alias": "champion"}),
        ("delete-version", {"name": "Fraud", "version": "9"}),
        ("delete-model", {"name": "Other"}),
        ("rename-model", {"name": "Other", "new_name": "Fraud2"}),
    ]:
        assert refused(send(operation, message), 404).code == "RESOURCE_DOES_NOT_EXIST"


def test_taking_away_a_protected_alias_that_nobody_has_is_done_as_in_mlflow_and_passes_nothing_on(fraud):
    assert send("delete-alias", {"name": "Fraud", "alias": "prod"}) == Unchanged()


@pytest.mark.parametrize("alias", ["champion", "Champion", "CHAMPION", "prod", "ch\u00e1mpion", "\uff43hampion"])
def test_a_protected_alias_is_not_set_under_any_spelling(fraud, alias):
    outcome = refused(send("set-alias", {"name": "Fraud", "alias": alias, "version": "3"}))
    assert form(outcome)["target"] == f"alias:{alias}"
    assert form(outcome)["version"] == "3"


def test_a_protected_alias_is_not_taken_away(fraud):
    outcome = refused(send("delete-alias", {"name": "Fraud", "alias": "champion"}))
    assert "taken from version 2" in outcome.message
    assert form(outcome) == {"model": "Fraud", "version": "2", "target": "alias:champion", "change": "remove"}


def test_unprotected_aliases_pass(fraud):
    message = {"name": "Fraud", "alias": "trial", "version": "2"}
    assert passed(send("set-alias", message)) == message
    assert passed(send("delete-alias", {"name": "Fraud", "alias": "trial"})) == {"name": "Fraud", "alias": "trial"}
