"""`WAYS` says how each act is done through each door, or why it cannot be."""

from itertools import product
from typing import Any

from promote_requests.tests.doors import attempts
from promote_requests.tests.doors.attempts import Way
from promote_requests.tests.doors.story import ENTRIES, Door

NO_CALL = "The proxy judges calls to MLflow, and this is none."
NO_COMMAND = "Commands act for Checkpoint or for who operates the host, never for a person."
READ_THERE = "The admin's desk judges, promotes and ends a request, and lifts an objection; nothing else."
AT_THE_DESK = " at the desk"
"""How the acts are called that are done at the admin's desk beside what its list does in bulk."""
OF_THE_DESK = "It is the act without its last words, at another form of the admin's."
ONE_BY_ONE = "Pages and API delete one row at a time."
IN_THE_FORM = "There one changes the rule's enforcement with the rest of it."
PROGRAMS_REPORT = "Programs report checks, by the API."
DIRECTIONS_ON_A_PAGE = "Which values of a metric are better is set on the portal's page, or by a tag in MLflow."
ADMIN_ONLY = "Only the admin has rows to write in; no service does it."
LABELS_ELSEWHERE = "Labels are made in the admin and by the API; pages only give them."
CALL_ONLY = "A direct change is a call to MLflow; here one makes a request instead."
ENTRY_STEPS = {
    "add": ("POST", "add", "_new"),
    "change": ("PATCH", "change", "_edit"),
    "delete": ("DELETE", "delete", "_delete"),
    "delete several": ("", "", ""),
}
ENTRY_PAGES = {"freezewindow": "freeze", "ownership": "owners"}
LABEL_ACTS = ("add a label", "change a label", "delete a label", "delete labels")
RULE_ACTS = ("add a rule", "change a rule", "switch a rule", "delete a rule", "delete rules")
ENTRY_ACTS = {f"{step} {model}": model for model, step in product(ENTRIES, ENTRY_STEPS)}


def _ways(service: Way | str, page: Way | str, api: Way | str, admin: Way | str, proxy: Way | str = NO_CALL) -> Any:
    places = (service, page, api, admin, proxy, NO_COMMAND)
    return dict(zip(Door, places, strict=True))


def _of_request(name: str, api: Way, admin: Way | str = READ_THERE, page: str = "") -> dict[Door, Way | str]:
    return _ways(attempts.by_service(name), attempts.by_page(page or name), api, admin)


def _of_rule(service: str, page: Way | str, api: Way | str, admin: Way | str) -> dict[Door, Way | str]:
    return _ways(attempts.by_service(service), page, api, admin)


def _of_label(service: str, api: Way | str, admin: Way) -> dict[Door, Way | str]:
    return _ways(attempts.by_service(service), LABELS_ELSEWHERE, api, admin)


def _of_row(way: Way) -> dict[Door, Way | str]:
    return _ways(ADMIN_ONLY, ADMIN_ONLY, ADMIN_ONLY, way)


def _at_the_desk(way: Way) -> dict[Door, Way | str]:
    return _ways(OF_THE_DESK, OF_THE_DESK, OF_THE_DESK, way, OF_THE_DESK)


def _of_call(method: str, path: str) -> dict[Door, Way | str]:
    return _ways(CALL_ONLY, CALL_ONLY, CALL_ONLY, CALL_ONLY, attempts.by_proxy(method, path))


WAYS: dict[str, dict[Door, Way | str]] = {
    "create": _of_request("create", attempts.by_api("POST", "list"), page="new"),
    "edit": _of_request("edit", attempts.by_api("PATCH", "detail")),
    "answer": _of_request("answer", attempts.by_api("POST", "answers")),
    "submit": _of_request("submit", attempts.by_api("POST", "submit")),
    "check": _of_request("request_check", attempts.by_api("POST", "check-request")),
    "report a check": _ways(
        attempts.by_service("report_check"), PROGRAMS_REPORT, attempts.by_api("POST", "checks"), PROGRAMS_REPORT
    ),
    "comment": _of_request("comment", attempts.by_api("POST", "comments"), attempts.by_desk("review", "comment")),
    "open a thread": _of_request("comment", attempts.by_api("POST", "threads")),
    **{
        act: _ways(
            attempts.by_service(act),
            attempts.by_page(act, "thread"),
            attempts.by_api("POST", name, "thread"),
            READ_THERE,
        )
        for act, name in (("reply", "replies"), ("resolve", "resolve"), ("unresolve", "unresolve"))
    },
    **{
        act: _ways(
            attempts.by_service(act),
            attempts.by_page(act, "comment"),
            attempts.by_api(method, "comment", "thread", "comment"),
            READ_THERE,
        )
        for act, method in (("edit_comment", "PATCH"), ("delete_comment", "DELETE"))
    },
    "review": _of_request("review", attempts.by_api("POST", "reviews"), attempts.by_admin_action("approve_selected")),
    "promote": _of_request("promote", attempts.by_api("POST", "promote"), attempts.by_desk("act", "promote")),
    "withdraw": _of_request(
        "withdraw", attempts.by_api("POST", "close", reason="withdrawn"), attempts.by_desk("act", "withdraw")
    ),
    "close": _of_request("close", attempts.by_api("POST", "close"), attempts.by_admin_action("close_selected")),
    f"review{AT_THE_DESK}": _at_the_desk(attempts.by_desk("review")),
    f"close{AT_THE_DESK}": _at_the_desk(attempts.by_desk("act", "close")),
    "reopen": _of_request("reopen", attempts.by_api("POST", "reopen"), attempts.by_desk("act", "reopen")),
    "dismiss": _of_request("dismiss", attempts.by_api("POST", "dismiss"), attempts.by_desk("act", "dismiss")),
    "supersede": _of_request("supersede", attempts.by_api("POST", "supersede")),
    "roll_back": _of_request("roll_back", attempts.by_api("POST", "roll-back")),
    "break_glass": _of_request("break_glass", attempts.by_api("POST", "break-glass")),
    "consent": _of_request("consent", attempts.by_api("POST", "consent")),
    "review_afterwards": _of_request("review_afterwards", attempts.by_api("POST", "review-afterwards")),
    "re_review": _of_request("re_review", attempts.by_api("POST", "re-reviews")),
    "ask": _of_request("ask", attempts.by_api("POST", "reviewers")),
    "pick up": _of_request("pick_up", attempts.by_api("POST", "reviewer-pick-up")),
    "decline": _of_request("decline", attempts.by_api("POST", "reviewer-decline")),
    "hand over": _of_request("hand_over", attempts.by_api("POST", "reviewer-hand-over")),
    "set a direction": _ways(
        attempts.by_service("set_direction"), attempts.by_page("directions"), DIRECTIONS_ON_A_PAGE, DIRECTIONS_ON_A_PAGE
    ),
    "add a rule": _of_rule(
        "save_rule",
        attempts.by_rule_page("rule_new"),
        attempts.by_rules_api("POST"),
        attempts.by_admin_form("protectionrule", "add"),
    ),
    "change a rule": _of_rule(
        "save_rule",
        attempts.by_rule_page("rule_edit"),
        attempts.by_rules_api("PATCH"),
        attempts.by_admin_form("protectionrule", "change"),
    ),
    "switch a rule": _of_rule("save_rule", attempts.by_rule_page("rule_switch"), IN_THE_FORM, IN_THE_FORM),
    "delete a rule": _of_rule(
        "delete_rule",
        attempts.by_rule_page("rule_delete"),
        attempts.by_rules_api("DELETE"),
        attempts.by_admin_form("protectionrule", "delete"),
    ),
    "delete rules": _of_rule("delete_rule", ONE_BY_ONE, ONE_BY_ONE, attempts.by_forged_admin_action("protectionrule")),
    **{
        f"{step} {model}": _ways(
            attempts.by_service("delete_entry" if step.startswith("delete") else "save_entry"),
            ONE_BY_ONE
            if step == "delete several"
            else attempts.by_rule_page(ENTRY_PAGES[model] + ENTRY_STEPS[step][2]),
            ONE_BY_ONE if step == "delete several" else attempts.by_entries_api(ENTRY_STEPS[step][0], model),
            attempts.by_forged_admin_action(model)
            if step == "delete several"
            else attempts.by_admin_form(model, ENTRY_STEPS[step][1]),
        )
        for model, step in product(ENTRIES, ENTRY_STEPS)
    },
    **{
        f"{view} {model}": _of_row(attempts.by_admin_form(model, view))
        for model, view in product(("promoterequest", "auditevent"), ("add", "change", "delete"))
    },
    **{
        f"delete several {model}": _of_row(attempts.by_forged_admin_action(model))
        for model in ("promoterequest", "auditevent")
    },
    "label": _of_request("set_labels", attempts.by_api("PUT", "request-labels"), page="label"),
    "add a label": _of_label("save_label", attempts.by_label_api("POST"), attempts.by_admin_form("label", "add")),
    "change a label": _of_label(
        "save_label", attempts.by_label_api("PATCH"), attempts.by_admin_form("label", "change")
    ),
    "delete a label": _of_label(
        "delete_label", attempts.by_label_api("DELETE"), attempts.by_admin_form("label", "delete")
    ),
    "delete labels": _of_label("delete_label", ONE_BY_ONE, attempts.by_forged_admin_action("label")),
    # One of each kind; `proxy/tests/guard/` walks them all.
    "transition-stage": _of_call("POST", "model-versions/transition-stage"),
    "set-alias": _of_call("POST", "registered-models/alias"),
    "delete-alias": _of_call("DELETE", "registered-models/alias"),
    "delete-version": _of_call("DELETE", "model-versions/delete"),
}
