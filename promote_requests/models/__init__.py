"""The tables of promote requests, reviews and comments.

Only `promote_requests.services` writes these; everything else reads.
"""

from promote_requests.models.answers import Answer
from promote_requests.models.asked import Place
from promote_requests.models.champions import ChampionReview
from promote_requests.models.checks import Check
from promote_requests.models.comments import Comment
from promote_requests.models.glass import AfterReview, BrokenGlass, Consent
from promote_requests.models.requests import FormerText, PromoteRequest
from promote_requests.models.reviews import Dismissal, Review, Signature

__all__ = [
    "AfterReview",
    "Answer",
    "BrokenGlass",
    "ChampionReview",
    "Check",
    "Comment",
    "Consent",
    "Dismissal",
    "FormerText",
    "Place",
    "PromoteRequest",
    "Review",
    "Signature",
]
