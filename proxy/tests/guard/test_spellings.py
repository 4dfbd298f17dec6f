import pytest

from proxy.tests.guard import calls
from proxy.tests.guard.calls import passed, refused, send

pytestmark = [pytest.mark.django_db, pytest.mark.whole]
fraud = calls.fraud
only = calls.only
ALIKE = ["Fr\u00e4ud", "\uff26raud", "Fra\u00adud", "Fra\u200dud", "FRA\u0640UD", "Fra\u1d1cd"]


@pytest.mark.parametrize("name", ALIKE)
@pytest.mark.parametrize("operation", ["set-alias", "delete-alias", "create-version", "update-model", "rename-model"])
def test_a_name_that_a_database_takes_for_another_is_asked_for_first(fraud, only, operation, name):
    # MySQL finds Fraud; MLflow answers with that name, and `MlflowRegistry.get_model` with 404.
    only("alias:champion", model_pattern="Fraud")
    message = {"name": name, "alias": "champion", "version": "3", "source": "s3://x", "new_name": "y"}
    refused(send(operation, message), 404)


@pytest.mark.parametrize(
    "alias",
    [
        *("champi\u00f8n", "ch\u00e6mpion", "\uff43hampion", "champ\u0640ion", "champ\u00adion", "cham\ufe0fpion"),
        *("champi\ua79dn", "ch\ua79bmpion", "champion\ufe70", "champ\u1cf2ion"),
    ],
)
def test_an_alias_in_letters_that_a_database_takes_for_others_is_protected_as_those_are(fraud, only, alias):
    only("alias:champion", "alias:chaempion")
    # Of signs that are no letters MLflow takes none in an alias.
    status = 400 if {"\u00ad", "\ufe0f"} & set(alias) else 403
    refused(send("set-alias", {"name": "Fraud", "alias": alias, "version": "3"}), status)
    assert passed(send("set-alias", {"name": "Fraud", "alias": "chamois", "version": "3"}))


def test_digits_of_all_scripts_are_the_same_digits(fraud, only):
    only("alias:live1")
    for one in ("\u0661", "\u3021", "\u0f2a", "\U00010142"):
        refused(send("set-alias", {"name": "Fraud", "alias": f"live{one}", "version": "3"}))
