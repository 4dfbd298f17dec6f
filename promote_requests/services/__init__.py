"""The services: the only writers of promote requests. Every door (page, admin, API, command, proxy) calls these.

Each takes an `actor` and plain values, never a request; each writes its audit row in the transaction of the change.
"""

from promote_requests.services.asking import ask, decline, hand_over, pick_up
from promote_requests.services.by_itself.due import promote_due, promote_if_its_time_has_come
from promote_requests.services.by_itself.holding import hold
from promote_requests.services.by_itself.inspecting import inspect_waiting
from promote_requests.services.by_itself.measuring import measure_waiting
from promote_requests.services.checking import CheckOutcome, report_check, request_check
from promote_requests.services.conversation.opening import comment, reply
from promote_requests.services.conversation.resolving import resolve, unresolve
from promote_requests.services.conversation.rewording import delete_comment, edit_comment
from promote_requests.services.directing import direction_refusal, judged_by_directions_of, set_direction
from promote_requests.services.gating import judge_gates
from promote_requests.services.history import history_of
from promote_requests.services.lifecycle import close, create, edit, reopen, submit, withdraw
from promote_requests.services.moves.afterwards import review_afterwards
from promote_requests.services.moves.champions import re_review
from promote_requests.services.moves.glass import break_glass, consent
from promote_requests.services.moves.in_the_way import Objection, objections_in
from promote_requests.services.moves.superseding import supersede
from promote_requests.services.moves.way_back import roll_back
from promote_requests.services.promotion import promote
from promote_requests.services.reading import (
    actions_for,
    decision_of,
    evidence_of,
    judgements_of,
    keeping_their_version,
    requirement_for_proposal,
    requirement_of,
    with_files,
    would_promote,
)
from promote_requests.services.reviewing import ReviewOutcome, dismiss, review
from promote_requests.services.ruling import AnswerOutcome, answer, changes_by_the_author, made_impossible, touched_by
from promote_requests.services.settling import settle, settle_if_cut_off, unsettled

__all__ = [
    "AnswerOutcome",
    "CheckOutcome",
    "Objection",
    "ReviewOutcome",
    "actions_for",
    "answer",
    "ask",
    "break_glass",
    "changes_by_the_author",
    "close",
    "comment",
    "consent",
    "create",
    "decision_of",
    "decline",
    "delete_comment",
    "direction_refusal",
    "dismiss",
    "edit",
    "edit_comment",
    "evidence_of",
    "hand_over",
    "history_of",
    "hold",
    "inspect_waiting",
    "judge_gates",
    "judged_by_directions_of",
    "judgements_of",
    "keeping_their_version",
    "made_impossible",
    "measure_waiting",
    "objections_in",
    "pick_up",
    "promote",
    "promote_due",
    "promote_if_its_time_has_come",
    "re_review",
    "reopen",
    "reply",
    "report_check",
    "request_check",
    "requirement_for_proposal",
    "requirement_of",
    "resolve",
    "review",
    "review_afterwards",
    "roll_back",
    "set_direction",
    "settle",
    "settle_if_cut_off",
    "submit",
    "supersede",
    "touched_by",
    "unresolve",
    "unsettled",
    "with_files",
    "withdraw",
    "would_promote",
]
