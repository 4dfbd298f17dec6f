"""The number that the control in MLflow's pages shows."""

from typing import TYPE_CHECKING

import pytest
from django.test import Client
from django.urls import reverse

from notifications.inbox.channel import Inbox
from notifications.worker.spreading import spread
from promote_requests import services
from testing.factories import PromoteRequestFactory
from testing.people import by

if TYPE_CHECKING:
    from pytest_django import DjangoAssertNumQueries

    from accounts.models import User
    from promote_requests.models import PromoteRequest
    from registry.fake import FakeRegistry

pytestmark = pytest.mark.django_db
ADDRESS = "/checkpoint/mlflow-ui/status/"


def test_address_is_the_one_that_the_script_asks() -> None:
    assert reverse("promote_requests:mlflow_ui_status") == ADDRESS


def test_signed_in_person_is_told_how_many_requests_are_for_them(
    client: Client, fraud: "FakeRegistry", ada: "User", grace: "User"
) -> None:
    fraud.add_version("Fraud")
    PromoteRequestFactory(actor=ada)
    closed = PromoteRequestFactory(actor=ada, version="3")
    services.withdraw(actor=by(ada), promote_request=closed)
    client.force_login(grace)
    assert client.get(ADDRESS).json() == {"signed_in": True, "for_you": "1"}
    spread([Inbox()])  # the one that was withdrawn is news: it was asked for
    assert client.get(ADDRESS).json() == {"signed_in": True, "for_you": "2"}
    client.force_login(ada)
    assert client.get(ADDRESS).json() == {"signed_in": True, "for_you": ""}


def test_nobody_is_told_a_number_without_signing_in(client: Client, open_request: "PromoteRequest") -> None:
    answer = client.get(ADDRESS)
    assert answer.status_code == 200
    assert answer.json() == {"signed_in": False, "for_you": None}


def test_answer_is_never_kept_by_a_cache(client: Client, ada: "User") -> None:
    client.force_login(ada)
    assert "no-store" in client.get(ADDRESS)["Cache-Control"]


def test_writing_to_it_is_refused(client: Client, ada: "User") -> None:
    client.force_login(ada)
    assert client.post(ADDRESS).status_code == 405


def test_asking_costs_two_queries_beside_the_sign_in_and_writes_nothing(
    client: Client, ada: "User", django_assert_num_queries: "DjangoAssertNumQueries"
) -> None:
    client.force_login(ada)
    with django_assert_num_queries(4) as asked:  # session, person; what waits, what is new
        client.get(ADDRESS)
    assert all(query["sql"].startswith("SELECT") for query in asked.captured_queries)
