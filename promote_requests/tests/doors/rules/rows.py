"""Rows that one writes: protection rules and their companions, labels; and direct changes."""

from promote_requests.choices import Status
from promote_requests.tests.doors.rule import Rule
from promote_requests.tests.doors.story import Door
from promote_requests.tests.doors.ways import ENTRY_ACTS, LABEL_ACTS, RULE_ACTS, WAYS

ENTRY_SAYS = {"freezewindow": "permission to edit freeze windows", "ownership": "permission to edit the ownership list"}
NO_BLANK = {Door.API: "The serializer says so in its own words.", Door.ADMIN: "The form says so in its own words."}
ANYBODY = dict.fromkeys((Door.SERVICE, Door.PAGE, Door.API), "Anybody signed in may; the admin's lists ask for more.")

RULES = [
    # Protection rules and rows, in the admin.
    *(Rule(f"{act} without the right", act, 403, "permission to edit protection rules", at=None) for act in RULE_ACTS),
    *(Rule(f"{act} without the right", act, 403, ENTRY_SAYS[model], at=None) for act, model in ENTRY_ACTS.items()),
    Rule(
        "a rule for nothing",
        "add a rule",
        400,
        "start with stage:, alias:, model: or status:",
        at=None,
        row=False,
        actor="root",
        values={"target_pattern": "everything"},
    ),
    *(
        Rule(act, act, 403, "nobody changes it", actor="root", at=None if act.startswith("add") else Status.OPEN)
        for act in WAYS
        if act.endswith(("promoterequest", "auditevent"))
    ),
    *(
        Rule(f"{act} without the right to look", act, 403, "permission to look", group="", but=ANYBODY)
        for act in ("review", "close")
    ),
    *(Rule(f"{act} without the right", act, 403, "permission to edit labels", at=None) for act in LABEL_ACTS),
    Rule("label with no such label", "label", 400, "There is no label called urgent.", row=False),
    *(
        Rule(f"a label with {name}", "add a label", 400, says, at=None, row=False, actor="root", values=values, but=but)
        for name, says, values, but in (
            ("no name", "1 to 50 characters", {"name": " "}, NO_BLANK),
            ("a quotation mark", "no quotation mark", {"name": 'so "called"'}, {}),
            ("an odd colour", "mauve", {"colour": "mauve"}, {}),
        )
    ),
    # Direct changes.
    Rule("move to Production", "transition-stage", 403, "Open it here:", at=None),
    Rule("move champion", "set-alias", 403, "Open it here:", at=None),
    Rule("take champion away", "delete-alias", 403, "Open it here:", at=None),
    Rule("delete what is in use", "delete-version", 403, "Production", at=None),
]
