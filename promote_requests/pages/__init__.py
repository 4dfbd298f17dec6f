"""The pages. Each view reads, or calls one service; none of them decides."""

from promote_requests.pages.actions import (
    answer,
    close,
    dismiss,
    edit,
    promote,
    reopen,
    request_check,
    review,
    submit,
    withdraw,
)
from promote_requests.pages.detail import now, request_detail
from promote_requests.pages.inbox.view import inbox, mark_read
from promote_requests.pages.listing import request_list
from promote_requests.pages.new.view import request_new
from promote_requests.pages.past.view import judged, since
from promote_requests.pages.registry import compare_versions, model_list, model_page

__all__ = [
    "answer",
    "close",
    "compare_versions",
    "dismiss",
    "edit",
    "inbox",
    "judged",
    "mark_read",
    "model_list",
    "model_page",
    "now",
    "promote",
    "reopen",
    "request_check",
    "request_detail",
    "request_list",
    "request_new",
    "review",
    "since",
    "submit",
    "withdraw",
]
