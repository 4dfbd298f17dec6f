"""What no database can store is refused before it is sent, with the same sentence on each."""

import pytest
from django.contrib.auth.models import Group
from django.db import connection, transaction

from foundation.database.storable import UNSTORABLE, refuse_unstorable
from foundation.exceptions import InvalidInput
from foundation.texts import is_storable, storable_text

pytestmark = [pytest.mark.django_db, pytest.mark.every_database]


@pytest.mark.parametrize("text", ["a\x00b", "\ud800", "x\udfff"])
def test_a_text_that_no_database_can_store_is_refused_and_nothing_is_written(text):
    assert not is_storable(text)
    assert is_storable(storable_text(text))
    for attempt in (
        lambda: Group.objects.create(name=text),
        lambda: Group.objects.filter(name=text).exists(),
        lambda: Group.objects.bulk_create([Group(name="good"), Group(name=text)]),
        lambda: connection.cursor().executemany("SELECT %s", [("good",), (text,)]),
        lambda: connection.cursor().execute("SELECT %(name)s", {"name": text}),
    ):
        with pytest.raises(InvalidInput, match="NUL character") as wrong, transaction.atomic():
            attempt()
        assert (wrong.value.message, wrong.value.status) == (UNSTORABLE, 400)
    assert not Group.objects.filter(name="good").exists()


def test_what_can_be_stored_is_stored_as_it_is():
    name = "\u202e\ufffd\U0001f600 \x7f\x01"
    Group.objects.create(name=name)
    assert Group.objects.latest("pk").name == name
    assert connection.execute_wrappers.count(refuse_unstorable) == 1
