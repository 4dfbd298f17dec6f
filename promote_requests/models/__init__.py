"""The tables of promote requests, reviews and the conversation about them.

Only `promote_requests.services` writes these; everything else reads.
"""

from promote_requests.models.answers import Answer
from promote_requests.models.asked import Place
from promote_requests.models.champions import ChampionReview
from promote_requests.models.checks import Check
from promote_requests.models.comments import Comment, CommentDeletion, CommentEdit
from promote_requests.models.glass import AfterReview, BrokenGlass, Consent
from promote_requests.models.labels import Label, LabelColour
from promote_requests.models.mentions import Mention
from promote_requests.models.requests import FormerText, PromoteRequest
from promote_requests.models.reviews import Dismissal, Review, Signature
from promote_requests.models.threads import FollowUpReminder, Resolution, Thread
from promote_requests.models.visits import Visit

__all__ = [
    "AfterReview",
    "Answer",
    "BrokenGlass",
    "ChampionReview",
    "Check",
    "Comment",
    "CommentDeletion",
    "CommentEdit",
    "Consent",
    "Dismissal",
    "FollowUpReminder",
    "FormerText",
    "Label",
    "LabelColour",
    "Mention",
    "Place",
    "PromoteRequest",
    "Resolution",
    "Review",
    "Signature",
    "Thread",
    "Visit",
]
