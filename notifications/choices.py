"""The closed vocabularies of this room. The stored values are part of the API and of what receivers read."""

from django.db import models

ENTITY = "promote_request"
"""What every event of today is about: the `entity` of the envelope."""


class Event(models.TextChoices):
    """What is told about promote requests, drafts excepted: `entity.action`, as MLflow names its own events."""

    CREATED = f"{ENTITY}.created", "opened"
    SUBMITTED = f"{ENTITY}.submitted", "a draft was opened"
    EDITED = f"{ENTITY}.edited", "title or description edited"
    COMMENTED = f"{ENTITY}.commented", "commented"
    THREAD_RESOLVED = f"{ENTITY}.thread_resolved", "a thread resolved"
    THREAD_UNRESOLVED = f"{ENTITY}.thread_unresolved", "a thread opened again"
    MENTIONED = f"{ENTITY}.mentioned", "people mentioned"
    FOLLOW_UP_DUE = f"{ENTITY}.follow_up_due", "a follow-up due"
    APPROVED = f"{ENTITY}.approved", "approved"
    CHANGES_REQUESTED = f"{ENTITY}.changes_requested", "changes requested"
    DISMISSED = f"{ENTITY}.dismissed", "a request for changes dismissed"
    REVIEW_ASKED = f"{ENTITY}.review_asked", "somebody asked for a review"
    REVIEW_DECLINED = f"{ENTITY}.review_declined", "a review declined"
    CHECK_REPORTED = f"{ENTITY}.check_reported", "a check reported"
    CHECK_REQUESTED = f"{ENTITY}.check_requested", "a check asked for again"
    EVIDENCE_CHANGED = f"{ENTITY}.evidence_changed", "the facts changed"
    PROMOTION_STARTED = f"{ENTITY}.promotion_started", "the promotion began"
    PROMOTION_UNANSWERED = f"{ENTITY}.promotion_unanswered", "MLflow did not answer in time"
    PROMOTION_FAILED = f"{ENTITY}.promotion_failed", "the promotion failed"
    PROMOTED = f"{ENTITY}.promoted", "promoted"
    ROLLED_BACK = f"{ENTITY}.rolled_back", "promoted to a version that had the target before"
    REJECTED = f"{ENTITY}.rejected", "rejected"
    WITHDRAWN = f"{ENTITY}.withdrawn", "withdrawn"
    SUPERSEDED = f"{ENTITY}.superseded", "closed because another took its place"
    GLASS_BROKEN = f"{ENTITY}.glass_broken", "promoted past its rules"
    GLASS_CONSENTED = f"{ENTITY}.glass_consented", "somebody consented to breaking the glass"
    REVIEWED_AFTERWARDS = f"{ENTITY}.reviewed_afterwards", "a promotion past the rules reviewed afterwards"
    ASKED_AGAIN = f"{ENTITY}.asked_again", "reviewers asked again: another request was promoted to the target"
    RE_REVIEW_DUE = f"{ENTITY}.re_review_due", "the champion is to be reviewed again"
    RE_REVIEWED = f"{ENTITY}.re_reviewed", "the champion was reviewed again"
    VERSION_GONE = f"{ENTITY}.version_gone", "the version is deleted in MLflow"
    VERSION_BACK = f"{ENTITY}.version_back", "the deleted version is in MLflow again"
    REOPENED = f"{ENTITY}.reopened", "reopened"
    REMINDED = f"{ENTITY}.reminded", "a review is waited for"
    ENDING = f"{ENTITY}.ending", "a time is nearly over"


class Kind(models.TextChoices):
    """The kinds of event for which each person chooses how to be told."""

    REVIEW = "review", "Somebody asks for a review"
    DECISION = "decision", "Somebody judges or closes a request"
    PROMOTION = "promotion", "A version is promoted, or could not be"
    TALK = "talk", "Comments, edits, checks, changed facts"
    REMINDER = "reminder", "Your review is waited for, or a time is nearly over"
    YOURS = "yours", "Somebody mentions you, or a follow-up of yours is due"


class Way(models.TextChoices):
    """How somebody wants to be told of a kind of event. What is mailed is in the inbox too."""

    MAIL = "mail", "Inbox, and mail at once"
    DIGEST = "digest", "Inbox, and mail once a day"
    INBOX = "inbox", "Inbox alone"
    NOTHING = "nothing", "Not at all"


class Hearing(models.TextChoices):
    """What somebody said of a request or a model."""

    FOLLOWED = "followed", "followed"
    MUTED = "muted", "muted"


class Format(models.TextChoices):
    """What a webhook's receiver reads."""

    CHECKPOINT = "checkpoint", "a program: MLflow's envelope, signed"
    SLACK = "slack", "Slack: a message with a button"
    TEAMS = "teams", "Teams: a card with a button"


class State(models.TextChoices):
    """How far a row of work is."""

    WAITING = "waiting", "waiting"
    DONE = "done", "done"
    DEAD = "dead", "given up"
