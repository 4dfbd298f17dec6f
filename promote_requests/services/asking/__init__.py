"""Who is asked to review a request, what they answer to that, and who could still meet its rules."""

from promote_requests.services.asking.answering import decline, hand_over, pick_up
from promote_requests.services.asking.asking import ask

__all__ = ["ask", "decline", "hand_over", "pick_up"]
