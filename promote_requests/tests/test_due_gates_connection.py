"""MLflow may take long while gates are measured again: no transaction is open then, and no list half read."""

import pytest
from django.db import connection
from django.db.models import QuerySet

from promote_requests import services
from promote_requests.choices import Verdict
from promote_requests.services.by_itself.measuring import measure_waiting
from testing.factories import PromoteRequestFactory, RuleFactory
from testing.people import by

pytestmark = pytest.mark.django_db(transaction=True)


def test_no_transaction_is_open_and_no_list_half_read_while_mlflow_is_asked(fraud, ada, grace, monkeypatch):
    RuleFactory(
        target_pattern="stage:Production",
        conditions={"approvals": 1, "gates": ["tag validated = yes"]},
        promote_when="due",
    )
    asked = PromoteRequestFactory(actor=ada)
    services.review(actor=by(grace), promote_request=asked, verdict=Verdict.APPROVE)
    reading, seen = [], []
    whole = QuerySet.iterator

    def iterated(rows, *args, **kwargs):
        reading.append(rows)
        yield from whole(rows, *args, **kwargs)
        reading.remove(rows)

    monkeypatch.setattr(QuerySet, "iterator", iterated)
    fraud.before("holders", lambda: seen.append((connection.in_atomic_block, list(reading))))
    measure_waiting()
    assert seen == [(False, [])]
