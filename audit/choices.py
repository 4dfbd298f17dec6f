"""What an audit row may record. The stored values are part of the API."""

from django.db import models


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
