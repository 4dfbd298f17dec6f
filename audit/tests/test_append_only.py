import copy

import pytest
from django.db import IntegrityError, transaction
from django.db.models.base import ModelState

from promote_requests import services
from promote_requests.choices import Verdict
from testing.people import by

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("rows", ["reviews", "comments", "audit_events"])
def test_the_record_is_append_only(open_request, grace, rows):
    services.review(actor=by(grace), promote_request=open_request, verdict=Verdict.COMMENT, body="Hm.")
    services.comment(actor=by(grace), promote_request=open_request, body="Hm.")
    manager = getattr(open_request, rows)
    row = manager.first()
    for change in (row.save, row.delete, manager.all().delete, lambda: manager.all().update(pk=9)):
        with pytest.raises(TypeError, match="append-only"):
            change()


@pytest.mark.parametrize("rows", ["reviews", "comments", "audit_events"])
def test_no_new_row_overwrites_one_that_is_there(open_request, grace, rows):
    services.review(actor=by(grace), promote_request=open_request, verdict=Verdict.COMMENT, body="Hm.")
    services.comment(actor=by(grace), promote_request=open_request, body="Hm.")
    manager = getattr(open_request, rows)
    row = manager.first()
    forged = copy.copy(row)
    forged._state = ModelState()
    with pytest.raises(IntegrityError), transaction.atomic():
        forged.save()
    with pytest.raises(TypeError, match="one at a time"):
        manager.model.objects.bulk_create([row], update_conflicts=True, unique_fields=["id"], update_fields=["id"])
