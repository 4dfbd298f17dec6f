"""Who is asked to review, and what cannot be asked for."""

from promote_requests.choices import Status
from promote_requests.tests.doors.rule import Rule
from promote_requests.tests.doors.story import World

RULES = [
    # Who is asked to review.
    *(
        Rule(f"{act} without being asked", act, 409, says)
        for act, says in (
            ("pick up", "No group of yours with this name is asked"),
            ("decline", "Nobody asks you for this review"),
            ("hand over", "Nobody asks you for this review"),
        )
    ),
    *(
        Rule(f"{act} as the author", act, 403, "somebody else has to review it", actor="ada")
        for act in ("pick up", "decline", "hand over")
    ),
    *(
        Rule(f"ask {name}", "ask", 400, says, row=False, values=values)
        for name, says, values in (
            ("the author", "ada made this request", {"users": ["ada"]}),
            ("nobody", "Name at least one person or group.", {"users": []}),
            ("an unknown person", "There is no user called 'mallory'.", {"users": ["mallory"]}),
            ("an unknown group", "There is no group called 'Ghosts'.", {"groups": ["Ghosts"]}),
        )
    ),
    Rule("decline without a reason", "decline", 400, "Write a few words.", row=False, values={"reason": " "}),
    Rule("hand over with a long reason", "hand over", 400, "at most 1000", row=False, values={"reason": "x" * 1_001}),
    # What cannot be asked for.
    Rule("ask twice", "create", 409, "already asks for this", before=World.same_again, at=None),
    Rule("reopen beside the same", "reopen", 409, "already asks for this", at=Status.CLOSED, before=World.same_again),
    *(
        Rule(f"ask for {name}", "create", 400, says, at=None, row=False, values=values)
        for name, says, values in (
            ("an unknown model", "There is no registered model 'Nobody'.", {"model_name": "Nobody"}),
            ("an unknown version", "Fraud has no version 9.", {"version": "9"}),
            ("an odd version", "A version is a whole number", {"version": "two"}),
            ("an unknown stage", "'Live' is not a stage", {"target": "stage:Live"}),
            ("an unknown kind of target", "is not", {"target": "tag:live"}),
            ("a reserved alias", "MLflow reserves 'latest'", {"target": "alias:latest"}),
            ("where it is", "version 1 is in Production already", {"version": "1"}),
            ("no title", "Give the request a title of 1 to 200 characters.", {"title": " "}),
            ("a long title", "Give the request a title of 1 to 200 characters.", {"title": "x" * 201}),
            ("a long description", "at most 65536 are kept", {"description": "x" * 65_537}),
        )
    ),
]
