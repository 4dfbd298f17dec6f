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
    CALLS_COUNTED = "calls_counted", "was refused further direct changes"
    ACCOUNT_CREATED = "account_created", "created the account"
    ACCOUNT_CHANGED = "account_changed", "changed the account"
    ACCOUNT_DEACTIVATED = "account_deactivated", "deactivated the account"
    ACCOUNT_ACTIVATED = "account_activated", "activated the account"
    PASSWORD_CHANGED = "password_changed", "set the password"
    PASSWORD_LINK_MADE = "password_link_made", "made a link for a new password"
    GROUP_CHANGED = "group_changed", "changed the group"
    TOKEN_MADE = "token_made", "made an API token"
    TOKEN_REVOKED = "token_revoked", "revoked an API token"
    INVITED = "invited", "invited"
    INVITATION_WITHDRAWN = "invitation_withdrawn", "withdrew the invitation"
    RULE_CHANGED = "rule_changed", "changed a protection rule"
