"""Past the rules, and the second looks."""

from promote_requests.choices import Status
from promote_requests.tests.doors.rule import Rule
from promote_requests.tests.doors.story import Door, World

RULES = [
    *(
        Rule(f"{act} {name}", act, 403, "given the permission", actor=actor)
        for act in ("break_glass", "consent")
        for name, actor in (("without the permission", "grace"), ("as a superuser", "root"))
    ),
    Rule("consent to one's own", "consent", 403, "somebody else", actor="ada", before=World.ada_may_break_glass),
    Rule(
        "break the glass for a short reason",
        "break_glass",
        400,
        "at least 20 characters",
        row=False,
        before=World.may_break_glass,
        values={"reason": "Because."},
    ),
    Rule(
        "break the glass without consent",
        "break_glass",
        409,
        "second person's consent",
        before=World.consent_is_asked_for,
    ),
    Rule(
        "break the glass where nothing stands", "break_glass", 409, "no glass to break", before=World.may_break_approved
    ),
    Rule(
        "break the glass from an old page",
        "break_glass",
        409,
        "The comparison changed",
        before=World.may_break_glass,
        values={"seen_fingerprint": "0" * 64},
    ),
    Rule(
        "break the glass for changed facts",
        "break_glass",
        409,
        "fresh look",
        observes=True,
        before=lambda world: (world.may_break_glass(), world.changed_facts()),
    ),
    Rule(
        "consent to changed facts",
        "consent",
        409,
        "fresh look",
        observes=True,
        before=lambda world: (world.may_break_glass(), world.changed_facts()),
    ),
    Rule("review afterwards what met its rules", "review_afterwards", 409, "nothing to review", at=Status.PROMOTED),
    Rule(
        "review afterwards without words",
        "review_afterwards",
        400,
        "Write a few words.",
        at=Status.PROMOTED,
        row=False,
        values={"body": " "},
    ),
    Rule(
        "review a champion without words",
        "re_review",
        400,
        "Write a few words.",
        at=Status.PROMOTED,
        row=False,
        values={"body": " "},
    ),
    Rule("review who is no champion", "re_review", 409, "any more", at=Status.PROMOTED, before=World.demoted),
    Rule("supersede by nothing", "supersede", 400, "no newer request", row=False),
    Rule(
        "roll back where the former is gone",
        "roll_back",
        409,
        "is deleted in MLflow",
        at=Status.PROMOTED,
        before=World.former_deleted,
    ),
    Rule(
        "roll back twice",
        "roll_back",
        409,
        "already asks for this",
        at=Status.PROMOTED,
        before=World.way_back_is_open,
        but={Door.PAGE: "The page leads to the one that is open."},
    ),
]
