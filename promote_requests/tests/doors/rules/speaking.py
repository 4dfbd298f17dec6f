"""The conversation, and the length of every text."""

from django.utils import timezone

from promote_requests.choices import Status
from promote_requests.tests.doors.rule import AUTHORS, Rule
from promote_requests.tests.doors.story import Door, World

APPROVES_ONLY = {Door.ADMIN: "The admin only approves, which needs no words."}

RULES = [
    # The conversation.
    Rule("block what is promoted", "open a thread", 409, "Nothing can block it any more", at=Status.PROMOTED),
    Rule(
        "open a thread about no row",
        "open a thread",
        400,
        "The comparison has no metric 'recall'.",
        row=False,
        values={"anchor_kind": "metric", "anchor_key": "recall"},
    ),
    Rule(
        "leave a follow-up to nobody",
        "open a thread",
        400,
        "Nobody who may sign in is called 'nobody'.",
        row=False,
        values={"owner": "nobody", "due_on": lambda world: f"{timezone.now().date():%Y-%m-%d}", "is_blocking": False},
        but={Door.SERVICE: "It takes a day, not a text."},
    ),
    Rule("reply without words", "reply", 400, "Write a few words.", row=False, values={"body": " "}),
    Rule("resolve what blocks one's own", "resolve", 403, "It blocks your own request: linus", actor="ada"),
    Rule("resolve twice", "resolve", 409, "This thread is resolved already.", before=World.settled),
    Rule("open again what is open", "unresolve", 409, "This thread is not resolved."),
    Rule(
        "open again what blocks one's own",
        "unresolve",
        403,
        "It blocks your own request: linus",
        actor="ada",
        before=World.settled,
    ),
    Rule("edit another's words", "edit_comment", 403, "grace wrote this: nobody else changes it.", actor="ada"),
    Rule("edit what is deleted", "edit_comment", 409, "This comment is deleted.", before=World.taken_back),
    Rule("edit to no words", "edit_comment", 400, "Write a few words.", row=False, values={"body": " "}),
    Rule("delete another's words", "delete_comment", 403, "grace wrote this: nobody else changes it.", actor="linus"),
    Rule("delete twice", "delete_comment", 409, "This comment is deleted.", before=World.taken_back),
    # Texts.
    *(
        Rule(
            f"{act} with {name}",
            act,
            400,
            says,
            row=False,
            at=at,
            values=values,
            actor="ada" if act in AUTHORS else "grace",
            but=but,
        )
        for act, at, name, says, values, but in (
            ("edit", Status.OPEN, "no title", "a title of 1 to 200 characters", {"title": " "}, {}),
            ("edit", Status.OPEN, "a long title", "a title of 1 to 200 characters", {"title": "x" * 201}, {}),
            ("edit", Status.OPEN, "a long text", "at most 65536", {"description": "x" * 65_537}, {}),
            ("comment", Status.PROMOTED, "no words", "Write a few words.", {"body": " "}, {}),
            ("comment", Status.OPEN, "a long text", "at most 65536", {"body": "x" * 65_537}, {}),
            ("review", Status.OPEN, "no words", "Write a few words.", {"verdict": "request_changes"}, APPROVES_ONLY),
            ("review", Status.OPEN, "a long text", "at most 65536", {"body": "x" * 65_537}, {}),
            ("close", Status.OPEN, "a long text", "at most 1000", {"message": "x" * 1_001}, {}),
            ("withdraw", Status.OPEN, "a long text", "at most 1000", {"message": "x" * 1_001}, {}),
            ("reopen", Status.CLOSED, "a long text", "at most 1000", {"message": "x" * 1_001}, {}),
        )
    ),
]
