"""The reviews and comments of a request, below its row in the admin."""

from django.contrib import admin

from audit.admin.read_only import RecordInline
from audit.admin.times import in_utc
from promote_requests.models import Comment, Review


class ReviewInline(RecordInline):
    """A request's reviews."""

    model = Review
    fk_name = "promote_request"
    people = ("reviewer",)
    fields = readonly_fields = (
        in_utc("created_at"),
        "reviewer",
        "verdict",
        "body",
        "champion_version",
        "evidence_fingerprint",
    )


class CommentInline(RecordInline):
    """A request's comments."""

    model = Comment
    people = ("author",)
    fields = readonly_fields = (in_utc("created_at"), "author", "present_words")

    @admin.display(description="words")
    def present_words(self, comment: Comment) -> str:
        """Returns what it says now; of a deleted one nobody is shown the words."""
        return "(deleted)" if comment.is_deleted else comment.text
