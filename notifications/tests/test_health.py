from datetime import timedelta

from notifications.webhooks import health


def test_pauses_begin_with_the_fourth_failure_and_double_to_a_day():
    minutes = [(pause := health.pause_after(n)) and pause / timedelta(minutes=1) for n in range(1, 17)]
    assert minutes == [None, None, None, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 1440, 1440]
    assert health.pause_after(10**6) == timedelta(days=1)


def test_the_fortieth_failure_switches_off():
    assert not health.is_off_after(39)
    assert health.is_off_after(40)
