import copy
from functools import partial

import pytest
from django.db import IntegrityError, transaction
from django.db.models.base import ModelState

from promote_requests import services
from promote_requests.choices import Verdict
from promote_requests.models import CommentDeletion, CommentEdit, Resolution, Thread
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


def test_what_is_kept_of_a_conversation_is_append_only(open_request, grace):
    thread = services.comment(actor=by(grace), promote_request=open_request, body="Hm.").thread
    comment = thread.comments.get()
    services.resolve(actor=by(grace), promote_request=open_request, thread=thread.pk)
    services.edit_comment(actor=by(grace), promote_request=open_request, comment=comment.pk, body="Hm!")
    services.delete_comment(actor=by(grace), promote_request=open_request, comment=comment.pk)
    for model in (Thread, Resolution, CommentEdit, CommentDeletion):
        row, rows = model.objects.get(), model.objects.all()
        for change in (row.save, row.delete, rows.delete, partial(rows.update, pk=9)):
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
