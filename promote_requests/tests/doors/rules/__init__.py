"""The table: what every door refuses, written down by what it is about."""

from promote_requests.tests.doors.rules import asking, every_act, judging, rows, speaking, unruly

RULES = [*every_act.RULES, *judging.RULES, *unruly.RULES, *speaking.RULES, *asking.RULES, *rows.RULES]
