"""The closed vocabularies of the domain. The stored values are part of the API."""

from django.db import models


class Status(models.TextChoices):
    """Where a promote request stands. What reviewers think of it is its `ReviewDecision`."""

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


class TargetKind(models.TextChoices):
    """What kind of place a version is to go to."""

    STAGE = "stage", "Stage"
    ALIAS = "alias", "Alias"
    MODEL = "model", "Registered model"


class RequestAction(models.TextChoices):
    """Whether the version is to get the target or to lose it."""

    SET = "set", "Promote"
    REMOVE = "remove", "Remove"


class Verdict(models.TextChoices):
    """A reviewer's judgement."""

    APPROVE = "approve", "Approve"
    REQUEST_CHANGES = "request_changes", "Request changes"
    COMMENT = "comment", "Comment"


class ReviewDecision(models.TextChoices):
    """What the reviews amount to under the rule. Computed, never stored."""

    REVIEW_REQUIRED = "review_required", "Review required"
    CHANGES_REQUESTED = "changes_requested", "Changes requested"
    APPROVED = "approved", "Approved"


class Action(models.TextChoices):
    """What a person may do to a request; the values are those of the API's `available_actions`."""

    EDIT = "edit", "Edit"
    SUBMIT = "submit", "Ready for review"
    COMMENT = "comment", "Comment"
    REVIEW = "review", "Review"
    PROMOTE = "promote", "Promote"
    WITHDRAW = "withdraw", "Withdraw"
    CLOSE = "close", "Close"
    REOPEN = "reopen", "Reopen"


class AuditAction(models.TextChoices):
    """What an audit row records."""

    CREATED = "created", "opened the request"
    EDITED = "edited", "edited the request"
    SUBMITTED = "submitted", "marked it ready for review"
    REVIEWED = "reviewed", "reviewed"
    COMMENTED = "commented", "commented"
    EVIDENCE_CHANGED = "evidence_changed", "evidence changed"
    PROMOTION_STARTED = "promotion_started", "started the promotion"
    PROMOTED = "promoted", "promoted"
    PROMOTION_FAILED = "promotion_failed", "promotion failed"
    CLOSED = "closed", "closed"
    REOPENED = "reopened", "reopened"
    REFUSED = "refused", "was refused"
    CALL_REFUSED = "call_refused", "was refused a direct change"
    RULE_CHANGED = "rule_changed", "changed a protection rule"
