"""The table: what every door refuses, written down by what it is about."""

from dataclasses import replace

from promote_requests.tests.doors.rules import asking, every_act, judging, rows, speaking, unruly
from promote_requests.tests.doors.ways import AT_THE_DESK, WAYS

_ALL = [*every_act.RULES, *judging.RULES, *unruly.RULES, *speaking.RULES, *asking.RULES, *rows.RULES]
RULES = [
    *_ALL,
    # The admin has two doors for these: in bulk from its list, and one by one at its desk, where words are typed too.
    *(
        replace(
            rule,
            name=f"at the desk: {rule.name}",
            act=f"{rule.act}{AT_THE_DESK}",
            but={} if rule.but == speaking.APPROVES_ONLY else rule.but,
        )
        for rule in _ALL
        if f"{rule.act}{AT_THE_DESK}" in WAYS
    ),
]
