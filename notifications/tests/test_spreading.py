import pytest
from django.db import transaction

from notifications.choices import State
from notifications.models import Message
from notifications.tests.factories import message
from notifications.worker.spreading import spread

pytestmark = pytest.mark.django_db


class Kept:
    """A channel that keeps what it is given, but for what it cannot deal with."""

    name = "kept"

    def __init__(self, *, cannot=None):
        self.got = []
        self.cannot = cannot

    def prepare(self, messages):
        """Has nothing to prepare."""

    def spread(self, messages):
        if any(one.pk == self.cannot for one in messages):
            raise ValueError("what is this?")
        self.got += [one.pk for one in messages]


def test_every_message_is_given_to_every_channel_once():
    sent = [message().pk for _ in range(3)]
    channels = Kept(), Kept()
    assert spread(channels) == 3
    assert spread(channels) == 0
    assert [channel.got for channel in channels] == [sent, sent]
    assert set(Message.objects.values_list("state", flat=True)) == {State.DONE}


def test_one_that_a_channel_cannot_deal_with_holds_up_none_of_the_others(caplog):
    first, bad, last = message(), message(), message()
    channel = Kept(cannot=bad.pk)
    spread([channel])
    assert channel.got == [first.pk, last.pk]
    bad.refresh_from_db()
    assert (bad.state, bad.attempts, bad.error) == (State.WAITING, 1, "ValueError: what is this?")
    assert "could not be spread" in caplog.text


def test_what_a_channel_wrote_is_gone_where_the_message_is_not_done(caplog):
    class Half:
        name = "half"

        def prepare(self, messages):
            """Has nothing to prepare."""

        def spread(self, messages):
            message(request_number=99)
            raise ValueError("after half of it")

    one = message()
    spread([Half()])
    assert not Message.objects.filter(request_number=99).exists()
    one.refresh_from_db()
    assert one.state == State.WAITING


def test_a_message_of_a_decision_that_is_undone_is_undone():
    with transaction.atomic():
        message()
        transaction.set_rollback(True)
    assert not Message.objects.exists()
