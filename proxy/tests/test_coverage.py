import pytest
from django.contrib.auth import get_user_model
from django.urls import reverse

from proxy.guard import unknown_writes
from proxy.guard.coverage import subjects
from proxy.guard.known_writes import TABLE, Traffic
from proxy.guard.routes import classify
from proxy.guard.wording import FORBIDDEN, REFUSED_WHEN
from registry.exceptions import RegistryUnreachable

pytestmark = pytest.mark.django_db


@pytest.fixture
def page(client, registry):
    """Gives a function that returns the page as ada sees it."""
    client.force_login(get_user_model().objects.create_user("ada", "ada@example.org", "correct horse battery"))

    def shown() -> str:
        answer = client.get(reverse("coverage"))
        assert answer.status_code == 200
        return answer.content.decode()

    return shown


def test_nobody_sees_it_who_is_not_signed_in(client):
    answer = client.get("/checkpoint/coverage/")
    assert answer.status_code == 302
    assert "/login/" in answer.headers["Location"]


def test_it_says_which_mlflow_was_found_and_that_it_was_tested(page, registry):
    registry.version = "3.18.0"
    assert "MLflow 3.18.0 is behind Checkpoint, which was tested with 3.17 and 3.18." in page()
    assert "notice-warning" not in page()


@pytest.mark.parametrize(("choice", "becomes"), [("refuse", "are refused"), ("pass", "pass as they come")])
def test_it_warns_of_an_mlflow_that_was_not_tested(page, registry, settings, choice, becomes):
    settings.CHECKPOINT_UNKNOWN_WRITES = choice
    registry.version = "3.19.1"
    found = page()
    assert f"writes that Checkpoint does not judge {becomes}." in found
    assert "notice-warning" in found


def test_it_warns_of_an_mlflow_that_answers_anybody(page, registry):
    assert "answers nobody who does not show" in page()
    registry.is_open = True
    assert "goes past Checkpoint" in page()


def test_it_is_there_while_mlflow_is_away(page, registry):
    registry.fail_next(RegistryUnreachable("MLflow cannot be reached."))
    found = page()
    assert "MLflow cannot be reached." in found
    assert "mlflow/registered-models/alias" in found


def test_it_lists_every_write_that_is_known(page):
    found = page()
    for write in TABLE:
        assert write.is_read or write.path in found, write
    rows = [row for subject in subjects() for row in subject.judged]
    assert {row.traffic for row in rows} == {"guarded", "sealed", "forbidden"}
    assert [row.call for row in rows if "registered-models/alias" in row.call] == [
        "POST mlflow/registered-models/alias",
        "DELETE mlflow/registered-models/alias",
    ]


def test_everything_that_is_judged_has_a_sentence():
    judged = {write.operation for write in TABLE if write.traffic in {Traffic.GUARDED, Traffic.SEALED}}
    assert judged == set(REFUSED_WHEN)
    forbidden = {write.operation for write in TABLE if write.traffic is Traffic.FORBIDDEN}
    assert forbidden | {"gateway-loop", "unknown-write"} == set(FORBIDDEN)


def test_a_write_that_nobody_could_vouch_for_is_named_to_whoever_is_signed_in(page, registry):
    assert "nobody could vouch for" not in page()
    unknown_writes.forget()
    path = "/api/2.0/mlflow/runs/<b>purge</b>"
    unknown_writes.tell_of(classify("POST", path), "POST", path)
    shown = page()
    assert "just now" in shown
    assert "&lt;b&gt;" in shown
    assert "is no write that Checkpoint knows" in shown
