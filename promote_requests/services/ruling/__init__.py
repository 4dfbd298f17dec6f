"""What rules mean for requests: what a rule would touch, and what a reader should know of the rules of a request."""

from promote_requests.services.ruling.answering import AnswerOutcome, answer, readable
from promote_requests.services.ruling.marks import changes_by_the_author, made_impossible
from promote_requests.services.ruling.preview import Touched, touched_by

__all__ = ["AnswerOutcome", "Touched", "answer", "changes_by_the_author", "made_impossible", "readable", "touched_by"]
