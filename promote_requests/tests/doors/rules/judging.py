"""What one decides on: facts that changed, checks, directions of metrics, what the rule asks for."""

from promote_requests.choices import Status
from promote_requests.tests.doors.rule import Rule
from promote_requests.tests.doors.story import Door, World
from protection.models import ProtectionRule

PRESENT = {"evidence_fingerprint": lambda world: world.request.evidence_fingerprint}


def checked(world: World) -> None:
    """Has the rule ask for a check."""
    ProtectionRule.objects.filter(target_pattern="stage:*").update(conditions={"checks": ["ci/evals"]})


RULES = [
    # What was judged is no longer so.
    Rule("approve changed facts", "review", 409, "fresh look", before=World.changed_facts, observes=True),
    Rule(
        "approve against another champion",
        "review",
        409,
        "Version 3 holds Production now",
        observes=True,
        before=World.changed_champion,
    ),
    Rule(
        "approve from an old page",
        "review",
        409,
        "The comparison changed after you opened this page",
        values={"seen_fingerprint": "0" * 64},
    ),
    Rule(
        "promote changed facts",
        "promote",
        409,
        "fresh look",
        observes=True,
        before=lambda world: (world.approved(), world.changed_facts()),
    ),
    Rule(
        "promote against another champion",
        "promote",
        409,
        "Version 3 holds Production now",
        observes=True,
        before=lambda world: (world.approved(), world.changed_champion()),
    ),
    Rule("report a check of other facts", "report a check", 409, "is not what MLflow has now"),
    Rule(
        "report a check as the author",
        "report a check",
        403,
        "has to report ci/evals",
        actor="ada",
        before=checked,
        values=PRESENT,
    ),
    Rule("report a check with no name", "report a check", 400, "1 to 100 printable", row=False, values={"name": " "}),
    Rule(
        "answer what nobody asks",
        "answer",
        400,
        "The rules do not ask you this",
        actor="ada",
        row=False,
        but={Door.PAGE: "Its fields are named after the questions: test_questions.py."},
    ),
    Rule("ask again for no check", "check", 400, "no check called ci/evals", row=False),
    # Which values of a metric are better.
    Rule("set a direction without the right", "set a direction", 403, "permission to change metric", at=None),
    Rule(
        "set a direction as the author",
        "set a direction",
        403,
        "somebody else has to say",
        actor="ada",
        at=None,
        before=World.author_may_set_directions,
    ),
    *(
        Rule(
            f"set a direction of {name}",
            "set a direction",
            400,
            says,
            actor="root",
            at=None,
            row=False,
            values=values,
            but=but,
        )
        for name, says, values, but in (
            ("nothing", "has 1 to 250 characters", {"metric": ""}, {}),
            ("an odd kind", "higher, lower or none", {"direction": "up"}, {}),
            (
                "an unknown model",
                "There is no registered model 'Nobody'.",
                {"model_name": "Nobody"},
                {Door.PAGE: "A page of a model that is not there is 404."},
            ),
        )
    ),
    # The rule.
    Rule("promote without approval", "promote", 409, "1 more approval is needed, by somebody other than ada."),
    Rule("approve what one made", "review", 403, "somebody else has to approve it", before=World.made_by_grace),
    Rule(
        "promote what nobody knows the makers of",
        "promote",
        409,
        "Checkpoint does not know who registered this version",
        before=lambda world: (world.approved(), world.asks_for(makers={"unknown": "block"})),
    ),
    Rule(
        "promote what its maker alone approved",
        "promote",
        409,
        "linus made this version, so that approval does not count.",
        before=World.approved_by_its_maker,
    ),
    Rule(
        "promote what has not soaked",
        "promote",
        409,
        "It has to spend 24 hours in Staging first, and is not there now.",
        before=lambda world: (world.approved(), world.asks_for(soak={"target": "stage:Staging", "hours": 24})),
    ),
    Rule("dismiss without the right", "dismiss", 403, "permission to dismiss reviews", before=World.wants_changes),
    Rule("dismiss what does not block", "dismiss", 409, "does not block", actor="root"),
    Rule("dismiss what blocks nobody of a closed one", "dismiss", 409, "block", actor="root", at=Status.CLOSED),
    Rule("dismiss without the right on a closed one", "dismiss", 403, "permission to dismiss", at=Status.CLOSED),
    Rule(
        "dismiss without a reason",
        "dismiss",
        400,
        "Write a few words.",
        actor="root",
        row=False,
        values={"reason": " "},
    ),
    Rule("promote against a request for changes", "promote", 409, "asked for changes", before=World.wants_changes),
    Rule(
        "promote beside another promotion",
        "promote",
        409,
        "Another promotion to Production is under way",
        before=World.rival_under_way,
    ),
]
