"""The closed vocabularies of the domain. The stored values are part of the API."""

from django.db import models


class Status(models.TextChoices):
    """The state of a promote request. The reviewers' verdict is its `ReviewDecision`."""

    DRAFT = "draft", "Draft"
    OPEN = "open", "Open"
    PROMOTING = "promoting", "Promoting"
    PROMOTED = "promoted", "Promoted"
    CLOSED = "closed", "Closed"


class CloseReason(models.TextChoices):
    """Why a request was closed without a promotion."""

    REJECTED = "rejected", "Rejected"
    WITHDRAWN = "withdrawn", "Withdrawn"
    SUPERSEDED = "superseded", "Superseded"


class Verdict(models.TextChoices):
    """A reviewer's judgement."""

    APPROVE = "approve", "Approve"
    REQUEST_CHANGES = "request_changes", "Request changes"
    COMMENT = "comment", "Comment"


class ReviewDecision(models.TextChoices):
    """The outcome of the reviews under the rules. Computed, never stored."""

    REVIEW_REQUIRED = "review_required", "Review required"
    CHANGES_REQUESTED = "changes_requested", "Changes requested"
    APPROVED = "approved", "Approved"


class Action(models.TextChoices):
    """What a person may do to a request; the values are those of the API's `available_actions`."""

    EDIT = "edit", "Edit"
    ANSWER = "answer", "Answer what the rules ask"
    SUBMIT = "submit", "Ready for review"
    COMMENT = "comment", "Comment"
    REVIEW = "review", "Review"
    ASK = "ask", "Ask for a review"
    DISMISS = "dismiss", "Dismiss a request for changes"
    CHECK = "check", "Report a check"
    PROMOTE = "promote", "Promote"
    WITHDRAW = "withdraw", "Withdraw"
    CLOSE = "close", "Close"
    REOPEN = "reopen", "Reopen"
    SUPERSEDE = "supersede", "Close in favour of another"
    ROLL_BACK = "roll_back", "Roll back"
    BREAK_GLASS = "break_glass", "Break the glass"
    CONSENT = "consent", "Consent to breaking the glass"
    REVIEW_AFTERWARDS = "review_afterwards", "Review afterwards"
    RE_REVIEW = "re_review", "Review the champion again"


class AnchorKind(models.TextChoices):
    """What kind of row of the comparison a thread is about."""

    METRIC = "metric", "metric"
    PARAMETER = "parameter", "parameter"
    TAG = "tag", "tag"
    FILE = "file", "file"
    PROMPT = "prompt", "line of the prompt"
