"""Every rule through every door: refused alike, nothing changed, and the refusal told in the trail.

A rule names an act, `WAYS` says how the act is done through each door or why it cannot be. A new door, address, action,
status, service or kind of refusal fails a test here until it has its place.
"""

import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import product
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group
from django.core.management import get_commands
from django.test import Client, RequestFactory
from django.urls import NoReverseMatch, URLPattern, reverse
from django.utils import timezone

from accounts import people
from accounts.models import User
from audit.choices import AuditAction
from audit.models import AuditEvent
from foundation.exceptions import CheckpointError, InvalidInput, NotAllowed, WrongState
from promote_requests import exceptions, permissions, transitions
from promote_requests.api import urls as api_urls
from promote_requests.choices import Action, Status
from promote_requests.models import Label, PromoteRequest
from promote_requests.pages import urls
from protection.models import ProtectionRule
from registry.fake import FakeRegistry
from testing import doors
from testing.doors import Attempt, Door, Way, World
from testing.factories import UserFactory
from testing.people import AdministratorFactory, by

pytestmark = pytest.mark.django_db

NO_CALL = "The proxy judges calls to MLflow, and this is none."
NO_COMMAND = "Commands act for Checkpoint or for who operates the host, never for a person."
READ_THERE = "The admin shows requests and approves or closes them, nothing else."
ONE_BY_ONE = "Pages and API delete one row at a time."
IN_THE_FORM = "There one changes the rule's enforcement with the rest of it."
PROGRAMS_REPORT = "Programs report checks, by the API."
DIRECTIONS_ON_A_PAGE = "Which values of a metric are better is set on the portal's page, or by a tag in MLflow."
ADMIN_ONLY = "Only the admin has rows to write in; no service does it."
LABELS_ELSEWHERE = "Labels are made in the admin and by the API; pages only give them."
CALL_ONLY = "A direct change is a call to MLflow; here one makes a request instead."
COMMANDS = {
    "changepassword": "Django's, for who operates the host; the trail says that a password was set.",
    "createsuperuser": "Django's, for who operates the host; the trail says that an account was made.",
    "create_api_token": "Makes tokens; it neither judges nor changes a request.",
    "demo": "Fills an installation of its own, by the services.",
    "digest": "Reads files of versions and keeps their digests; it judges nothing and changes no request.",
    "inspect": "Looks at files of versions for the built-in check; it has no actor who could be refused.",
    "promote_due": "Promotes what people have decided; it has no actor who could be refused.",
    "runserver": "A server.",
    "serve": "A server.",
    "settle_promotions": "Ends what was begun by asking MLflow; it has no actor who could be refused.",
    "worker": "Tells what happened, and ends what was begun as the command above does.",
}


def _ways(service: Way | str, page: Way | str, api: Way | str, admin: Way | str, proxy: Way | str = NO_CALL) -> Any:
    places = (service, page, api, admin, proxy, NO_COMMAND)
    return dict(zip(Door, places, strict=True))


def _of_request(name: str, api: Way, admin: Way | str = READ_THERE, page: str = "") -> dict[Door, Way | str]:
    return _ways(doors.by_service(name), doors.by_page(page or name), api, admin)


def _of_rule(service: str, page: Way | str, api: Way | str, admin: Way | str) -> dict[Door, Way | str]:
    return _ways(doors.by_service(service), page, api, admin)


def _of_label(service: str, api: Way | str, admin: Way) -> dict[Door, Way | str]:
    return _ways(doors.by_service(service), LABELS_ELSEWHERE, api, admin)


def _of_row(way: Way) -> dict[Door, Way | str]:
    return _ways(ADMIN_ONLY, ADMIN_ONLY, ADMIN_ONLY, way)


def _of_call(method: str, path: str) -> dict[Door, Way | str]:
    return _ways(CALL_ONLY, CALL_ONLY, CALL_ONLY, CALL_ONLY, doors.by_proxy(method, path))


ENTRY_STEPS = {
    "add": ("POST", "add", "_new"),
    "change": ("PATCH", "change", "_edit"),
    "delete": ("DELETE", "delete", "_delete"),
    "delete several": ("", "", ""),
}
ENTRY_PAGES = {"freezewindow": "freeze", "ownership": "owners"}


WAYS: dict[str, dict[Door, Way | str]] = {
    "create": _of_request("create", doors.by_api("POST", "list"), page="new"),
    "edit": _of_request("edit", doors.by_api("PATCH", "detail")),
    "answer": _of_request("answer", doors.by_api("POST", "answers")),
    "submit": _of_request("submit", doors.by_api("POST", "submit")),
    "check": _of_request("request_check", doors.by_api("POST", "check-request")),
    "report a check": _ways(
        doors.by_service("report_check"), PROGRAMS_REPORT, doors.by_api("POST", "checks"), PROGRAMS_REPORT
    ),
    "comment": _of_request("comment", doors.by_api("POST", "comments")),
    "open a thread": _of_request("comment", doors.by_api("POST", "threads")),
    **{
        act: _ways(
            doors.by_service(act), doors.by_page(act, "thread"), doors.by_api("POST", name, "thread"), READ_THERE
        )
        for act, name in (("reply", "replies"), ("resolve", "resolve"), ("unresolve", "unresolve"))
    },
    **{
        act: _ways(
            doors.by_service(act),
            doors.by_page(act, "comment"),
            doors.by_api(method, "comment", "thread", "comment"),
            READ_THERE,
        )
        for act, method in (("edit_comment", "PATCH"), ("delete_comment", "DELETE"))
    },
    "review": _of_request("review", doors.by_api("POST", "reviews"), doors.by_admin_action("approve_selected")),
    "promote": _of_request("promote", doors.by_api("POST", "promote")),
    "withdraw": _of_request("withdraw", doors.by_api("POST", "close", reason="withdrawn")),
    "close": _of_request("close", doors.by_api("POST", "close"), doors.by_admin_action("close_selected")),
    "reopen": _of_request("reopen", doors.by_api("POST", "reopen")),
    "dismiss": _of_request("dismiss", doors.by_api("POST", "dismiss")),
    "supersede": _of_request("supersede", doors.by_api("POST", "supersede")),
    "roll_back": _of_request("roll_back", doors.by_api("POST", "roll-back")),
    "break_glass": _of_request("break_glass", doors.by_api("POST", "break-glass")),
    "consent": _of_request("consent", doors.by_api("POST", "consent")),
    "review_afterwards": _of_request("review_afterwards", doors.by_api("POST", "review-afterwards")),
    "re_review": _of_request("re_review", doors.by_api("POST", "re-reviews")),
    "ask": _of_request("ask", doors.by_api("POST", "reviewers")),
    "pick up": _of_request("pick_up", doors.by_api("POST", "reviewer-pick-up")),
    "decline": _of_request("decline", doors.by_api("POST", "reviewer-decline")),
    "hand over": _of_request("hand_over", doors.by_api("POST", "reviewer-hand-over")),
    "set a direction": _ways(
        doors.by_service("set_direction"), doors.by_page("directions"), DIRECTIONS_ON_A_PAGE, DIRECTIONS_ON_A_PAGE
    ),
    "add a rule": _of_rule(
        "save_rule",
        doors.by_rule_page("rule_new"),
        doors.by_rules_api("POST"),
        doors.by_admin_form("protectionrule", "add"),
    ),
    "change a rule": _of_rule(
        "save_rule",
        doors.by_rule_page("rule_edit"),
        doors.by_rules_api("PATCH"),
        doors.by_admin_form("protectionrule", "change"),
    ),
    "switch a rule": _of_rule("save_rule", doors.by_rule_page("rule_switch"), IN_THE_FORM, IN_THE_FORM),
    "delete a rule": _of_rule(
        "delete_rule",
        doors.by_rule_page("rule_delete"),
        doors.by_rules_api("DELETE"),
        doors.by_admin_form("protectionrule", "delete"),
    ),
    "delete rules": _of_rule("delete_rule", ONE_BY_ONE, ONE_BY_ONE, doors.by_forged_admin_action("protectionrule")),
    **{
        f"{step} {model}": _ways(
            doors.by_service("delete_entry" if step.startswith("delete") else "save_entry"),
            ONE_BY_ONE if step == "delete several" else doors.by_rule_page(ENTRY_PAGES[model] + ENTRY_STEPS[step][2]),
            ONE_BY_ONE if step == "delete several" else doors.by_entries_api(ENTRY_STEPS[step][0], model),
            doors.by_forged_admin_action(model)
            if step == "delete several"
            else doors.by_admin_form(model, ENTRY_STEPS[step][1]),
        )
        for model, step in product(doors.ENTRIES, ENTRY_STEPS)
    },
    **{
        f"{view} {model}": _of_row(doors.by_admin_form(model, view))
        for model, view in product(("promoterequest", "auditevent"), ("add", "change", "delete"))
    },
    **{
        f"delete several {model}": _of_row(doors.by_forged_admin_action(model))
        for model in ("promoterequest", "auditevent")
    },
    "label": _of_request("set_labels", doors.by_api("PUT", "request-labels"), page="label"),
    "add a label": _of_label("save_label", doors.by_label_api("POST"), doors.by_admin_form("label", "add")),
    "change a label": _of_label("save_label", doors.by_label_api("PATCH"), doors.by_admin_form("label", "change")),
    "delete a label": _of_label("delete_label", doors.by_label_api("DELETE"), doors.by_admin_form("label", "delete")),
    "delete labels": _of_label("delete_label", ONE_BY_ONE, doors.by_forged_admin_action("label")),
    # One of each kind; `proxy/tests/guard/` walks them all.
    "transition-stage": _of_call("POST", "model-versions/transition-stage"),
    "set-alias": _of_call("POST", "registered-models/alias"),
    "delete-alias": _of_call("DELETE", "registered-models/alias"),
    "delete-version": _of_call("DELETE", "model-versions/delete"),
}


@dataclass(frozen=True)
class Rule:
    """What is refused, to whom, and with which words.

    Attributes:
        act: A key of `WAYS`.
        status: HTTP, the same through every door but for `_expected`.
        at: The request's status; None where there is no request.
        before: Runs last before the attempt.
        row: Whether the trail tells of it: bad input leaves no row, it is the caller's to mend.
        observes: Whether the refusal itself writes what MLflow shows now, so that the next look is a fresh one.
        group: Whose rights the person has in the admin.
        but: Why a door that has the act cannot break the rule.
    """

    name: str
    act: str
    status: int
    says: str
    actor: str = "grace"
    at: Status | None = Status.OPEN
    values: dict[str, Any] = field(default_factory=dict)
    before: Callable[[World], None] = lambda world: None
    row: bool = True
    observes: bool = False
    group: str = "Record readers"
    but: dict[Door, str] = field(default_factory=dict)


VALUES: dict[str, dict[str, Any]] = {
    "create": {"model_name": "Fraud", "version": "2", "target": "stage:Production", "title": "Deeper trees"},
    "edit": {"title": "Mine", "description": "Mine."},
    "check": {"name": "ci/evals"},
    "report a check": {"name": "ci/evals", "state": "success", "evidence_fingerprint": "1:old"},
    "comment": {"body": "A remark."},
    "answer": {"answers": {"0": "yes"}},
    "open a thread": {"body": "Why?", "is_blocking": True},
    "reply": {"thread": World.question, "body": "Because."},
    "resolve": {"thread": World.question},
    "unresolve": {"thread": World.question},
    "edit_comment": {"thread": World.question, "comment": World.remark, "body": "September's."},
    "delete_comment": {"thread": World.question, "comment": World.remark},
    "close": {"reason": "rejected"},
    "set a direction": {"model_name": "Fraud", "metric": "auc", "direction": "lower"},
    "review": {"verdict": "approve"},
    "label": {"labels": ["urgent"]},
    "add a label": {"name": "urgent", "colour": "red"},
    "change a label": {"name": "urgent", "colour": "red"},
    "ask": {"users": ["linus"]},
    "pick up": {"group": "Risk"},
    "decline": {"reason": "On leave."},
    "hand over": {"to": "linus"},
    "dismiss": {"review": 1, "reason": "Answered at the meeting."},
    "supersede": {"by": 999},
    "break_glass": {"reason": "The checkout is down and loses orders."},
    "review_afterwards": {"body": "I looked at it."},
    "re_review": {"body": "Still fit for use."},
    "transition-stage": {"name": "Fraud", "version": "2", "stage": "Production", "archive_existing_versions": True},
    "set-alias": {"name": "Fraud", "alias": "champion", "version": "2"},
    "delete-alias": {"name": "Fraud", "alias": "champion"},
    "delete-version": {"name": "Fraud", "version": "1"},
}
ASKS_THE_DATABASE = {Action.DISMISS, Action.BREAK_GLASS, Action.CONSENT}
"""For a permission."""
AUTHORS = {Action.EDIT, Action.ANSWER, Action.SUBMIT, Action.WITHDRAW, Action.REOPEN}
APPROVES_ONLY = {Door.ADMIN: "The admin only approves, which needs no words."}
NO_PAGE_PROMOTES = "Only the page and the API promote."


ANYBODY = dict.fromkeys((Door.SERVICE, Door.PAGE, Door.API), "Anybody signed in may; the admin's lists ask for more.")


def _wrong_states() -> Iterator[Rule]:
    for action, status in product(Action, Status):
        if not transitions.is_allowed(action, status):
            says = f"{action.label} is not possible: the request is {status.label.lower()}."
            actor = "ada" if action in AUTHORS else "grace"
            but = {Door.ADMIN: "The admin does not know drafts of others."} if status == Status.DRAFT else {}
            yield Rule(f"{action} while {status}", str(action), 409, says, actor=actor, at=status, but=but)


def _wrong_people() -> Iterator[Rule]:
    ada, grace, linus = (User(pk=pk, username=name) for pk, name in enumerate(("ada", "grace", "linus"), start=1))
    for action, person in product(Action, (ada, linus)):
        if action in ASKS_THE_DATABASE and (action, person) != (Action.DISMISS, ada):
            continue  # The rules stand in the table below.
        at = next(status for status in Status if transitions.is_allowed(action, status))
        closer = grace if at == Status.CLOSED else None
        request = PromoteRequest(author=ada, status=at, is_private=at == Status.DRAFT, closed_by=closer)
        says = permissions.refusal(by(person), action, request)
        if says:
            yield Rule(f"{action} by {person.username}", str(action), 403, says, actor=person.username, at=at)


def _deactivated() -> Iterator[Rule]:
    at = {"create": None, "set a direction": None, "submit": Status.DRAFT, "reopen": Status.CLOSED}
    at |= dict.fromkeys(("roll_back", "review_afterwards", "re_review"), Status.PROMOTED)
    for act, ways in WAYS.items():
        if isinstance(ways[Door.SERVICE], Way) or isinstance(ways[Door.PROXY], Way):
            about_rules = act in RULE_ACTS or act in ENTRY_ACTS or act in LABEL_ACTS
            says = "permission to edit" if about_rules else "Sign in first."
            actor = "root" if about_rules else "ada" if act in AUTHORS else "grace"
            status = None if about_rules or isinstance(ways[Door.PROXY], Way) else at.get(act, Status.OPEN)
            yield Rule(f"{act} after deactivation", act, 403, says, actor=actor, at=status)


PRESENT = {"evidence_fingerprint": lambda world: world.request.evidence_fingerprint}


def checked(world: World) -> None:
    """Has the rule ask for a check."""
    ProtectionRule.objects.filter(target_pattern="stage:*").update(conditions={"checks": ["ci/evals"]})


NO_BLANK = {Door.API: "The serializer says so in its own words.", Door.ADMIN: "The form says so in its own words."}
LABEL_ACTS = ("add a label", "change a label", "delete a label", "delete labels")
RULE_ACTS = ("add a rule", "change a rule", "switch a rule", "delete a rule", "delete rules")
ENTRY_ACTS = {f"{step} {model}": model for model, step in product(doors.ENTRIES, ENTRY_STEPS)}
ENTRY_SAYS = {"freezewindow": "permission to edit freeze windows", "ownership": "permission to edit the ownership list"}
RULES = [
    *_wrong_states(),
    *_wrong_people(),
    *_deactivated(),
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
    # Past the rules, and the second looks.
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
CASES = [
    pytest.param(rule, door, id=f"{rule.name} [{door}]")
    for rule in RULES
    for door in Door
    if isinstance(WAYS[rule.act][door], Way) and door not in rule.but
]


@pytest.fixture
def world(fraud: FakeRegistry, ada: User, grace: User) -> World:
    return World(fraud, ada, grace, UserFactory(username="linus"), AdministratorFactory(username="root"))


@pytest.mark.parametrize(("rule", "door"), CASES)
def test_every_rule_refuses_alike_through_every_door(rule: Rule, door: Door, world: World) -> None:
    actor = getattr(world, rule.actor)
    request = world.at(rule.at) if rule.at else None
    if door == Door.ADMIN and actor != world.root:
        actor.is_staff = True
        actor.save()
        actor.groups.set(Group.objects.filter(name=rule.group))
    values = {
        name: value(world) if callable(value) else value
        for name, value in (VALUES.get(rule.act, {}) | rule.values).items()
    }
    if rule.act in RULE_ACTS[1:]:
        values["pk"] = ProtectionRule.objects.get(target_pattern="stage:*").pk
    if rule.act in LABEL_ACTS[1:]:
        values["pk"] = Label.objects.create(name="late", key="late").pk
    if rule.act in ENTRY_ACTS:
        values["kind"] = ENTRY_ACTS[rule.act]
        if not rule.act.startswith("add"):
            kind, fields = doors.ENTRIES[values["kind"]]
            values["pk"] = kind.objects.create(**fields).pk
    number = request.pk if request else None
    if request and rule.act.endswith("auditevent"):
        number = AuditEvent.objects.latest("pk").pk
    attempt = Attempt(actor, number, values)
    rule.before(world)
    is_deactivated = rule.name.endswith("after deactivation")
    if is_deactivated:
        people.deactivate(actor=by(AdministratorFactory()), user=actor)
        actor.refresh_from_db()
    before, trail = world.state(), set(AuditEvent.objects.values_list("pk", flat=True))

    answer = WAYS[rule.act][door].go(attempt)

    status, says = _expected(rule, door, is_deactivated=is_deactivated)
    assert (answer.status, says in answer.text) == (status, True), answer
    after = world.state()
    assert after.pop("observed") == before.pop("observed") or rule.observes
    assert after == before
    rows = list(AuditEvent.objects.exclude(pk__in=trail))
    if rule.observes:
        assert rows.pop(0).action == AuditAction.EVIDENCE_CHANGED
    if not rule.row or _is_hidden(rule, door) or (is_deactivated and door != Door.SERVICE):
        assert rows == []
        return
    (row,) = rows
    assert row.action == (AuditAction.CALL_REFUSED if door == Door.PROXY else AuditAction.REFUSED)
    assert (row.actor, len(row.request_id)) == (actor, 32)
    assert rule.says.removesuffix("Open it here:") in row.reason
    assert row.promote_request == request
    assert row.target or not rule.act.endswith("create")


SIGN_IN = {
    Door.PAGE: (302, "/checkpoint/accounts/login/?next="),
    Door.API: (401, "credentials"),
    Door.ADMIN: (302, "/login/?next="),
    Door.PROXY: (401, "expired or revoked"),
}
"""Whoever may not sign in any more gets no further than this, so nobody is there to be named in the trail."""


def _is_hidden(rule: Rule, door: Door) -> bool:
    """Tells whether somebody tries their hand at another's draft, which the door does not even admit to be there."""
    return rule.at == Status.DRAFT and rule.actor != "ada" and door in (Door.PAGE, Door.API)


def _expected(rule: Rule, door: Door, *, is_deactivated: bool) -> tuple[int, str]:
    if is_deactivated and door != Door.SERVICE:
        return SIGN_IN[door]
    if _is_hidden(rule, door):
        return 404, "There is no promote request #"
    if door == Door.ADMIN and rule.act in ("review", "close") and rule.group:
        return 302, rule.says
    if door == Door.ADMIN and rule.status == 400:
        return 200, rule.says
    return rule.status, rule.says


def _addresses(door: Door) -> set[str]:
    return {way.address for ways in WAYS.values() if isinstance(way := ways[door], Way)}


def test_every_act_has_a_way_or_a_reason_at_every_door() -> None:
    assert all(set(ways) == set(Door) for ways in WAYS.values())
    assert {rule.act for rule in RULES} == set(WAYS) >= set(Action.values)
    assert len({rule.name for rule in RULES}) == len(RULES)


def test_every_service_that_somebody_calls_is_in_the_table() -> None:
    called = {name for name, service in doors.SERVICES.items() if "actor" in inspect.signature(service).parameters}
    # A call that is held was refused already, and what cannot be asked for is only refused: test_holding.py.
    # The built-in check is made by a worker: whoever wants it again asks for it as for any check.
    assert called - {"actions_for", "direction_refusal", "hold", "inspect_waiting", "would_promote"} == _addresses(
        Door.SERVICE
    )


def test_every_kind_of_refusal_is_in_the_table(world: World) -> None:
    """All but what MLflow says are the exceptions that the doors map to 400, 403 and 409."""
    kinds = {kind for kind in vars(exceptions).values() if inspect.isclass(kind) and issubclass(kind, CheckpointError)}
    mapped = {kind.status for kind in kinds - {CheckpointError} | {InvalidInput, NotAllowed, WrongState}}
    assert mapped == {rule.status for rule in RULES}


def _answering(patterns: list[Any], namespace: str, methods: tuple[str, ...], user: User) -> set[tuple[str, str]]:
    client = Client(raise_request_exception=False)
    client.force_login(user)
    found = set()
    for pattern in patterns:
        if not isinstance(pattern, URLPattern) or pattern.name == "unknown":
            continue
        address = _address(f"{namespace}:{pattern.name}")
        found |= {(method, pattern.name) for method in methods if client.generic(method, address).status_code != 405}
    return found


TALK = ({"number": 404, "thread": 404}, {"number": 404, "comment": 404}, {"number": 404, "thread": 404, "comment": 404})


def _address(name: str) -> str:
    taken = ({}, {"number": 404}, {"name": "Fraud"}, {"digest": "0"}, {"number": 404, "digest": "0"}, {"pk": 404})
    for kwargs in (*taken, *TALK):
        try:
            return reverse(name, kwargs=kwargs)
        except NoReverseMatch:
            continue
    raise AssertionError(f"Say what {name} takes.")


def test_every_page_that_takes_a_form_is_in_the_table(world: World) -> None:
    found = _answering(urls.urlpatterns, "promote_requests", ("POST", "PUT", "PATCH", "DELETE"), world.ada)
    # `now` only looks: it is a POST because what it answers has tokens in it. A preview saves nothing. `mark_read` is
    # about one's own inbox.
    looks = {"now", "rule_preview", "rule_preview_new", "mark_read"}
    assert {name for _, name in found} - looks == _addresses(Door.PAGE)


OF_ONES_OWN = {"POST inbox-read", "PUT subscription", "PUT model-subscription"}
"""What somebody says of what they themselves are told: no request is judged or changed by it."""


def test_every_api_call_that_changes_something_is_in_the_table(world: World) -> None:
    found = _answering(api_urls.urlpatterns, "promote_requests_api", ("POST", "PUT", "PATCH", "DELETE"), world.root)
    assert {" ".join(pair) for pair in found} - OF_ONES_OWN == _addresses(Door.API)


def test_every_row_and_action_of_the_admin_is_in_the_table(world: World) -> None:
    request = RequestFactory().get("/")
    request.user = world.root
    found = {
        f"{model._meta.model_name} {step}"
        for model, model_admin in admin.site._registry.items()
        if model._meta.app_label in ("promote_requests", "protection", "audit")
        for step in ("add", "change", "delete", "delete_selected", *model_admin.get_actions(request))
    }
    assert found == _addresses(Door.ADMIN)


def test_every_command_is_named_with_why_it_refuses_nobody() -> None:
    ours = {
        name
        for name, app in get_commands().items()
        if app in ("accounts", "promote_requests", "proxy", "checkpoint_project")
    }
    assert ours == set(COMMANDS)
