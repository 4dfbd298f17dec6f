"""Sentences about who is asked to review."""

REVIEW_ASKED = "They are asked, and told so."
REVIEW_PICKED_UP = "You have picked up this review."
REVIEW_DECLINED = "You have declined. It counts neither for nor against the request."


def review_handed_over(to: str) -> str:
    """Says to whom a review was handed over."""
    return f"{to} is asked in your place."
