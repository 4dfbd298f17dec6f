from datetime import timedelta
from threading import Event

from notifications.worker import jobs
from notifications.worker.jobs import Job, Schedule


def joined(schedule):
    for thread in schedule._threads.values():
        thread.join(10)


def test_a_job_begins_at_once_and_then_every_so_often(monkeypatch):
    monkeypatch.setattr(jobs.connections, "close_all", lambda: None)
    now, ran = [0.0], []
    schedule = Schedule([Job("count", timedelta(seconds=10), lambda: ran.append(now[0]))], clock=lambda: now[0])
    for now[0] in (0.0, 5.0, 10.0, 19.0, 20.0):
        schedule.begin_due()
        joined(schedule)
    assert ran == [0.0, 10.0, 20.0]


def test_a_long_job_is_not_begun_twice_and_holds_up_no_other(monkeypatch):
    monkeypatch.setattr(jobs.connections, "close_all", lambda: None)
    now, ended, ran = [0.0], Event(), []

    def long():
        ran.append("long")
        ended.wait(10)

    schedule = Schedule(
        [Job("long", timedelta(seconds=1), long), Job("short", timedelta(seconds=1), lambda: ran.append("short"))],
        clock=lambda: now[0],
    )
    for now[0] in (0.0, 1.0, 2.0):
        schedule.begin_due()
        schedule._threads["short"].join(10)
    ended.set()
    joined(schedule)
    assert sorted(ran) == ["long", "short", "short", "short"]


def test_a_job_that_fails_is_logged_and_begun_again(monkeypatch, caplog):
    monkeypatch.setattr(jobs.connections, "close_all", lambda: None)
    now, ran = [0.0], []

    def fail():
        ran.append(now[0])
        raise ValueError("not today")

    schedule = Schedule([Job("failing", timedelta(seconds=1), fail)], clock=lambda: now[0])
    for now[0] in (0.0, 1.0):
        schedule.begin_due()
        joined(schedule)
    assert ran == [0.0, 1.0]
    assert "failing failed" in caplog.text
    assert "not today" in caplog.text
