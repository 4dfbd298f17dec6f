"""Several pages of one reader, opened at the same moment, on PostgreSQL."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from accounts.models import User
from promote_requests.models import PromoteRequest, Visit
from promote_requests.services.visiting import look
from registry.fake import FakeRegistry
from testing.people import by
from testing.waiting import LONG

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db(transaction=True)]

HOUR = timedelta(hours=1)


def test_two_pages_opened_at_once_begin_one_visit(
    open_request: PromoteRequest, fraud: FakeRegistry, grace: User
) -> None:
    def opened() -> None:
        try:
            look(actor=by(grace), promote_request=open_request)
        finally:
            connection.close()

    for ago in (None, HOUR):
        if ago is not None:
            looked = timezone.now() - ago
            Visit.objects.update(last_at=looked, previous_at=None)
        before = Visit.objects.values_list("last_at", flat=True).first()
        with ThreadPoolExecutor(4) as threads:
            for future in [threads.submit(opened) for _ in range(4)]:
                future.result(LONG)
        visit = Visit.objects.get()
        assert visit.previous_at == before
        assert before is None or visit.last_at > before
