from threading import Event as Flag

from notifications.worker import lanes
from notifications.worker.lanes import Lanes
from testing.waiting import LONG


class Slow:
    """A channel in whose lane 1 everything hangs."""

    name = "slow"

    def __init__(self):
        self.go_on, self.second = Flag(), Flag()
        self.begun = []

    def lanes(self):
        return [1, 2]

    def run(self, lane, stop):
        self.begun.append(lane)
        if lane == 1:
            self.go_on.wait(LONG)
        else:
            self.second.set()


def test_a_lane_that_hangs_holds_up_no_other_and_is_not_opened_twice(monkeypatch):
    monkeypatch.setattr(lanes.connections, "close_all", lambda: None)
    channel = Slow()
    opened = Lanes([channel], Flag())
    assert opened.open_due() == 2
    assert channel.second.wait(LONG)
    opened.open_due()
    channel.go_on.set()
    opened.close()
    assert channel.begun.count(1) == 1


def test_a_lane_that_breaks_off_is_logged_and_opened_again(monkeypatch, caplog):
    monkeypatch.setattr(lanes.connections, "close_all", lambda: None)

    class Broken:
        name = "broken"
        ran = 0

        def lanes(self):
            return [1]

        def run(self, lane, stop):
            self.ran += 1
            raise ValueError("oh")

    channel = Broken()
    for expected in (1, 2):
        opened = Lanes([channel], Flag())
        assert opened.open_due() == 1
        opened.close()
        assert channel.ran == expected
        assert opened._open == set()
    assert "broke off" in caplog.text
