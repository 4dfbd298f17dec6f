"""What waits is written where the database checks at the end of each transaction whom a row names."""

import pytest
from django.utils import timezone

from audit.making import waiting
from audit.making.answers import Thing
from audit.making.models import Kind, MadeThing
from audit.making.waiting import Created

pytestmark = pytest.mark.django_db(transaction=True)


def test_somebody_without_an_account_any_more_does_not_keep_others_from_being_recorded(ada, caplog):
    for number, user_id, name in ((1, 987_654, "gone"), (2, ada.pk, "ada")):
        waiting.note(Created(Thing(Kind.RUN, f"{number:032x}"), user_id, name, timezone.now()))
    waiting.flush()
    assert list(MadeThing.objects.values_list("maker_name", flat=True)) == ["ada"]
    assert "gone created a run and has no account any more" in caplog.text
